"""What an input may cost: each test is named after something that grew faster than the input, or without end."""

import re
from dataclasses import dataclass, field

import pytest

from eventgateway.core import http_request as requests
from eventgateway.core import media_type as media_types
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import canonical_name
from eventgateway.core.media_type import media_type
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription


@dataclass
class Reader:
    """A regular expression that notes which part of a text it read."""

    pattern: re.Pattern
    spans: list = field(default_factory=list)

    def match(self, text, position):
        found = self.pattern.match(text, position)
        self.spans.append((position, found.end()))
        return found


def test_each_parameter_of_a_content_type_copied_all_that_was_behind_it(monkeypatch):
    reader = Reader(media_types.PARAMETER)
    monkeypatch.setattr(media_types, "PARAMETER", reader)
    parameters = "".join(f';a{number}="b;"' for number in range(90))
    assert media_type(f"text/html{parameters}") == "text/html"
    assert [end for _, end in reader.spans[:-1]] == [start for start, _ in reader.spans[1:]]
    assert reader.spans[0][0] == 0
    assert reader.spans[-1][1] == len(parameters)
    assert len(reader.spans) == 90


def test_each_subscriber_of_an_event_copied_all_that_were_there_before():
    space = Space("default")
    space.put(Subscription("default", "async", "u", "first"))
    (index,) = space.asynchronous.values()
    for number in range(100):
        space.put(Subscription("default", "async", "u", f"f{number}"))
    space.remove(Subscription.kind, Subscription("default", "async", "u", "first").id)
    assert space.asynchronous == {("POST", "/", "u"): index}
    assert next(iter(space.asynchronous.values())) is index
    assert list(index) == [f"f{number}" for number in range(100)]


def test_long_names_of_headers_were_remembered_for_good():
    kept = requests._canonical_name.cache_info().currsize
    for number in range(50):
        assert canonical_name(f"x-{number}-" + "a" * 300).endswith("a")
    assert requests._canonical_name.cache_info().currsize == kept


def test_long_media_types_were_remembered_for_good():
    kept = media_types._media_type.cache_info().currsize
    for number in range(50):
        with pytest.raises(InvalidRequest, match="more than 1024 characters"):
            media_type(f"text/x{number}; a=" + "b" * 2000)
    assert media_types._media_type.cache_info().currsize == kept
