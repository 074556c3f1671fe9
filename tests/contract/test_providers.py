"""What every function type promises: one suite over the registry. Its knowledge of each type is in `backends.py`."""

import ast
import sys
from dataclasses import fields
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway import providers
from eventgateway.core.errors import FunctionUnreachable, InvalidRequest, ProviderError
from eventgateway.core.provider import Call, Purpose
from eventgateway.core.resource import MASK
from eventgateway.web.errors import error_result
from tests.contract.backends import ENTRIES, SECRETS
from tests.contract.samples import NOON
from tests.loopback import Then, answer, refused_url

REGISTRY = providers.load()
TYPES = sorted(REGISTRY)
SHORT, TOLERANCE = 0.3, 1.0  # silence lasts 2 s
BROKEN = {
    "hang up": [Then.CLOSE],
    "reset": [Then.RESET],
    "garbage": [b"SSH-2.0-OpenSSH_9.2\r\n", Then.CLOSE],
    "half head": [b"HTTP/1.1 20", Then.CLOSE],
    "half body": [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", Then.CLOSE],
    "half chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", Then.CLOSE],
    "silence": [2.0],
    "silence in the body": [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", 2.0],
}
WRONG_TYPES = st.booleans() | st.integers() | st.floats(allow_nan=False) | st.lists(st.text())
WRONG_OBJECTS = st.dictionaries(st.text(), st.text())


def document(type_, url="http://function.test/"):
    return ENTRIES[type_].document(url)


def provider(type_, url="http://function.test/"):
    return REGISTRY[type_].restore(document(type_, url))


def keys(type_, flag):
    return [each.metadata["key"] for each in fields(REGISTRY[type_]) if each.metadata[flag]]


def filled(value, text):
    """A value of the same form, with another text."""
    return text if isinstance(value, str) else dict.fromkeys(value, text)


def texts(type_):
    """The secrets of a complete configuration."""
    values = [document(type_)[key] for key in keys(type_, "secret")]
    return [text for value in values for text in ([value] if isinstance(value, str) else value.values())]


def pairs(flag):
    return [(type_, key) for type_ in TYPES for key in keys(type_, flag)]


def test_every_type_has_its_entry_here():
    assert set(ENTRIES) == set(REGISTRY)


@pytest.mark.parametrize("type_", TYPES)
class TestDescription:
    def test_names(self, type_):
        assert REGISTRY[type_].type == type_
        assert REGISTRY[type_].label
        assert REGISTRY[type_].__doc__

    def test_fields_are_described(self, type_):
        described = [each.metadata for each in fields(REGISTRY[type_])]
        assert all(each["help"] and each["key"] for each in described)
        assert len({each["key"] for each in described}) == len(described)
        assert any(each["required"] for each in described)

    def test_example_is_complete(self, type_):
        assert set(document(type_)) == {each.metadata["key"] for each in fields(REGISTRY[type_])}

    def test_file_stands_alone(self, type_):
        source = Path(sys.modules[REGISTRY[type_].__module__].__file__).read_text()
        nodes = list(ast.walk(ast.parse(source)))
        imported = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        imported += [node.module or "." for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not [name for name in imported if name.startswith(("eventgateway.providers", "."))]


def test_being_in_the_folder_registers_a_type(tmp_path, monkeypatch):
    source = Path(sys.modules[REGISTRY["http"].__module__].__file__).read_text()
    (tmp_path / "pigeon.py").write_text(source.replace('"http"', '"pigeon"'))
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    try:
        assert set(providers.load()) == {*REGISTRY, "pigeon"}
    finally:
        sys.modules.pop("eventgateway.providers.pigeon")


@pytest.mark.parametrize("type_", TYPES)
class TestConfiguration:
    def test_valid_one(self, type_):
        provider(type_).validate()
        assert provider(type_).document() == document(type_)

    def test_required_alone_is_enough(self, type_):
        required = {key: value for key, value in document(type_).items() if key in keys(type_, "required")}
        minimal = REGISTRY[type_].restore(required)
        minimal.validate()
        assert minimal.document() == minimal.shown() == required

    def test_empty_one(self, type_):
        with pytest.raises(InvalidRequest) as caught:
            REGISTRY[type_].restore({}).validate()
        assert caught.value.message == ENTRIES[type_].missing

    def test_unknown_fields_are_dropped(self, type_):
        assert REGISTRY[type_].restore(document(type_) | {"unknown": {"a": [1]}, "": None}) == provider(type_)

    @given(st.data())
    def test_wrong_types_are_refused(self, type_, data):
        key = data.draw(st.sampled_from(sorted(document(type_))))
        is_text = isinstance(document(type_)[key], str)
        value = data.draw(WRONG_TYPES | WRONG_OBJECTS if is_text else WRONG_TYPES | st.text(min_size=1))
        with pytest.raises(InvalidRequest, match=f"field '{key}' must be {'a string' if is_text else 'an object'}"):
            REGISTRY[type_].restore(document(type_) | {key: value})

    def test_own_fields_of_the_gateway_cannot_be_sent(self, type_):
        own = keys(type_, "read_only")
        sent = REGISTRY[type_].parse(document(type_) | dict.fromkeys(own, 1))
        assert sent.document() == {key: value for key, value in document(type_).items() if key not in own}

    def test_secrets_are_shown_masked_and_stored(self, type_):
        secret = keys(type_, "secret")
        assert provider(type_).shown() == document(type_) | {key: filled(document(type_)[key], MASK) for key in secret}
        assert provider(type_).secrets() == {key: document(type_)[key] for key in secret}
        assert not [text for text in (str(provider(type_).shown()), repr(provider(type_))) for each in texts(type_) if each in text]

    def test_masked_secrets_can_be_opened_again(self, type_):
        masked = REGISTRY[type_].restore(provider(type_).shown())
        masked.validate()
        assert len(masked.masks()) == len(texts(type_))
        assert masked.opened(provider(type_).secrets()) == provider(type_)
        assert provider(type_).masks() == []

    def test_mask_keeps_the_old_secret(self, type_):
        old, shown = provider(type_), provider(type_).shown()
        assert REGISTRY[type_].restore(shown).keeping_secrets_of(old) == old
        for key in keys(type_, "secret"):
            new = filled(shown[key], "new")
            changed = REGISTRY[type_].restore(shown | {key: new}).keeping_secrets_of(old)
            assert changed.document() == document(type_) | {key: new}
            removed = REGISTRY[type_].restore(shown | {key: type(shown[key])()}).keeping_secrets_of(old)
            assert key not in removed.document()

    def test_mask_of_a_secret_that_was_not_there_stays(self, type_):
        required = {key: value for key, value in document(type_).items() if key in keys(type_, "required")}
        masked = REGISTRY[type_].restore(provider(type_).shown())
        assert masked.keeping_secrets_of(REGISTRY[type_].restore(required)).masks() == masked.masks()

    def test_secrets_of_another_type_are_not_kept(self, type_):
        shown = REGISTRY[type_].restore(provider(type_).shown())
        for other in set(TYPES) - {type_}:
            assert shown.keeping_secrets_of(provider(other)) == shown


@pytest.mark.parametrize(("type_", "key"), pairs("required"))
@pytest.mark.parametrize("value", [None, ""])
def test_required_field_is_missing(type_, key, value):
    with pytest.raises(InvalidRequest) as caught:
        REGISTRY[type_].restore(document(type_) | {key: value}).validate()
    assert caught.value.message == ENTRIES[type_].missing


@pytest.fixture
def call(network, monkeypatch):
    """Calls a provider whose backend is at a URL."""

    def call(type_, url, timeout=5.0):
        if ENTRIES[type_].endpoint:
            monkeypatch.setenv(ENTRIES[type_].endpoint, url)
        return provider(type_, url).call(Call(ENTRIES[type_].payload, Purpose.ASYNC, timeout, "event-1", "delivery-1", NOON), network)

    return call


def assert_reveals_nothing(error):
    texts = (error.message, str(error), repr(error), error_result(error).body)
    assert not [text for text in texts for secret in SECRETS if secret in text]
    assert error_result(error).status == 500


@pytest.mark.parametrize("type_", TYPES)
class TestCall:
    def test_success(self, type_, call, server):
        server.script = lambda request: [ENTRIES[type_].success(request)]
        assert [call(type_, server.url()) for _ in range(2)] == [ENTRIES[type_].result] * 2
        assert (len(server.requests), server.connections) == (2, 1)

    @pytest.mark.parametrize("what", BROKEN)
    def test_broken_backend_is_called_once(self, type_, call, server, what):
        server.script = lambda _: BROKEN[what]
        start = monotonic()
        with pytest.raises(FunctionUnreachable) as caught:
            call(type_, server.url(), SHORT)
        assert monotonic() - start < SHORT + TOLERANCE
        assert_reveals_nothing(caught.value)
        assert len(server.requests) == 1

    def test_unreachable_backend(self, type_, call):
        with pytest.raises(FunctionUnreachable) as caught:
            call(type_, refused_url())
        assert_reveals_nothing(caught.value)

    @pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable"])
    def test_page_of_a_load_balancer(self, type_, call, server, status):
        server.script = lambda _: [answer(b"<html>Sorry</html>", "Content-Type: text/html", status=status)]
        with pytest.raises(ProviderError):
            call(type_, server.url())
        assert len(server.requests) == 1

    def test_closed_idle_connection_does_no_harm(self, type_, call, server):
        server.script = lambda request: [ENTRIES[type_].success(request), Then.CLOSE]
        for calls in range(1, 4):
            assert call(type_, server.url()) == ENTRIES[type_].result
            assert server.wait_until(lambda calls=calls: server.ended == calls)

    def test_works_again_after_a_failure(self, type_, call, server):
        server.script = lambda request: [ENTRIES[type_].success(request) if len(server.requests) > 1 else Then.CLOSE]
        with pytest.raises(FunctionUnreachable):
            call(type_, server.url())
        assert call(type_, server.url()) == ENTRIES[type_].result


@pytest.mark.parametrize(("type_", "what"), [(type_, what) for type_ in TYPES for what in ENTRIES[type_].failures])
def test_failure(type_, what, call, server):
    say, kind = ENTRIES[type_].failures[what]
    server.script = lambda request: [say(request)]
    with pytest.raises(ProviderError) as caught:
        call(type_, server.url())
    assert type(caught.value) is kind
    assert_reveals_nothing(caught.value)
    assert len(server.requests) == 1
