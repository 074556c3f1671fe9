"""The operator key in AWS Secrets Manager: the secret's text is the key."""

import logging
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from eventgateway.aws_session import new_session
from eventgateway.core.bearer import is_key
from eventgateway.operations.admission import unreadable

log = logging.getLogger(__name__)


class SecretsManagerKey:
    """Implements `KeySource`. The client is built when it is needed; it needs `secretsmanager:GetSecretValue` on the secret."""

    def __init__(self, secret: str) -> None:
        """`secret` is a name or an ARN."""
        self._secret = secret

    def read(self) -> str:
        """See `KeySource`. Blanks and line breaks around the key do not belong to it."""
        try:
            text = str(self._client.get_secret_value(SecretId=self._secret).get("SecretString") or "").strip()
        except (BotoCoreError, ClientError) as error:
            _log(error)
            raise unreadable() from error
        if not is_key(text):
            log.warning("the secret holds no key", extra={"secret": self._secret})
            raise unreadable()
        return text

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - a generated class
        config = Config(connect_timeout=1, read_timeout=1, retries={"total_max_attempts": 2, "mode": "standard"})
        return new_session().create_client("secretsmanager", config=config)


def _log(error: Exception) -> None:
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
    log.warning("Secrets Manager does not tell the operator key", extra={"error": code or type(error).__name__})
