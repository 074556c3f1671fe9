"""Dead letters for the tests of their stores, and walks through their pages."""

from eventgateway.core.dead_letter import DeadLetter, LetterFilter, position
from eventgateway.core.instant import LAST
from tests.contract.samples import NOON, delivery

ALL = LetterFilter()
END = position(LAST)
DAY = 86400


def dead(space, accepted_at=NOON, died_at=NOON, reason="x", **fields):
    return DeadLetter(delivery(space=space, accepted_at=accepted_at, **fields), reason, died_at)


def pages(letters, space, wanted=ALL, limit=100):
    """All pages, by their positions."""
    found, before = [], END
    while before:
        page = letters.page(space, wanted, before, limit)
        assert page.before < before
        found, before = [*found, list(page.letters)], page.before
    return found


def every(letters, space, wanted=ALL, limit=100):
    return [letter for page in pages(letters, space, wanted, limit) for letter in page]
