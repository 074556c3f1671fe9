"""Closed spaces: the Events API before anything is queued or called, and what becomes of the keys that are sent."""

import json
from dataclasses import replace

import pytest

from eventgateway.core.errors import AccessRefused, KeyMissing, Unavailable
from eventgateway.core.guard import PublicOnly
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.key import ACCESS, EMIT, masked, new_key
from eventgateway.operations.emit_guard import EmitGuard
from eventgateway.operations.emit_keys import EmitKeys
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.events_api import EventsApi
from tests.fakes import Gateway
from tests.unit.management import rival_of
from tests.unit.test_handlers import config_request

JWT = {"issuer": "https://issuer.example", "audiences": ["gateway"]}
KEY = new_key(EMIT, bytes(32))


class Tokens:
    """Implements `TokenVerifier`: one token is good, and one cannot be checked."""

    def verify(self, rule, token):
        if token == "unknown":
            raise Unavailable("Tokens cannot be checked at the moment. Please try again.")
        if token != "good":
            raise AccessRefused


class ClosedGateway(Gateway):
    """A gateway whose receiver asks the guard; `ask` sends a request to the Config API."""

    def __init__(self):
        super().__init__()
        self.receiver = replace(self.receiver, checks=(EmitGuard(Tokens(), self.clock).check,))

    def ask(self, method, path="", body=None, space="default"):
        answer = ConfigApi(self.manager).handle(config_request(method, f"/v1/spaces/{space}/access{path}", body))
        self.spaces.expire()
        return answer["statusCode"], json.loads(answer["body"] or "null")

    def key(self, **document):
        status, created = self.ask("POST", "/keys", document)
        assert status == 201
        return created

    def send(self, path="/", source="203.0.113.7", **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.receiver.receive(HttpRequest("POST", path, "", {"event": "u", **named}, b"{}", "gateway.test", "", source)).status


@pytest.fixture
def gateway():
    gateway = ClosedGateway()
    gateway.subscribe("async", "f")
    return gateway


class TestEvents:
    def test_a_space_is_open_until_something_closes_it(self, gateway):
        assert gateway.send() == 202
        gateway.ask("PUT", body={})
        assert gateway.send() == 202

    @pytest.mark.parametrize("headers", [lambda key: {"authorization": f"Bearer {key}"}, lambda key: {"x_api_key": key}])
    def test_a_key_opens_it_in_either_header(self, gateway, headers):
        key = gateway.key()["key"]
        assert gateway.send(**headers(key)) == 202
        with pytest.raises(AccessRefused):
            gateway.send(**headers(KEY))
        with pytest.raises(KeyMissing):
            gateway.send()

    def test_nothing_was_queued_or_called_for_who_has_none(self, gateway):
        gateway.subscribe("sync", "g")
        gateway.key()
        gateway.journal.clear()
        with pytest.raises(KeyMissing):
            gateway.send()
        assert [each for each in gateway.journal if each.startswith(("queue", "call", "claim"))] == []

    def test_a_key_that_is_deleted_does_not_count_and_opens_nothing(self, gateway):
        key = gateway.key()
        assert gateway.ask("DELETE", f"/keys/{key['id']}") == (204, None)
        with pytest.raises(AccessRefused):
            gateway.send(x_api_key=key["key"])
        with pytest.raises(KeyMissing):
            gateway.send()
        assert gateway.ask("GET")[1] == {"space": "default", "keys": []}

    def test_deleting_the_access_opens_the_space(self, gateway):
        gateway.key()
        assert gateway.ask("DELETE") == (204, None)
        assert gateway.send() == 202
        assert gateway.ask("GET") == (404, {"errors": [{"message": 'Emit access "default" not found.'}]})

    def test_a_key_that_expires_does_not_count_any_more(self, gateway):
        key = gateway.key(expiresAt="2027-01-15T08:00:01Z")
        assert gateway.send(x_api_key=key["key"]) == 202
        gateway.clock.advance(1)
        with pytest.raises(AccessRefused):
            gateway.send(x_api_key=key["key"])

    def test_a_key_in_the_query_is_none(self, gateway):
        key = gateway.key()["key"]
        with pytest.raises(KeyMissing):
            gateway.receiver.receive(HttpRequest("POST", "/", f"key={key}&x-api-key={key}", {"event": "u"}, b"{}"))

    def test_a_token_opens_it(self, gateway):
        gateway.ask("PUT", body={"jwt": JWT})
        assert gateway.send(authorization="Bearer good") == 202
        for token, error in (("bad", AccessRefused), ("unknown", Unavailable)):
            with pytest.raises(error):
                gateway.send(authorization=f"Bearer {token}")
        with pytest.raises(KeyMissing):
            gateway.send(authorization="Basic good")

    def test_only_the_addresses_that_are_let_in_get_in(self, gateway):
        gateway.ask("PUT", body={"addresses": ["203.0.113.0/24", "2001:db8::/32"]})
        assert gateway.send() == 202
        assert gateway.send(source="2001:db8::1") == 202
        for source in ("198.51.100.1", "2001:db9::1", ""):
            with pytest.raises(AccessRefused):
                gateway.send(source=source, x_forwarded_for="203.0.113.7")

    def test_the_key_of_one_space_opens_no_other(self, gateway):
        gateway.subscribe("async", "f", path="/other", space="other")
        theirs = gateway.ask("POST", "/keys", {}, "other")[1]["key"]
        ours = gateway.key()["key"]
        assert gateway.send("/other", x_api_key=theirs) == gateway.send(x_api_key=ours) == 202
        for path, key in (("/", theirs), ("/other", ours)):
            with pytest.raises(AccessRefused):
                gateway.send(path, x_api_key=key)

    @pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"x-api-key": KEY}, 403)])
    def test_the_answer_says_no_more_than_that(self, gateway, headers, status):
        gateway.key()
        event = {"requestContext": {"http": {"method": "POST"}}, "rawPath": "/", "headers": {"event": "u", **headers}, "body": "{}"}
        answer = EventsApi(gateway.receiver).handle(event)
        assert (answer["statusCode"], json.loads(answer["body"])) == (
            status,
            {"errors": [{"message": "You're not authorized to access this resource."}]},
        )
        assert answer["headers"].get("www-authenticate") == ("Bearer" if status == 401 else None)


class TestConfiguration:
    def test_a_key_is_shown_once(self, gateway):
        key = gateway.key(name="ci", expiresAt="2030-01-01T00:00:00+01:00")
        text = key.pop("key")
        assert text.startswith("ege_")
        assert len(text) == 47
        assert key == {
            "id": key["id"],
            "name": "ci",
            "hint": f"ege_…{text[-4:]}",
            "createdAt": "2027-01-15T08:00:00Z",
            "expiresAt": "2029-12-31T23:00:00Z",
        }
        assert gateway.ask("GET") == (200, {"space": "default", "keys": [key]})
        assert text not in str(gateway.store.log)

    def test_a_key_needs_no_document(self, gateway):
        answer = ConfigApi(gateway.manager).handle(config_request("POST", "/v1/spaces/default/access/keys"))
        assert (answer["statusCode"], answer["headers"]["cache-control"]) == (201, "no-store")

    def test_two_keys_are_not_the_same(self, gateway):
        first, second = gateway.key(), gateway.key()
        assert first["key"] != second["key"]
        assert first["id"] != second["id"]

    def test_what_is_put_leaves_the_keys_alone(self, gateway):
        key = gateway.key()
        assert gateway.ask("PUT", body={"addresses": ["203.0.113.7"], "jwt": JWT, "keys": []})[0] == 200
        text = key.pop("key")
        assert gateway.ask("GET")[1] == {"space": "default", "addresses": ["203.0.113.7/32"], "jwt": JWT, "keys": [key]}
        assert gateway.send(x_api_key=text) == 202

    def test_two_writers_lose_no_key(self, gateway):
        gateway.store.rivals = [lambda: EmitKeys(rival_of(gateway)).create("default", b"")]
        gateway.key()
        assert len(gateway.ask("GET")[1]["keys"]) == 2

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/keys", 405),
            ("PUT", "/keys/1", 405),
            ("POST", "", 405),
            ("DELETE", "/keys/1", 404),
            ("DELETE", "/keys/", 404),
            ("GET", "/others", 404),
            ("POST", "/keys/1/more", 404),
        ],
    )
    def test_other_methods_and_paths(self, gateway, method, path, status):
        assert gateway.ask(method, path)[0] == status

    @pytest.mark.parametrize(
        "document",
        [{"name": "n" * 129}, {"name": 1}, {"expiresAt": "2027-01-15T08:00:00Z"}, {"expiresAt": "soon"}, ["x"], {"expiresAt": 1}],
    )
    def test_what_makes_no_sense_is_refused(self, gateway, document):
        assert gateway.ask("POST", "/keys", document)[0] == 400
        assert gateway.ask("GET")[0] == 404

    def test_neither_the_space_nor_the_body_may_be_anything(self, gateway):
        assert gateway.ask("POST", "/keys", {}, "a")[0] == 400
        assert gateway.ask("PUT", "", {}, "a")[0] == 400
        assert gateway.ask("POST", "/keys", {"name": "n" * 20_000})[0] == 413

    @pytest.mark.parametrize("jwt", [{"issuer": "https://10.0.0.1"}, {"jwksUrl": "https://localhost/keys"}])
    def test_the_outbound_guard_is_asked_when_an_issuer_is_registered(self, gateway, jwt):
        object.__setattr__(gateway.manager, "guard", PublicOnly())
        status, answer = gateway.ask("PUT", body={"jwt": JWT | jwt})
        assert status == 400
        assert "refused by the outbound guard" in answer["errors"][0]["message"]
        assert gateway.ask("PUT", body={"jwt": JWT})[0] == 200


class TestKeysInEvents:
    """A key of ours opens the gateway, so it goes no further."""

    def test_functions_do_not_see_it(self, gateway):
        gateway.subscribe("sync", "g", "http.request", path="/p")
        key = gateway.key()["key"]
        request = {"authorization": f"Bearer {key}", "x-api-key": f"{key},other", "x-other": "abc"}
        gateway.functions.answer("g", {"statusCode": 200})
        gateway.receiver.receive(HttpRequest("POST", "/p", "", request, b"", "gateway.test"))
        [(_, event)] = gateway.functions.calls
        assert event["data"]["headers"] == {"Authorization": "Bearer *****", "X-Api-Key": "*****,other", "X-Other": "abc"}

    def test_authorizers_and_system_events_do_not_either(self, gateway):
        gateway.subscribe("async", "watcher", "eventgateway.event.received")
        gateway.function("authorizer")
        gateway.event_type("a", "authorizer")
        gateway.subscribe("sync", "g", "a", path="/a")
        gateway.functions.answer("authorizer", {"authorization": {"principalId": "p"}})
        gateway.functions.answer("g", {"statusCode": 200})
        key = gateway.key()["key"]
        headers = {"event": "a", "authorization": f"Bearer {key}"}
        gateway.receiver.receive(HttpRequest("POST", "/a", "", headers, b"{}", "gateway.test"))
        asked = dict(gateway.functions.calls)["authorizer"]
        assert asked["request"]["headers"]["Authorization"] == "Bearer *****"
        [told] = gateway.queue.events("watcher")
        assert told["data"]["headers"]["Authorization"] == "Bearer *****"
        assert key not in str([gateway.functions.calls, gateway.queue.waiting, gateway.journal])

    def test_a_key_that_opens_nothing_is_hidden_just_so(self):
        request = HttpRequest("GET", "/", "", {"authorization": f"bearer {new_key(ACCESS, bytes(32))}", "x-key": KEY})
        assert request.shown_headers() == {"Authorization": "bearer *****", "X-Key": KEY}

    @pytest.mark.parametrize(
        "text", ["", "Bearer abc", "ege_short", KEY[:-1], KEY + "A", "x" + KEY, "ege_" + "!" * 43, "Basic dXNlcjpwYXNzd29yZA=="]
    )
    def test_what_is_no_key_of_ours_stays(self, text):
        assert masked(text) == text
        assert HttpRequest("GET", "/", "", {"authorization": text}).shown_headers() == {"Authorization": text}

    @pytest.mark.parametrize("entropy", [bytes(32), b"\xff" * 32, b"\xfb\xef\xbe" * 10 + b"ab"])
    def test_every_key_is_recognised(self, entropy):
        for prefix in (ACCESS, EMIT):
            assert masked(f"{new_key(prefix, entropy)}, {new_key(prefix, entropy)}") == "*****, *****"


def test_a_space_tells_whether_it_has_keys_that_may_be_taken_away(gateway):
    key = gateway.key()
    assert gateway.manager.spaces.current("default").access.has_keys
    gateway.ask("DELETE", f"/keys/{key['id']}")
    assert not gateway.manager.spaces.current("default").access.has_keys
