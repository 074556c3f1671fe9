"""AWS as the checks use it: short time-outs, one retry."""

from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import Session

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 4, 2
CONFIG = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": ATTEMPTS})


class UserAws:
    """With what the user has configured: profile, files and environment."""

    def __init__(self, profile: str | None) -> None:
        self._profile = profile

    @cached_property
    def session(self) -> Session:
        """Raises ProfileNotFound at the first use of its configuration."""
        return Session(profile=self._profile)

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - one of many generated classes
        """A new client."""
        return _client(boto3.Session(botocore_session=self.session), service, region)

    def with_keys(self, keys: dict[str, Any]) -> "KeysAws":
        """The same with the `Credentials` of an AssumeRole."""
        return KeysAws(keys)


class KeysAws:
    """With the keys of a role."""

    def __init__(self, keys: dict[str, Any]) -> None:
        self._session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401
        """A new client."""
        return _client(self._session, service, region)

    def with_keys(self, keys: dict[str, Any]) -> "KeysAws":
        """The same with other keys."""
        return KeysAws(keys)


def _client(session: boto3.Session, service: str, region: str) -> Any:  # noqa: ANN401
    return session.client(service, region_name=region, config=CONFIG)  # type: ignore[call-overload] # stubs name each
