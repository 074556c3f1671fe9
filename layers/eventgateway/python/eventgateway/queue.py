"""Async deliveries in SQS: confirmed in batches of at most ten messages and 1 MiB together."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from eventgateway.aws import SDK_ERRORS
from eventgateway.aws_session import new_session
from eventgateway.core.delivery import MESSAGE_LIMIT
from eventgateway.core.errors import PayloadTooLarge, Unavailable
from eventgateway.core.message import Message

BATCH_MESSAGES = 10  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
LONGEST_DELAY = 900  # seconds
LONGEST_POSTPONEMENT = 11 * 3600  # seconds; SQS ends at 12 hours, counted from when the message was received
GROUP_LIMIT = 128  # characters
ROUNDS = 3
FAILURES = (ClientError, *SDK_ERRORS)

Entry = dict[str, Any]


class SqsQueue:
    """Implements `DeliveryQueue`. Every message carries its space as message group, so that SQS treats spaces fairly."""

    def __init__(self, url: str, client: Any = None) -> None:  # noqa: ANN401 - a generated class
        self._url, self._client = url, client or _client()

    def send(self, messages: Sequence[Message]) -> None:
        """See `DeliveryQueue`."""
        for batch in batches([_entry(each) for each in messages]):
            self._confirm(batch)

    def send_later(self, message: Message, seconds: float) -> None:
        """See `DeliveryQueue`. SQS delays 15 minutes at most; the worker sends earlier ones back."""
        self._confirm([_entry(message) | {"DelaySeconds": min(LONGEST_DELAY, max(0, ceil(seconds)))}])

    def backlog(self) -> int:
        """See `DeliveryQueue`."""
        name = "ApproximateNumberOfMessages"
        try:
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        except FAILURES as error:
            raise _unavailable() from error
        return int(answer["Attributes"][name])

    def postpone(self, receipt_handle: str, seconds: float) -> None:
        """Let a received message be received again after some time (at most 11 hours)."""
        timeout = min(LONGEST_POSTPONEMENT, max(0, ceil(seconds)))
        try:
            self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=timeout)
        except FAILURES as error:
            raise _unavailable() from error

    def _confirm(self, entries: Sequence[Entry]) -> None:
        """Send until SQS has confirmed every entry: a bounded number of times, each with the retries of the SDK."""
        left = {entry["Id"]: entry for entry in _numbered(entries)}
        for _ in range(ROUNDS):
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=list(left.values()))
            except FAILURES as error:
                raise _unavailable() from error
            for done in answer.get("Successful", ()):
                left.pop(done["Id"], None)
            if not left:
                return
        raise _unavailable()


def batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Entries in as few batches as keep both limits of SQS. Raises PayloadTooLarge before any is sent, if one fits in none."""
    batch: list[Entry] = []
    size, full = 0, []
    for entry in entries:
        length = _size(entry)
        if length > MESSAGE_LIMIT:
            raise PayloadTooLarge(f"The event is too large to be queued: {length} bytes, the limit is {MESSAGE_LIMIT}.")
        if len(batch) == BATCH_MESSAGES or size + length > MESSAGE_LIMIT:
            full.append(batch)
            batch, size = [], 0
        batch.append(entry)
        size += length
    return iter([*full, batch] if batch else full)


def _numbered(entries: Sequence[Entry]) -> Iterator[Entry]:
    return (entry | {"Id": str(number)} for number, entry in enumerate(entries))


def _entry(message: Message) -> Entry:
    return {"MessageBody": message.message(), "MessageGroupId": message.space[:GROUP_LIMIT]}


def _size(entry: Entry) -> int:
    return len(entry["MessageBody"].encode())


def _unavailable() -> Unavailable:
    return Unavailable("The delivery queue is not available. Please try again.")


def _client() -> Any:  # noqa: ANN401 - a generated class
    config = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 3, "mode": "standard"}, max_pool_connections=64)
    return new_session().create_client("sqs", config=config)
