"""Queues for moto's SQS that are as quick with ten thousand messages as with one."""

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from random import getrandbits
from typing import Any
from unittest.mock import patch

import moto.sqs.models
from moto.core.utils import camelcase_to_underscores, unix_time
from moto.sqs.exceptions import ReceiptHandleIsInvalid
from moto.sqs.models import Message, Queue, SQSBackend

from local.waiting import WaitingMessages

REMEMBERED_HANDLES = 10_000


class SteadyQueue(Queue):
    """A standard queue that keeps its messages by receipt handle and due time.

    moto's looks at all waiting messages, and at the clock for each, three times for a message it sends and thirty times for a
    receive of ten: 20 ms and 600 ms with 1,000 messages.
    """

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as moto's
        super().__init__(*args, **options)
        self.waiting = WaitingMessages()

    @property
    def messages(self) -> list[Message]:
        """Those that may be received now."""
        return self.waiting.ready()

    @property
    def approximate_number_of_messages(self) -> int:
        """Of those."""
        return self.waiting.counts[0]

    @property
    def approximate_number_of_messages_delayed(self) -> int:
        """Sent with a delay that is not over."""
        return self.waiting.counts[1]

    @property
    def approximate_number_of_messages_not_visible(self) -> int:
        """Received and neither deleted nor visible again."""
        return self.waiting.counts[2]

    def add_message(self, message: Message) -> None:
        """Take a message in."""
        self.waiting.place(message)

    def receive(self, limit: int, _wait: int, visibility_seconds: int, attributes: list[str] | None = None) -> list[Message]:
        """Up to `limit` messages, as copies that have the named attributes; they are invisible then. Poison and what is too old goes."""
        taken = []
        for message in self.waiting.ready(limit):
            if self.dead_letter_queue is not None and self._is_poison(message):
                self.waiting.remove(message)
                self.dead_letter_queue.add_message(message)
            elif self._is_too_old(message):
                self.waiting.remove(message)
            else:
                message.mark_received(visibility_timeout=visibility_seconds)
                self.waiting.place(message)
                taken.append(copy.copy(message))
        for message in taken:
            moto.sqs.models._filter_message_attributes(message, attributes or [])  # noqa: SLF001 - there is no public one
        return taken

    def change_visibility(self, receipt_handle: str, visibility_timeout: int) -> None:
        """Let a message be received again after so many seconds from now. Raises ReceiptHandleIsInvalid."""
        message = self.waiting.of_handle(receipt_handle)
        if message is None:
            raise ReceiptHandleIsInvalid
        message.change_visibility(visibility_timeout)
        self.waiting.place(message)

    def delete_message(self, receipt_handle: str) -> None:
        """Delete by any receipt handle of the message; once more does no harm. Raises ReceiptHandleIsInvalid."""
        message = self.waiting.of_handle(receipt_handle)
        if message is not None:
            self.waiting.remove(message)
            self._remember(message)
        elif receipt_handle not in self.deleted_messages:
            raise ReceiptHandleIsInvalid

    def purge(self) -> None:
        """Forget all messages."""
        self.waiting = WaitingMessages()

    def put_back(self, message_id: str, parameters: dict[str, Any], sent: float, due: float) -> None:
        """Add a message that was sent before, by its SendMessage parameters; `sent` and `due` are epoch seconds."""
        message = Message(message_id, parameters["MessageBody"], parameters.get("MessageSystemAttributes"))
        message.message_attributes = parameters.get("MessageAttributes") or {}
        message.group_id = parameters.get("MessageGroupId")
        message.sent_timestamp = int(sent * 1000)  # type: ignore[assignment]
        message.delayed_until = due * 1000
        self.add_message(message)

    def _is_poison(self, message: Message) -> bool:
        limit: int = self.redrive_policy["maxReceiveCount"]  # type: ignore[index]
        return message.approximate_receive_count >= limit

    def _is_too_old(self, message: Message) -> bool:
        retention: int = self.message_retention_period  # type: ignore[attr-defined]
        return bool(retention + (message.sent_timestamp or 0) / 1000 <= unix_time())

    def _remember(self, deleted: Message) -> None:
        if len(self.deleted_messages) > REMEMBERED_HANDLES:
            self.deleted_messages.clear()
        self.deleted_messages.update(handle for handle in deleted.all_receipt_handles if handle)


class AnyQueue(Queue):
    """What moto makes of a name: FIFO queues stay its own."""

    def __new__(cls, name: str, *args: Any, **options: Any) -> Queue:  # type: ignore[misc]  # noqa: ANN401, D102
        kind: type[Any] = Queue if name.endswith(".fifo") else SteadyQueue
        return kind(name, *args, **options)  # type: ignore[no-any-return]


@contextmanager
def steady_queues() -> Iterator[None]:
    """Let moto create such queues and leave to them what it does to the messages of a queue itself.

    Names of attributes are translated once, not for each message, and a receipt handle is one random number instead of 185.
    """
    changes = {"Queue": AnyQueue, "camelcase_to_underscores": cache(camelcase_to_underscores), "generate_receipt_handle": _receipt_handle}
    with ExitStack() as stack:
        for name, change in changes.items():
            stack.enter_context(patch.object(moto.sqs.models, name, change))
        for operation, own in OPERATIONS.items():
            stack.enter_context(patch.object(SQSBackend, operation, _left_to_queue(getattr(SQSBackend, operation), own)))
        yield


OPERATIONS: dict[str, Callable[..., Any]] = {
    "receive_message": SteadyQueue.receive,
    "change_message_visibility": SteadyQueue.change_visibility,
    "purge_queue": SteadyQueue.purge,
}


def _receipt_handle() -> str:
    return f"{getrandbits(256):064x}"


def _left_to_queue(theirs: Callable[..., Any], own: Callable[..., Any]) -> Callable[..., Any]:
    """An operation of the backend, whose first argument is the name of a queue, as an operation of the queue."""

    def operation(backend: SQSBackend, queue_name: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        queue = backend.get_queue(queue_name)
        return own(queue, *args, **options) if isinstance(queue, SteadyQueue) else theirs(backend, queue_name, *args, **options)

    return operation
