"""The messages of a queue, found by receipt handle and by the time they may be received: nothing is searched for."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count, islice

from moto.core.utils import unix_time_millis
from moto.sqs.models import Message


class WaitingMessages:
    """Each message is ready, delayed or invisible; `place` says anew where one belongs, after its times have changed.

    One that is not ready has a ticket in a heap of due times. Another place makes the ticket void, which is noticed when it is due.
    """

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._handles: dict[str, Message] = {}
        self._ready: dict[str, Message] = {}
        self._delayed: dict[str, int] = {}  # ticket by message id, as in the next
        self._invisible: dict[str, int] = {}
        self._due: list[tuple[float, int, str]] = []  # epoch milliseconds, ticket, message id
        self._tickets = count()

    def __iter__(self) -> Iterator[Message]:
        """All, in the order they came in."""
        return iter(list(self._messages.values()))

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many are ready, delayed, invisible."""
        self._settle()
        return len(self._ready), len(self._delayed), len(self._invisible)

    def ready(self, limit: int | None = None) -> list[Message]:
        """Those that may be received now, the longest ready first."""
        self._settle()
        return list(islice(self._ready.values(), limit))

    def of_handle(self, receipt_handle: str) -> Message | None:
        """The message that was received with a handle, even if it was received again since."""
        return self._handles.get(receipt_handle)

    def place(self, message: Message) -> None:
        """Put a message, which may be new, where its times want it."""
        self._take_away(message)
        self._messages[message.id] = message
        if message.receipt_handle:
            self._handles[message.receipt_handle] = message
        now = unix_time_millis()
        if message.visible_at >= now:
            self._wait(self._invisible, message, message.visible_at)
        elif message.delayed_until > now:
            self._wait(self._delayed, message, message.delayed_until)
        else:
            self._ready[message.id] = message

    def remove(self, message: Message) -> None:
        """Forget a message and its handles."""
        self._take_away(message)
        del self._messages[message.id]
        for handle in filter(None, message.all_receipt_handles):
            self._handles.pop(handle, None)

    def _wait(self, tickets: dict[str, int], message: Message, due: float) -> None:
        ticket = tickets[message.id] = next(self._tickets)
        heappush(self._due, (due, ticket, message.id))

    def _settle(self) -> None:
        """Place those whose time has come."""
        now = unix_time_millis()
        while self._due and self._due[0][0] < now:
            _, ticket, message_id = heappop(self._due)
            if ticket in {self._invisible.get(message_id), self._delayed.get(message_id)}:
                self.place(self._messages[message_id])

    def _take_away(self, message: Message) -> None:
        self._ready.pop(message.id, None)
        self._delayed.pop(message.id, None)
        self._invisible.pop(message.id, None)
