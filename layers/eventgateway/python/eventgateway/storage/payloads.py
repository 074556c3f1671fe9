"""Large events in S3, under `<space>/<SHA-256 of the event>`: the same event twice is kept once, and lives anew."""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from eventgateway.aws_session import new_session
from eventgateway.core.erasure import Swept, next_place
from eventgateway.core.errors import Unavailable

JSON_TYPE = "application/json"
GONE = {"NoSuchKey", "404"}
VERSIONS = ("Versions", "DeleteMarkers")
CONFIG = Config(
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
    max_pool_connections=64,
    request_checksum_calculation="when_required",  # TLS protects what is sent, and the key is a digest
    response_checksum_validation="when_required",
)


class S3Payloads:
    """Implements `PayloadStore` and `Remains`. The bucket drops objects 30 days after they were put.

    The client is built when one is needed.
    """

    def __init__(self, bucket: str, client: Any = None) -> None:  # noqa: ANN401 - a generated class
        self._bucket, self._given = bucket, client

    def put(self, space: str, event: bytes) -> str:
        """See `PayloadStore`."""
        key = f"{space}/{_digest(event)}"
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=event, ContentType=JSON_TYPE)
        except (BotoCoreError, ClientError, HTTPError) as error:
            raise _unavailable() from error
        return key

    def get(self, key: str) -> bytes | None:
        """See `PayloadStore`. An object that is not what was put, by its digest, is not the event."""
        try:
            event: bytes = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in GONE:
                return None
            raise _unavailable() from error
        except (BotoCoreError, HTTPError) as error:
            raise _unavailable() from error
        return event if key.endswith(f"/{_digest(event)}") else None

    def sweep(self, spaces: Sequence[str], position: str) -> Swept:
        """See `Remains`. All versions are deleted, whether the bucket keeps any or not; a position is the place of a space."""
        place = int(position or 0)
        if place >= len(spaces):
            return Swept(0)
        try:
            found = self._client.list_object_versions(Bucket=self._bucket, Prefix=f"{spaces[place]}/")
            keys = [{"Key": each["Key"], "VersionId": each["VersionId"]} for name in VERSIONS for each in found.get(name, ())]
            left = self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True}) if keys else {}
        except (BotoCoreError, ClientError, HTTPError) as error:
            raise _unavailable() from error
        if left.get("Errors"):
            raise _unavailable()
        return Swept(len(keys), next_place(spaces, place if found["IsTruncated"] else place + 1))

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - a generated class
        return self._given or new_session().create_client("s3", config=CONFIG)


def _digest(event: bytes) -> str:
    return sha256(event).hexdigest()


def _unavailable() -> Unavailable:
    return Unavailable("The store of large events is not available. Please try again.")
