"""Queues for moto's SQS that stay quick with thousands of waiting messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any
from unittest.mock import patch

import moto.sqs.models
from moto.core.utils import unix_time, unix_time_millis
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend

REMEMBERED_HANDLES = 10_000


class SteadyQueue(Queue):
    """A queue that looks at the clock once for each scan, and only scans where it must.

    moto's asks for the time twice for each waiting message, counts all of them three times for each message it sends, and thirty
    times for a receive of ten: 20 ms and 600 ms with 1,000 messages.
    """

    @property
    def messages(self) -> list[Message]:
        """Those that may be received now."""
        now = unix_time_millis()
        return [each for each in self._messages if each.visible_at < now and each.delayed_until <= now]

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        """Sent with a delay that is not over."""
        now = unix_time_millis()
        return sum(each.delayed_until > now for each in self._messages)

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        """Received and neither deleted nor visible again."""
        now = unix_time_millis()
        return sum(each.visible_at >= now for each in self._messages)

    def delete_message(self, receipt_handle: str) -> None:
        """Delete by any receipt handle of the message; once more does no harm. Raises ReceiptHandleIsInvalid."""
        candidates = chain(self._pending_messages, self._messages)
        message = next((each for each in candidates if each.had_receipt_handle(receipt_handle)), None)
        if message is not None:
            self._messages.remove(message)
            self._pending_messages.discard(message)
            self._remember(message)
        elif receipt_handle not in self.deleted_messages:
            raise ReceiptHandleIsInvalid

    def put_back(self, message_id: str, parameters: dict[str, Any], sent: float, due: float) -> None:
        """Add a message that was sent before, by its SendMessage parameters; `sent` and `due` are epoch seconds."""
        message = Message(message_id, parameters["MessageBody"], parameters.get("MessageSystemAttributes"))
        message.message_attributes = parameters.get("MessageAttributes") or {}
        message.group_id = parameters.get("MessageGroupId")
        message.sent_timestamp = int(sent * 1000)  # type: ignore[assignment]
        message.delayed_until = due * 1000
        self.add_message(message)

    def _remember(self, deleted: Message) -> None:
        if len(self.deleted_messages) > REMEMBERED_HANDLES:
            self.deleted_messages.clear()
        self.deleted_messages.update(handle for handle in deleted.all_receipt_handles if handle)


def is_retained(backend: SQSBackend, queue_name: str, message: Message) -> bool:
    """Whether a message is younger than its queue's retention period."""
    retention: int = backend.get_queue(queue_name).message_retention_period  # type: ignore[attr-defined]
    return bool(retention + (message.sent_timestamp or 0) / 1000 > unix_time())


@contextmanager
def steady_queues() -> Iterator[None]:
    """Let moto create such queues."""
    retained = patch.object(SQSBackend, "is_message_valid_based_on_retention_period", is_retained)
    with patch.object(moto.sqs.models, "Queue", SteadyQueue), retained:
        yield
