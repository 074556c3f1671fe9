"""Lists of the Config API, whole or in pages: what one answer may hold, and cursors that survive changes in between."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest
from itertools import accumulate
from urllib.parse import parse_qs

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import dumps, raw
from eventgateway.core.limits import CURSOR
from eventgateway.core.resource import Kind, Resource

PAGE_LIMIT = 1000  # resources
ANSWER_LIMIT = 5_000_000  # bytes of JSON
TRANSPORT = 5 / 6  # Lambda hands an answer over as a JSON string, where quotes and backslashes count twice: that may have 6 MB
POSITION_LENGTH = 512  # characters of an id; a cursor must fit into a URL
NUMBER = re.compile(r"[1-9][0-9]{0,3}")

WRONG_LIMIT = f"The parameter 'limit' must be one whole number from 1 to {PAGE_LIMIT}."
WRONG_CURSOR = "The parameter 'cursor' must be the unchanged 'cursor' of an answer to the same list."
TOO_LARGE = f"The list has more than {ANSWER_LIMIT} bytes. Please read it in pages, with the parameters 'limit' and 'cursor'."


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, ordered by id: at most `limit` resources behind the position `after`."""

    limit: int
    after: str


def read_page(kind: Kind, query: str, usual: int = PAGE_LIMIT) -> Page | None:
    """The page that a query string asks for, `usual` is its limit if none is given; None if it wants all. Raises InvalidRequest."""
    values = parse_qs(query, keep_blank_values=True)
    limit, cursor = values.get("limit"), values.get("cursor")
    if limit is None and cursor is None:
        return None
    return Page(_read_limit(limit) if limit else usual, _read_cursor(kind, cursor) if cursor else "")


def whole(kind: Kind, resources: Iterable[Resource]) -> object:
    """The answer with all resources, for `dumps`. Raises InvalidRequest if they are too many for one."""
    pieces, size = list[object](), 0.0
    for each in resources:
        piece = dumps(each.shown())
        size += answer_size(piece)
        if size > ANSWER_LIMIT:  # as early as that is known: there may be very many
            raise InvalidRequest(TOO_LARGE)
        pieces.append(raw(piece))
    return {kind.list_key: pieces}


def part(kind: Kind, resources: Iterable[Resource], page: Page) -> object:
    """The answer with one page, for `dumps`; with a `cursor` only if there is more. Large resources make it shorter, never empty."""
    behind = (each for each in resources if position(each.id) > page.after)
    found = nsmallest(page.limit + 1, behind, key=lambda each: position(each.id))
    pieces = [dumps(each.shown()) for each in found[: page.limit]]
    pieces = pieces[: max(1, fitting(pieces))]
    more = {"cursor": write_cursor(kind, position(found[len(pieces) - 1].id))} if len(found) > len(pieces) else {}
    return {kind.list_key: [raw(piece) for piece in pieces], **more}


def position(identifier: str) -> str:
    """Where an id stands in the order of pages. A long one counts by its beginning and a digest."""
    head = identifier[:POSITION_LENGTH]
    return head if head == identifier else head + sha256(identifier.encode()).hexdigest()


def fitting(pieces: Sequence[bytes]) -> int:
    """How many of the first pieces fit into one answer."""
    return sum(size <= ANSWER_LIMIT for size in accumulate(map(answer_size, pieces)))


def answer_size(piece: bytes) -> float:
    """What a piece of JSON takes of ANSWER_LIMIT."""
    escapes = piece.count(b'"') + piece.count(b"\\")
    return max(len(piece) + 1, TRANSPORT * (len(piece) + escapes + 1))


def _read_limit(values: Sequence[str]) -> int:
    if len(values) != 1 or not NUMBER.fullmatch(values[0]) or int(values[0]) > PAGE_LIMIT:
        raise InvalidRequest(WRONG_LIMIT)
    return int(values[0])


def write_cursor(kind: Kind, after: str) -> str:
    """How clients name a position, and that of a kind only."""
    return urlsafe_b64encode(f"{kind.tag} {after}".encode()).rstrip(b"=").decode()


def _read_cursor(kind: Kind, values: Sequence[str]) -> str:
    """The position in a cursor, only in the very form that we give out."""
    text = values[0][:CURSOR]
    try:
        after = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(" ")[2]
    except ValueError:
        after = ""
    if values != [text] or not after or write_cursor(kind, after) != text:
        raise InvalidRequest(WRONG_CURSOR)
    return after
