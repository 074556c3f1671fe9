"""What a tenant might try to get at another's, by hand."""

import json

import pytest

from tests.isolation.parties import REFUSED, listed, new_attacker, new_victim, put
from tests.isolation.world import DOMAIN, OPERATOR_KEY

pytestmark = pytest.mark.xdist_group("isolation")

PLACES = (
    "functions", "functions/f", "eventtypes", "eventtypes/user.created", "subscriptions", "cors", "deadletters", "deadletters/redrives/1",
    "suspension", "access", "access/keys", "access/keys/1", "quota", "nothing", "",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", METHODS)
def test_the_space_of_another_is_refused_whatever_is_asked(world, victim, attacker, method, place):
    refused = world.configure(method, f"/v1/spaces/{victim.space}/{place}", {"name": "x", "reason": "x"}, attacker.key)
    assert (refused.status, refused.document) == (403, REFUSED)
    assert len(listed(world, victim, "eventtypes")) == 1


def test_a_space_of_another_and_one_that_nobody_has_look_the_same(world, victim, attacker):
    answers = [world.configure("GET", f"/v1/spaces/{space}/functions", key=attacker.key) for space in (victim.space, "nobody-has-this")]
    assert answers[0] == answers[1]


SPELLINGS = (
    "{victim}", "{VICTIM}", "{Victim}", "{victim}.", " {victim}", "{victim} ", "{victim}\x00", "{victim}%00", "%2e/{victim}", "./{victim}",
    "../{victim}", "{attacker}/../{victim}", "{attacker}%2F..%2F{victim}", "{attacker}%252F..%252F{victim}", "{attacker}/%2e%2e/{victim}",
    "{attacker}\\..\\{victim}", "/{victim}", "//{victim}", "{attacker}#{victim}", "{attacker},{victim}", "{attacker};{victim}",
    "{attacker}/functions/../../{victim}", "{victim}?{attacker}", "space#{victim}", "{attacker}#..#{victim}", "*", "%", "tenant#x",
)  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_spelling_of_a_path_leads_to_the_space_of_another(world, victim, attacker, spelling, method):
    names = {"victim": victim.space, "VICTIM": victim.space.upper(), "Victim": victim.space.title(), "attacker": attacker.space}
    path = f"/v1/spaces/{spelling.format(**names)}/functions"
    answer = world.configure(method, path, {"functionId": "f2", "type": "http", "provider": {"url": "http://x.example"}}, attacker.key)
    assert answer.status in {400, 403, 404, 405}
    assert victim.secret not in answer.body
    assert [each["functionId"] for each in listed(world, victim, "functions")] == ["f"]


def test_ids_of_another_find_nothing_in_the_own_space(world):
    victim, attacker = new_victim(world), new_attacker(world)
    [letter] = listed(world, victim, "deadletters")
    [subscription] = listed(world, victim, "subscriptions")
    for place in (f"deadletters/{letter['id']}", f"subscriptions/{subscription['subscriptionId']}"):
        for method in ("GET", "DELETE"):
            assert world.configure(method, f"/v1/spaces/{attacker.space}/{place}", key=attacker.key).status == 404
    assert world.configure("POST", f"/v1/spaces/{attacker.space}/deadletters/{letter['id']}/redrive", key=attacker.key).status == 404
    assert listed(world, victim, "deadletters") == [letter]


def test_a_redrive_of_another_cannot_be_looked_at(world):
    victim, attacker = new_victim(world), new_attacker(world)
    started = world.configure("POST", f"/v1/spaces/{victim.space}/deadletters/redrive", key=victim.key)
    assert started.status == 202
    identifier = started.document["redriveId"]
    assert world.configure("GET", f"/v1/spaces/{victim.space}/deadletters/redrives/{identifier}", key=victim.key).status == 200
    assert world.configure("GET", f"/v1/spaces/{attacker.space}/deadletters/redrives/{identifier}", key=attacker.key).status == 404


def test_a_cursor_of_another_shows_nothing_of_its_list(world):
    victim, attacker = new_victim(world), new_attacker(world)
    put(world, victim, "eventtypes", name="zebra", metadata={"note": victim.secret})
    first = world.configure("GET", f"/v1/spaces/{victim.space}/eventtypes", key=victim.key, query="limit=1").document
    answer = world.configure("GET", f"/v1/spaces/{attacker.space}/eventtypes", key=attacker.key, query=f"limit=5&cursor={first['cursor']}")
    assert victim.secret not in answer.body


@pytest.mark.parametrize("path", ["/{victim}/a", "/:space/a", "/*rest", "/", "/{attacker}", "/{attacker}x/a", "//{attacker}/a"])
@pytest.mark.parametrize("type_", ["sync", "async"])
def test_nobody_subscribes_to_a_path_of_another(world, victim, attacker, path, type_):
    wanted = path.format(victim=victim.space, attacker=attacker.space)
    document = {"type": type_, "eventType": "user.created", "functionId": "f", "path": wanted}
    for kind, more in (("subscriptions", document), ("cors", {"path": wanted, "method": "GET"})):
        refused = world.configure("POST", f"/v1/spaces/{attacker.space}/{kind}", more, attacker.key)
        assert refused.status == 400
        assert refused.document["errors"] == [{"message": "Subscription path has to be prefixed with space name (subdomain)."}]


@pytest.mark.parametrize("path", ["/{victim}/a", "/{attacker}/../{victim}/a", "/{attacker}/%2e%2e/{victim}/a", "//{victim}/a"])
def test_an_event_at_a_host_stays_below_it(world, victim, attacker, path):
    before = len(world.calls(victim))
    sent = path.format(victim=victim.space, attacker=attacker.space)
    world.emit("POST", sent, f"{attacker.space}.{DOMAIN}", '"x"', event="user.created")
    world.work()
    assert len(world.calls(victim)) == before


def test_headers_do_not_choose_the_space(world):
    victim, attacker = new_victim(world), new_attacker(world)
    others = {
        "x_forwarded_host": f"{victim.space}.{DOMAIN}",
        "forwarded": f"host={victim.space}.{DOMAIN}",
        "host": f"{victim.space}.{DOMAIN}",
    }
    before = len(world.calls(victim))
    assert world.emit("POST", "/a", f"{attacker.space}.{DOMAIN}", '"x"', event="user.created", **others).status == 202
    world.work()
    assert (len(world.calls(attacker)), len(world.calls(victim))) == (1, before)


def test_system_events_are_those_of_the_own_space(world):
    victim, attacker = new_victim(world), new_attacker(world)
    put(world, attacker, "eventtypes", name="eventgateway.event.received")
    put(world, attacker, "functions", functionId="spy", type="http", provider={"url": world.server.url(f"/{attacker.secret}/spy")})
    names = {"eventType": "eventgateway.event.received", "functionId": "spy"}
    refused = {"type": "async", **names, "path": "/"}
    assert world.configure("POST", f"/v1/spaces/{attacker.space}/subscriptions", refused, attacker.key).status == 400
    put(world, attacker, "subscriptions", type="async", **names, path=f"/{attacker.space}/")
    world.emit("POST", "/a", f"{victim.space}.{DOMAIN}", json.dumps(victim.secret), event="user.created")
    world.work()
    assert world.calls(attacker) == []
    world.emit("POST", "/a", f"{attacker.space}.{DOMAIN}", '"mine"', event="user.created", content_type="application/json")
    world.work()
    assert any("/spy " in each and '"mine"' in each for each in world.calls(attacker))


@pytest.mark.parametrize("size", [64, 257, 2000, 9000])
def test_huge_names_are_refused_and_end_nothing(world, attacker, size):
    name = "a" * size
    for path in (f"/v1/spaces/{name}/functions", f"/v1/spaces/{attacker.space}/functions/{name}", f"/v1/tenants/{name}"):
        assert world.configure("GET", path, key=attacker.key).status in {400, 403, 404}
    assert world.configure("GET", f"/v1/tenants/{name}", key=OPERATOR_KEY).status in {400, 404}
    assert world.emit("GET", "/", f"{name}.{DOMAIN}").status in {400, 404}
    assert world.emit("GET", f"/{name}/a", "bare.test").status in {400, 404}
    assert world.configure("GET", f"/v1/spaces/{attacker.space}/functions", key="egk_" + name).status in {401, 403}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/tenants"), ("POST", "/v1/tenants"), ("GET", "/v1/tenants/{own}"), ("DELETE", "/v1/tenants/{own}"),
     ("PUT", "/v1/tenants/{own}/suspension"), ("DELETE", "/v1/tenants/{own}/suspension"), ("GET", "/v1/tenants/{own}/keys"),
     ("POST", "/v1/tenants/{own}/keys"), ("GET", "/v1/tenants/{own}/members"), ("POST", "/v1/tenants/{own}/apps"),
     ("GET", "/v1/tenants/{other}/keys"), ("GET", "/v1/tenants/{own}/usage"), ("DELETE", "/v1/tenants/{own}/apps/app"),
     ("GET", "/v1/tenants/nobody")],
)  # fmt: skip
def test_the_operators_doors_are_closed_to_tenants(world, victim, attacker, method, path):
    refused = world.configure(method, path.format(own=attacker.mark, other=victim.mark), {}, attacker.key)
    assert (refused.status, refused.document) == (403, REFUSED)


def test_a_tenant_cannot_lift_the_operators_suspension(world):
    victim = new_victim(world)
    assert world.configure("PUT", f"/v1/tenants/{victim.mark}/suspension", {"reason": "bill"}, OPERATOR_KEY).status == 200
    assert world.configure("DELETE", f"/v1/spaces/{victim.space}/suspension", key=victim.key).status == 403
    assert world.emit("POST", "/a", f"{victim.space}.{DOMAIN}", '"x"', event="user.created").status == 403


def test_the_external_id_of_a_space_is_its_own_and_not_chosen(world, victim, attacker):
    provider = {
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "region": "us-east-1",
        "roleArn": "arn:aws:iam::123456789012:role/event-gateway-r",
    }
    mine = put(world, victim, "functions", functionId="l", type="awslambda", provider=provider)["provider"]["externalId"]
    theirs = put(world, attacker, "functions", functionId="l", type="awslambda", provider=provider | {"externalId": mine})["provider"][
        "externalId"
    ]
    assert mine != theirs
    changed = {"functionId": "l", "type": "awslambda", "provider": provider | {"externalId": mine}}
    updated = world.configure("PUT", f"/v1/spaces/{attacker.space}/functions/l", changed, attacker.key)
    assert updated.document["provider"]["externalId"] == theirs


def test_a_tenant_cannot_raise_its_limits(world, attacker):
    path = f"/v1/spaces/{attacker.space}/quota"
    before = world.configure("GET", path, key=attacker.key)
    for method, document in (("PUT", {"requestsPerSecond": 1_000_000}), ("DELETE", None), ("POST", {"resources": 1_000_000})):
        assert world.configure(method, path, document, attacker.key).status in {403, 405}
    assert world.configure("GET", path, key=attacker.key) == before
    assert before.status == 200


@pytest.mark.parametrize(
    "keys", [{}, {"awsAccessKeyId": "AKIA"}, {"awsSecretAccessKey": "x"}, {"awsAccessKeyId": " ", "awsSecretAccessKey": " "}]
)
def test_the_gateways_own_role_calls_nothing_for_a_tenant(world, attacker, keys):
    """Least of all does it put messages into the queue of deliveries, where they would be deliveries of others."""
    targets = (
        ("awssqs", {"queueUrl": world.settings.queue_url}),
        ("awslambda", {"arn": "arn:aws:lambda:us-east-1:123456789012:function:f"}),
        ("awskinesis", {"streamName": "s"}),
        ("awsfirehose", {"deliveryStreamName": "s"}),
    )
    for type_, target in targets:
        document = {"functionId": "own", "type": type_, "provider": {"region": "us-east-1", **target, **keys}}
        refused = world.configure("POST", f"/v1/spaces/{attacker.space}/functions", document, attacker.key)
        assert refused.status == 400, refused
