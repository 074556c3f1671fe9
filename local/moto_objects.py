"""Objects of a bucket of moto's S3: which ones a call touched, what is in them, and how they come back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from unittest.mock import patch
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from xml.etree.ElementTree import fromstring

from moto.s3.models import FakeKey, S3Backend

from local.changes import StoredObject
from local.wire import Answer, Call

WRITES = {"PUT", "POST", "DELETE"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of a backend."""

    backend: S3Backend
    name: str

    def read(self, key: str) -> bytes | None:
        """The content of an object, None if there is no such object."""
        found = self.backend.get_object(self.name, key)
        return None if found is None else found.value

    def put_back(self, kept: StoredObject) -> None:
        """Add an object that was written before."""
        self.backend.put_object(self.name, kept.key, kept.body).last_modified = datetime.fromtimestamp(kept.written, UTC).replace(
            tzinfo=None
        )


@contextmanager
def light_listings() -> Iterator[None]:
    """Let moto list versions of objects without what is in them: it copies the whole bucket each time, and closes no copy."""
    with patch.object(FakeKey, "__deepcopy__", _without_content, create=True):
        yield


def _without_content(key: FakeKey, _: object) -> FakeKey:
    """What listings need of an object: its digest is known once it was asked for."""
    bare: FakeKey = object.__new__(FakeKey)
    vars(bare).update(vars(key), _etag=key.etag.strip('"'), _value_buffer=BytesIO(), multipart=None, disposed=True)
    return bare


def touched_objects(call: Call, answer: Answer, bucket: str) -> Iterator[str]:
    """The keys of all objects of a bucket that a call which succeeded may have written or deleted.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    url = urlsplit(call.url)
    path = _path(url, bucket)
    if path is None or call.method not in WRITES:
        return
    if path:
        yield unquote(path)
    elif "delete" in parse_qs(url.query, keep_blank_values=True):
        yield from (each.text or "" for each in fromstring(answer.body).iterfind(".//{*}Deleted/{*}Key"))  # noqa: S314 - moto's answer


def _path(url: SplitResult, bucket: str) -> str | None:
    """The path behind the bucket, None if the URL is of something else."""
    path = url.path.removeprefix("/")
    if url.netloc.startswith(f"{bucket}.s3"):
        return path
    first, _, rest = path.partition("/")
    return rest if url.netloc.startswith("s3") and first == bucket else None
