"""The secrets of functions under a KMS key. Space and function are the encryption context, so a ciphertext is of no use elsewhere."""

import logging
from base64 import b64decode, b64encode
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from eventgateway.aws_session import new_session
from eventgateway.operations.secrets import unreadable, unwritable

log = logging.getLogger(__name__)


class KmsVault:
    """Implements `Vault`. The client is built when it is needed: many gateways have no secrets."""

    def __init__(self, key: str) -> None:
        self._key = key

    def seal(self, space: str, function: str, text: str) -> str:
        """See `Vault`."""
        try:
            answer = self._client.encrypt(KeyId=self._key, Plaintext=text.encode(), EncryptionContext=_context(space, function))
        except (BotoCoreError, ClientError) as error:
            _log(error, space, function)
            raise unwritable() from error
        return b64encode(answer["CiphertextBlob"]).decode()

    def open(self, space: str, function: str, sealed: str) -> str:
        """See `Vault`. The key is named by the ciphertext: one that took the place of another leaves the older ciphertexts readable."""
        try:
            answer = self._client.decrypt(CiphertextBlob=b64decode(sealed), EncryptionContext=_context(space, function))
            text: str = answer["Plaintext"].decode()
        except (BotoCoreError, ClientError, ValueError) as error:
            _log(error, space, function)
            raise unreadable() from error
        return text

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - a generated class
        config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=64)
        return new_session().create_client("kms", config=config)


def _context(space: str, function: str) -> dict[str, str]:
    return {"space": space, "function": function}


def _log(error: Exception, space: str, function: str) -> None:
    """For the operator: who calls the function does not learn the reason."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    log.error("secrets cannot be sealed or opened", extra={"space": space, "functionId": function, "error": code or type(error).__name__})
