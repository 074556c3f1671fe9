"""The dead letters of a space, as a part of the Config API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs

from eventgateway.core.dead_letter import KIND, LetterFilter, is_position, position
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.instant import LAST
from eventgateway.core.json import JsonValue, dumps, raw
from eventgateway.core.result import Result
from eventgateway.operations.dead_letters import DeadLetterOffice
from eventgateway.web.errors import no_route, not_allowed
from eventgateway.web.paging import ANSWER_LIMIT, WRONG_CURSOR, Page, answer_size, fitting, read_page, write_cursor
from eventgateway.web.payload import json_result

USUAL_LIMIT = 100  # letters of a page
FILTERS = ("subscription", "type", "acceptedAfter", "acceptedBefore")
PAGING = ("limit", "cursor")
OPERATIONS = {"GET": "get", "POST": "redrive", "DELETE": "delete"}  # what metrics call them, but for lists
HEAVIEST = ANSWER_LIMIT // 2  # bytes of an event; the rest of the answer is for what is told about it
SHOWN, GONE, TOO_LARGE = "shown", "gone", "tooLarge"  # where the event of a letter is

FILTERS_IN_BODY = "The filters of a redrive are parameters of the URL. Please send no body."

Answers = Mapping[str, Callable[[], Result]]


@dataclass(frozen=True, slots=True)
class DeadLettersApi:
    """Its routes, behind /v1/spaces/<space>/deadletters."""

    office: DeadLetterOffice

    def answer(self, space: str, path: str, request: HttpRequest) -> Result:
        """Answer a request; `path` is what follows, without a slash. Raises a GatewayError."""
        answers = self._answers(space, path, request)
        if not answers:
            return no_route()
        return answers[request.method]() if request.method in answers else not_allowed(*answers)

    def _answers(self, space: str, path: str, request: HttpRequest) -> Answers:
        """How to answer each method that a path has."""
        match path.split("/"):
            case [""]:
                return {"GET": partial(self._list, space, request)}
            case ["redrive"]:
                return {"POST": partial(self._start, space, request)}
            case ["redrives", identifier] if identifier:
                return {"GET": partial(self._progress, space, identifier)}
            case [identifier, "redrive"] if identifier:
                return {"POST": partial(self._redrive, space, identifier)}
            case [identifier] if identifier:
                return {"GET": partial(self._show, space, identifier), "DELETE": partial(self._delete, space, identifier)}
        return {}

    def _list(self, space: str, request: HttpRequest) -> Result:
        wanted = read_filter(request.query, *PAGING)
        page = read_page(KIND, request.query, USUAL_LIMIT) or Page(USUAL_LIMIT, "")
        if page.after and not is_position(page.after):
            raise InvalidRequest(WRONG_CURSOR)
        found = self.office.page(space, wanted, page.after or position(LAST), page.limit)
        pieces = [dumps(each.summary()) for each in found.letters]
        shown = max(1, fitting(pieces))
        before = found.before if shown >= len(pieces) else found.letters[shown - 1].key
        more = {"cursor": write_cursor(KIND, before)} if before else {}
        return json_result(200, {KIND.list_key: [raw(piece) for piece in pieces[:shown]], **more})

    def _show(self, space: str, identifier: str) -> Result:
        letter = self.office.get(space, identifier)
        event, subscription = self.office.event(letter), self.office.subscription(letter)
        state = GONE if event is None else SHOWN if answer_size(event) <= HEAVIEST else TOO_LARGE
        document = letter.document() | {"subscription": subscription.shown() if subscription else None, "eventState": state}
        return json_result(200, {**document, "event": raw(event) if event and state == SHOWN else None})

    def _delete(self, space: str, identifier: str) -> Result:
        self.office.delete(space, identifier)
        return Result(204)

    def _redrive(self, space: str, identifier: str) -> Result:
        return json_result(202, self.office.redrive(space, identifier).summary())

    def _start(self, space: str, request: HttpRequest) -> Result:
        if request.body:
            raise InvalidRequest(FILTERS_IN_BODY)
        started = self.office.start(space, read_filter(request.query))
        return json_result(202, started.shown()).behind({"location": f"/v1/spaces/{space}/{KIND.path}/redrives/{started.id}"})

    def _progress(self, space: str, identifier: str) -> Result:
        return json_result(200, self.office.progress(space, identifier).shown())


def read_filter(query: str, *others: str) -> LetterFilter:
    """The filter of a query string, in which `others` may be, too. Raises InvalidRequest: what is overlooked would be redriven."""
    values = parse_qs(query, keep_blank_values=True)
    if unknown := sorted(values.keys() - {*FILTERS, *others}):
        raise InvalidRequest(f"There is no parameter {unknown[0]!r} here. Use {', '.join((*FILTERS, *others))}.")
    given: dict[str, JsonValue] = {name: values[name][0] for name in FILTERS if name in values}
    for name in given:
        if values[name] == [""] or len(values[name]) > 1:
            raise InvalidRequest(f"The parameter {name!r} must be there once and not be empty, or not at all.")
    return LetterFilter.restore(given)
