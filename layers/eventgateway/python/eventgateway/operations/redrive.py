"""Dead letters queued anew. A letter is forgotten when the queue has confirmed its delivery: some may come twice, none is lost."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eventgateway.core.dead_letter import DeadLetter
from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import RedriveRefused, Unavailable
from eventgateway.core.ports import Clock, DeadLetters, Redrives
from eventgateway.core.redrive import Redrive, RedriveSlice
from eventgateway.core.space import Space
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.spaces import Configuration

log = logging.getLogger(__name__)

NO_SUBSCRIPTION = "there is no subscription with this id"
NO_FUNCTION = "the function of the subscription is not there"
NO_EVENT = "the event is no longer kept"
SLICE_LETTERS = 100
CHUNK_LETTERS = 10  # what one call of SQS takes
CHUNK_SECONDS = 20.0  # a slice whose invocation has less time left ends where it is
REDRIVEN = ""


@dataclass(frozen=True, slots=True)
class Redriver:
    """Queues dead letters anew, to the subscriptions as they are now."""

    spaces: Configuration
    letters: DeadLetters
    outbox: Outbox
    clock: Clock

    def redrive(self, space: str, letters: Sequence[DeadLetter]) -> list[str]:
        """Queue letters of a space and forget them; the answer tells for each why it stays, or REDRIVEN.

        Raises Unavailable: then all are still there, or are safe in the queue.
        """
        fresh = _Fresh(self, self.spaces.current(space), {})
        reasons, deliveries = [], []
        for letter in letters:
            try:
                deliveries.append(fresh.delivery(letter.delivery))
                reasons.append(REDRIVEN)
            except RedriveRefused as error:
                reasons.append(error.message)
        if deliveries:
            self.outbox.queue.send(deliveries)
        for letter, reason in zip(letters, reasons, strict=True):
            if reason == REDRIVEN:
                self.letters.delete(space, letter.key)
        return reasons


@dataclass(frozen=True, slots=True)
class _Fresh:
    """Makes deliveries anew, for a space as it is now; `stored` has the payloads that were put again."""

    redriver: Redriver
    space: Space
    stored: dict[str, str]

    def delivery(self, old: Delivery) -> Delivery:
        """The delivery as if its event was accepted now. Raises RedriveRefused."""
        subscription = self.space.subscriptions.get(old.subscription_id)
        if subscription is None:
            raise RedriveRefused(NO_SUBSCRIPTION)
        if old.function_id not in self.space.functions:
            raise RedriveRefused(NO_FUNCTION)
        fresh = old.anew(self.redriver.clock.time(), subscription.since)
        return replace(fresh, payload=self._put_again(old)) if old.payload else fresh

    def _put_again(self, old: Delivery) -> str:
        """The event's new key, so that its days in the payload store start anew."""
        if old.payload not in self.stored:
            payloads = self.redriver.outbox.payloads
            event = payloads.get(old.payload)
            if event is None:
                raise RedriveRefused(NO_EVENT)
            self.stored[old.payload] = payloads.put(old.space, event)
        return self.stored[old.payload]


@dataclass(frozen=True, slots=True)
class RedriveRunner:
    """Does redrives slice by slice.

    Before a slice's message may be acknowledged, what was done is noted and the message of the next slice is in the queue. A message
    that comes twice finds its slice noted; who notes second gives way.
    """

    redriver: Redriver
    redrives: Redrives

    def run(self, message: RedriveSlice, deadline: Deadline) -> None:
        """Do a slice. Raises Unavailable: then the message must come again."""
        redrive: Redrive | None = self.redrives.get(message.space, message.redrive_id)
        if redrive is None or message.number not in (redrive.slices, redrive.slices - 1):
            return
        if redrive.is_running and message.number == redrive.slices:
            redrive = self._slice(redrive, deadline)
            if not self.redrives.save(redrive):
                return
        if redrive.is_running:  # if the slice was done before, its end may have come before the next message was safe
            self.redriver.outbox.queue.send([redrive.next()])

    def _slice(self, redrive: Redrive, deadline: Deadline) -> Redrive:
        """What the redrive is afterwards."""
        page = self.redriver.letters.page(redrive.space, redrive.wanted, redrive.before, SLICE_LETTERS)
        reasons: Counter[str] = Counter()
        before = redrive.before
        for chunk, below in _chunks(page.letters, page.before):
            if before != redrive.before and deadline.remaining() < CHUNK_SECONDS:
                break
            try:
                reasons.update(self.redriver.redrive(redrive.space, [each for each in chunk if redrive.wants(each)]))
            except Unavailable:
                if before == redrive.before:
                    raise
                log.warning("redrive goes on later", extra={"redrive": redrive.id, "space": redrive.space}, exc_info=True)
                break
            before = below
        redriven = reasons.pop(REDRIVEN, 0)
        return redrive.after(redriven, reasons, before, self.redriver.clock.time())


def _chunks(letters: Sequence[DeadLetter], before: str) -> Iterator[tuple[Sequence[DeadLetter], str]]:
    """Some letters at a time, at least once, and the position below which it goes on; behind the last that is `before`."""
    for start in range(0, max(1, len(letters)), CHUNK_LETTERS):
        chunk = letters[start : start + CHUNK_LETTERS]
        yield chunk, chunk[-1].key if start + CHUNK_LETTERS < len(letters) else before
