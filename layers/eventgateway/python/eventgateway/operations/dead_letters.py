"""What clients do with dead letters: look at them, forget them, have them queued anew."""

from dataclasses import dataclass

from eventgateway.core import dead_letter, redrive
from eventgateway.core.dead_letter import DeadLetter, LetterFilter, LetterPage, read_id
from eventgateway.core.document import Failures, is_name
from eventgateway.core.errors import NotFound, RedriveRefused, Unavailable
from eventgateway.core.ports import Redrives
from eventgateway.core.redrive import Redrive
from eventgateway.core.subscription import Subscription
from eventgateway.operations.redrive import REDRIVEN, Redriver

MOST_RUNNING = 10  # redrives of a space
LOOKED_AT = 100  # of its latest redrives, to see which of them run
STALLED_SECONDS = 86400  # one that has not changed for so long does not count


@dataclass(frozen=True, slots=True)
class DeadLetterOffice:
    """All of a space's dead letters. Names that no space can have are kept out: such a one might look like a key of the storage."""

    redriver: Redriver
    redrives: Redrives

    def page(self, space: str, wanted: LetterFilter, before: str, limit: int) -> LetterPage:
        """At most `limit` letters, see `DeadLetters.page`; its position is empty if these are the last."""
        if not is_name(space):
            return LetterPage((), "")
        page = self.redriver.letters.page(space, wanted, before, limit + 1)
        return page if len(page.letters) <= limit else LetterPage(page.letters[:limit], page.letters[limit - 1].key)

    def get(self, space: str, identifier: str) -> DeadLetter:
        """One letter. Raises NotFound."""
        key = read_id(identifier) if is_name(space) else None
        letter = self.redriver.letters.get(space, key) if key else None
        if letter is None:
            raise _not_found(identifier)
        return letter

    def event(self, letter: DeadLetter) -> bytes | None:
        """The event of a letter, None if it lay in the payload store and is gone. Raises Unavailable."""
        delivery = letter.delivery
        return self.redriver.outbox.payloads.get(delivery.payload) if delivery.payload else delivery.event

    def subscription(self, letter: DeadLetter) -> Subscription | None:
        """The subscription with the letter's id as it is now, None if there is none. Raises Unavailable."""
        return self.redriver.spaces.current(letter.delivery.space).subscriptions.get(letter.delivery.subscription_id)

    def delete(self, space: str, identifier: str) -> None:
        """Forget a letter. Raises NotFound."""
        key = read_id(identifier) if is_name(space) else None
        if not key or not self.redriver.letters.delete(space, key):
            raise _not_found(identifier)

    def redrive(self, space: str, identifier: str) -> DeadLetter:
        """Queue a letter anew; the answer is the letter that was. Raises NotFound, RedriveRefused."""
        letter = self.get(space, identifier)
        [reason] = self.redriver.redrive(space, [letter])
        if reason != REDRIVEN:
            raise RedriveRefused(f"{dead_letter.KIND.label} cannot be redriven: {reason}.")
        return letter

    def start(self, space: str, wanted: LetterFilter) -> Redrive:
        """Begin a redrive of all that match. Raises InvalidRequest, and RedriveRefused if many are running."""
        failures = Failures(redrive.RESOURCE.label)
        failures.check_space(space)
        failures.raise_if_any()
        clock, now = self.redriver.clock, self.redriver.clock.time()
        latest = self.redrives.latest(space, LOOKED_AT)
        if sum(each.is_running and now - each.changed_at < STALLED_SECONDS for each in latest) >= MOST_RUNNING:
            raise RedriveRefused(f"{MOST_RUNNING} redrives of the space are running. Please wait until one is done.")
        started = Redrive.start(space, clock.stamp().id, wanted, now)
        self.redrives.save(started)
        try:
            self.redriver.outbox.queue.send([started.next()])
        except Unavailable:
            self.redrives.delete(started)
            raise
        return started

    def progress(self, space: str, identifier: str) -> Redrive:
        """One redrive as far as it is. Raises NotFound."""
        found = self.redrives.get(space, identifier) if is_name(space) and redrive.ID.fullmatch(identifier) else None
        if found is None:
            raise redrive.RESOURCE.not_found(identifier)
        return found


def _not_found(identifier: str) -> NotFound:
    return dead_letter.KIND.not_found(identifier)
