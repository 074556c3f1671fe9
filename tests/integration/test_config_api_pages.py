"""Lists of the Config API: whole, in pages, and what they refuse."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.event_type import EventType
from eventgateway.core.json import dumps
from eventgateway.core.ports import Change
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.paging import ANSWER_LIMIT, PAGE_LIMIT, TOO_LARGE
from tests.fakes import Gateway

LAMBDA_LIMIT = 6 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONG = st.text("ab", min_size=510, max_size=514)  # ids around the length from which on a cursor has a digest
NAMES = st.sets(st.text(min_size=1, max_size=5) | LONG, min_size=1, max_size=12)
KEYS = {"eventtypes": "eventTypes", "functions": "functions", "subscriptions": "subscriptions", "cors": "cors"}


class Client:
    """A client of the Config API over fakes."""

    def __init__(self) -> None:
        self.gateway = Gateway()
        self.api = ConfigApi(self.gateway.manager)

    def ask(self, path: str, query: str = "") -> tuple[int, Any]:
        event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": f"/v1/spaces/{path}", "rawQueryString": query}
        answer = self.api.handle(event)
        assert len(dumps(answer)) < LAMBDA_LIMIT
        return answer["statusCode"], json.loads(answer["body"])

    def add(self, *names: str, **labels: str) -> None:
        """Store event types, also some that are larger than they may be today."""
        for name in names:
            version, event_type = self.gateway.store.space_version("default") + 1, EventType("default", name, None, labels)
            self.gateway.store.commit(Change("default", version, EventType.kind, name, None, event_type.stored()))

    def remove(self, name: str) -> None:
        self.gateway.manager.delete(EventType.kind, "default", name)

    def page(self, query: str) -> tuple[list[str], str | None]:
        """The names in an answer and its cursor."""
        status, body = self.ask("default/eventtypes", query)
        assert status == 200, body
        return [each["name"] for each in body["eventTypes"]], body.get("cursor")

    def pages(self, query: str) -> list[list[str]]:
        """All pages, by their cursors."""
        found, cursor = self.page(query)
        pages = [found]
        while cursor:
            found, cursor = self.page(f"{query}&cursor={cursor}")
            pages.append(found)
        return pages

    def refusal(self, query: str, path: str = "default/eventtypes") -> str:
        status, body = self.ask(path, query)
        assert status == 400
        return body["errors"][0]["message"]


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def heavy_client(client: Client) -> Client:
    """A space with more than one answer can hold: 60 event types of 100 KB."""
    client.add(*(f"{number:02}" for number in range(60)), label="x" * 100_000)
    return client


def test_without_parameters_all_is_answered_in_the_order_of_its_making(client: Client) -> None:
    client.add("b", "c", "a")
    assert client.page("") == (["b", "c", "a"], None)


@given(names=NAMES, limit=st.integers(1, 13))
def test_pages_are_the_list_in_the_order_of_ids(names: set[str], limit: int) -> None:
    client = Client()
    client.add(*names)
    pages = client.pages(f"limit={limit}")
    assert sorted(name for page in pages for name in page) == sorted(names)
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 0 < len(pages[-1]) <= limit
    short = [name for page in pages for name in page if len(name) <= 5]
    assert short == sorted(short)


@pytest.mark.parametrize("path", KEYS)
def test_every_kind_has_pages(client: Client, path: str) -> None:
    for each in "fg":
        client.gateway.subscribe("sync", each, event_type=each, path=f"/{each}")
        client.gateway.cors({"method": "GET", "path": f"/{each}"})
    whole = client.ask(f"default/{path}")[1][KEYS[path]]
    first = client.ask(f"default/{path}", "limit=1")[1]
    second = client.ask(f"default/{path}", f"limit=1&cursor={first['cursor']}")[1]
    assert first[KEYS[path]] + second[KEYS[path]] == whole
    assert "cursor" not in second


@pytest.mark.parametrize("query", ["limit=3", f"limit={PAGE_LIMIT}"])
def test_a_page_that_is_the_last_has_no_cursor(client: Client, query: str) -> None:
    client.add("a", "b", "c")
    assert client.page(query) == (["a", "b", "c"], None)
    assert client.page("limit=2")[1]


def test_a_cursor_without_a_limit_asks_for_the_longest_page(client: Client) -> None:
    client.add(*(f"{number:04}" for number in range(PAGE_LIMIT + 2)))
    first, cursor = client.page("limit=1")
    assert first == ["0000"]
    assert len(client.page(f"cursor={cursor}")[0]) == PAGE_LIMIT


def test_what_comes_and_goes_between_pages_makes_none_repeat_or_miss_another(client: Client) -> None:
    client.add("b", "d", "f", "h")
    first, cursor = client.page("limit=2")
    for name in ("b", "d", "f"):
        client.remove(name)
    client.add("a", "e")
    second, cursor = client.page(f"limit=1&cursor={cursor}")
    third, end = client.page(f"limit=1&cursor={cursor}")
    assert (first, second, third, end) == (["b", "d"], ["e"], ["h"], None)


def test_a_cursor_counts_when_all_that_was_behind_it_is_gone(client: Client) -> None:
    client.add("a", "b")
    cursor = client.page("limit=1")[1]
    client.remove("b")
    assert client.page(f"cursor={cursor}") == ([], None)


def test_filters_and_pages_go_together(client: Client) -> None:
    client.add("a", "c", "e", team="x")
    client.add("b", "d", team="y")
    assert client.pages("limit=2&metadata.team=x") == [["a", "c"], ["e"]]


@given(names=st.sets(st.text(min_size=500), min_size=2, max_size=2))
def test_a_cursor_fits_into_a_url_however_long_the_id(names: set[str]) -> None:
    client = Client()
    client.add(*names)
    cursor = client.page("limit=1")[1]
    assert cursor is not None
    assert len(cursor) < 4096
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert cursor.isascii()


@pytest.mark.parametrize(
    "limit", ["", "0", "-1", "+1", "1001", "1e2", "1.0", "01", "ten", "1&limit=2", "%zz", "%D9%A3", "1;cursor=x", "9" * 5000]
)
def test_a_limit_must_be_a_number_in_bounds(client: Client, limit: str) -> None:
    assert client.refusal(f"limit={limit}") == "The parameter 'limit' must be one whole number from 1 to 1000."


@pytest.mark.parametrize("cursor", ["", "x", "ä", "%00", "%FF", "////", "eA", "ZXZlbnR0eXBl", "ZXZlbnR0eXBlIA"])
def test_a_cursor_must_be_one_of_ours(client: Client, cursor: str) -> None:
    assert client.refusal(f"cursor={cursor}") == "The parameter 'cursor' must be the unchanged 'cursor' of an answer to the same list."


def test_a_cursor_must_be_unchanged_once_and_of_the_same_list(client: Client) -> None:
    client.add("abcd", "b")
    cursor = client.page("limit=1")[1]
    assert cursor
    for changed in (f"{cursor}=", f"{cursor[:-1]}!", f"%20{cursor}", f"{cursor}&cursor={cursor}"):
        assert "'cursor'" in client.refusal(f"cursor={changed}")
    assert "'cursor'" in client.refusal(f"cursor={cursor}", "default/functions")


def test_a_list_that_is_too_large_for_one_answer_is_refused_with_a_way_out(heavy_client: Client) -> None:
    message = "The list has more than 5000000 bytes. Please read it in pages, with the parameters 'limit' and 'cursor'."
    assert heavy_client.refusal("") == message


def test_pages_of_large_resources_are_shorter_than_their_limit(heavy_client: Client) -> None:
    pages = heavy_client.pages("limit=1000")
    assert [name for page in pages for name in page] == [f"{number:02}" for number in range(60)]
    assert [len(page) for page in pages] == [49, 11]


def test_almost_as_much_as_the_limit_is_answered_at_once(client: Client) -> None:
    client.add(*(f"{number:02}" for number in range(49)), label="x" * 100_000)
    status, body = client.ask("default/eventtypes")
    assert (status, len(body["eventTypes"])) == (200, 49)
    assert ANSWER_LIMIT * 0.97 < len(dumps(body)) <= ANSWER_LIMIT


@pytest.mark.parametrize(
    "label", ['"' * 60_000, "\\" * 60_000, "\n" * 60_000, "ä" * 60_000], ids=["quotes", "backslashes", "lines", "umlauts"]
)
def test_whatever_is_answered_fits_into_what_lambda_hands_over(client: Client, label: str) -> None:
    client.add(*(f"{number:02}" for number in range(50)), label=label)
    assert len([name for page in client.pages("limit=1000") for name in page]) == 50


def test_a_name_of_a_space_that_could_be_no_key_is_refused(client: Client) -> None:
    assert client.ask(f"{'s' * 256}/functions") == (200, {"functions": []})
    assert client.refusal("", f"{'s' * 257}/functions") == "The name of a space has at most 256 characters."
    assert client.refusal("", f"{'ä' * 257}/functions/f") == "The name of a space has at most 256 characters."


def test_a_list_takes_as_many_labels_as_a_resource_can_have(client: Client) -> None:
    labels = "".join(f"&metadata.{number}=x" for number in range(64))
    assert client.page(f"limit=1{labels}") == ([], None)
    message = "A list takes at most 64 parameters besides 'limit' and 'cursor', not 65."
    for one_more in ("&metadata.x=y", "&x", ";x=", "&metadata.0=y"):
        assert client.refusal(f"limit=1{labels}{one_more}") == message


def test_a_list_that_is_too_large_was_shown_as_a_whole_before_it_was_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    client.add(*(f"{number:03}" for number in range(200)), label="x" * 100_000)
    monkeypatch.setattr(EventType, "shown", lambda each: shown.append(each.name) or each.stored())
    assert client.refusal("") == TOO_LARGE
    assert len(shown) == 50
