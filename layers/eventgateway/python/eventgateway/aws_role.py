"""Roles that functions are called in: STS gives temporary keys for them, and botocore renews these before they expire."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any

from botocore.credentials import DeferredRefreshableCredentials

from eventgateway.core.errors import FunctionAccessDenied, FunctionUnreachable, ProviderError
from eventgateway.core.provider import Credentials

SESSION_NAME = "event-gateway"
STS_SECONDS = 2.0
ROLE_LIMIT = 256
NO_KEYS = "the role cannot be assumed: STS answered no keys"

CallAws = Callable[..., Any]  # as `Outbound.aws`
Key = tuple[str, Credentials]  # region, whose keys and which role


class Roles:
    """Thread-safe, at most ROLE_LIMIT roles, the least recently used is dropped. `call_aws` calls STS."""

    def __init__(self, call_aws: CallAws) -> None:
        self._call_aws = call_aws
        self._roles: OrderedDict[Key, DeferredRefreshableCredentials] = OrderedDict()
        self._lock = Lock()

    def keys(self, region: str, credentials: Credentials) -> Credentials:
        """Valid keys of the role; they are asked for again from 15 minutes before they expire. Raises a ProviderError."""
        try:
            keys = self._role((region, credentials)).get_frozen_credentials()
        except RuntimeError as error:  # of botocore
            raise FunctionUnreachable("the keys of the role are expired") from error
        found = Credentials(keys.access_key or "", keys.secret_key or "", keys.token or "")
        if not found.have_keys:  # without any, the gateway's own role would call
            raise FunctionUnreachable(NO_KEYS)
        return found

    def close(self) -> None:
        """Forget all keys."""
        with self._lock:
            self._roles.clear()

    def _role(self, key: Key) -> DeferredRefreshableCredentials:
        with self._lock:
            role = self._roles.pop(key, None) or DeferredRefreshableCredentials(lambda: self._assume(*key), "assume-role")
            self._roles[key] = role
            if len(self._roles) > ROLE_LIMIT:
                self._roles.popitem(last=False)
            return role

    def _assume(self, region: str, credentials: Credentials) -> dict[str, str]:
        """New keys as botocore takes them, which logs what is raised here: so the SDK's own error, which may quote keys, is left behind."""
        own = replace(credentials, role_arn="", external_id="")
        wanted = {"RoleArn": credentials.role_arn, "RoleSessionName": SESSION_NAME, "ExternalId": credentials.external_id}
        try:
            keys = self._call_aws("sts", "assume_role", region, own, STS_SECONDS, **wanted)["Credentials"]
            return {
                "access_key": keys["AccessKeyId"],
                "secret_key": keys["SecretAccessKey"],
                "token": keys["SessionToken"],
                "expiry_time": keys["Expiration"].isoformat(),
            }
        except KeyError:
            raise FunctionUnreachable(NO_KEYS) from None
        except FunctionAccessDenied as error:
            raise FunctionAccessDenied(f"the role cannot be assumed: {error.message}", error.code) from None
        except ProviderError as error:
            raise type(error)(f"the role cannot be assumed: {error.message}") from None
