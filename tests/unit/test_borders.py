"""Who gets where at the hosted Config API: 401, 403 and 404, by key and by space."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway.core.caller import OPERATOR
from eventgateway.core.errors import AccessRefused
from eventgateway.core.tenant import State
from eventgateway.operations.admission import Admission, GivenKey
from eventgateway.operations.borders import Borders
from tests.hosted_gateway import OPERATOR_KEY, HostedGateway

REFUSAL = '{"errors":[{"message":"You\'re not authorized to access this resource."}]}'
OWN, OTHER = "/v1/spaces/acme-shop", "/v1/spaces/umbrella-shop"
FUNCTION = {"functionId": "f", "type": "http", "provider": {"url": "http://host/f"}}
ROUTES = [
    ("GET", "/eventtypes", None),
    ("POST", "/eventtypes", {"name": "v"}),
    ("GET", "/eventtypes/u", None),
    ("PUT", "/eventtypes/u", {}),
    ("DELETE", "/eventtypes/u", None),
    ("GET", "/functions", None),
    ("POST", "/functions", FUNCTION),
    ("GET", "/subscriptions", None),
    ("POST", "/subscriptions", {}),
    ("GET", "/cors", None),
    ("POST", "/cors", {}),
    ("GET", "/suspension", None),
    ("PUT", "/suspension", {}),
    ("DELETE", "/suspension", None),
    ("GET", "/deadletters", None),
    ("POST", "/deadletters/redrive", None),
    ("DELETE", "/deadletters/x", None),
    ("POST", "/deadletters/x/redrive", None),
    ("GET", "/nowhere", None),
    ("PATCH", "", None),
]  # fmt: skip


@pytest.fixture
def hosted():
    gateway = HostedGateway()
    for tenant in ("acme", "umbrella"):
        account = gateway.account(tenant)
        assert gateway.ask(account.key, "POST", f"/v1/spaces/{account.space}/eventtypes", {"name": "u"}).status == 201
        setattr(gateway, tenant, account)
    return gateway


def new_key(hosted, **order):
    answer = hosted.operate("POST", "/acme/keys", order)
    assert answer.status == 201, answer
    return answer.document["accessKey"]


def config_requests(hosted):
    """How many have counted for each space."""
    hosted.usage.flush()
    spaces = {space: counts for space, counts in hosted.usage.store.spaces.items() if space}
    return {space: sum(count for name, count in counts.items() if name.startswith("config|")) for space, counts in spaces.items()}


def header(hosted, authorization, path=OWN + "/eventtypes", query=""):
    headers = {} if authorization is None else {"authorization": authorization}
    event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": path, "rawQueryString": query, "headers": headers}
    answer = hosted.config_api.handle(event)
    return answer["statusCode"], answer["headers"], answer["body"]


class TestKeys:
    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEARER"])
    def test_the_scheme_may_be_in_any_case(self, hosted, scheme):
        assert header(hosted, f"{scheme} {hosted.acme.key}")[0] == 200

    @pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic dTpw", "egk_x"])
    def test_without_a_key_it_is_a_401(self, hosted, authorization):
        assert header(hosted, authorization) == (401, {"content-type": "application/json", "www-authenticate": "Bearer"}, REFUSAL)

    @pytest.mark.parametrize("key", ["egk_wrong", "ege_wrong", "wrong", "the-operator-ke", "x" * 1024])
    def test_with_a_wrong_key_it_is_a_403(self, hosted, key):
        assert header(hosted, f"Bearer {key}") == (403, {"content-type": "application/json"}, REFUSAL)

    def test_a_key_in_the_query_is_none(self, hosted):
        assert header(hosted, None, query=f"key={hosted.acme.key}&authorization=bearer%20{hosted.acme.key}")[0] == 401

    def test_an_operator_key_may_look_like_an_access_key(self, hosted):
        borders = Borders(hosted.ring, Admission(GivenKey("egk_operator"), hosted.clock))
        assert borders.admit("egk_operator").is_operator
        assert borders.admit(hosted.acme.key).tenant == "acme"

    def test_without_an_operator_key_nobody_is_the_operator(self, hosted):
        object.__setattr__(hosted.config_api, "doors", Borders(hosted.ring, None))
        assert hosted.operate("GET").status == 403
        assert hosted.ask("egk_wrong", "GET", "/v1/tenants").status == 403
        assert hosted.ask(hosted.acme.key, "GET", OWN + "/eventtypes").status == 200

    def test_a_revoked_key_is_a_403_within_a_minute(self, hosted):
        [key] = hosted.tenancy.keys("acme")
        assert hosted.operate("DELETE", f"/acme/keys/{key.id}").status == 204
        hosted.clock.advance(60)
        assert hosted.ask(hosted.acme.key, "GET", OWN + "/eventtypes").status == 403

    def test_an_expired_key_is_a_403(self, hosted):
        key = new_key(hosted, expiresAt="2027-01-15T08:00:05Z")  # five seconds from now
        assert hosted.ask(key, "GET", OWN + "/eventtypes").status == 200
        hosted.clock.advance(5)
        assert hosted.ask(key, "GET", OWN + "/eventtypes").status == 403

    def test_while_keys_cannot_be_looked_up_it_is_a_503(self, hosted):
        hosted.tenants.away = True
        answer = hosted.ask("egk_wrong", "GET", OWN + "/eventtypes")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.message == "Keys cannot be checked at the moment. Please try again."


class TestSpaces:
    @pytest.mark.parametrize(("method", "path", "document"), ROUTES)
    @pytest.mark.parametrize("space", ["umbrella-shop", "nobody-here", "default", "acme", "umbrella-shop "])
    def test_a_space_of_another_is_a_403_whether_it_is_there_or_not(self, hosted, method, path, document, space):
        before = repr(hosted.store.log)
        answer = hosted.ask(hosted.acme.key, method, f"/v1/spaces/{space}{path}", document)
        assert (answer.status, answer.body) == (403, REFUSAL)
        assert repr(hosted.store.log) == before

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/spaces/Umbrella-Shop/eventtypes",
            "/v1/spaces/umbrella-shop%2feventtypes",
            "/v1/spaces/umbrella%2dshop/eventtypes",
            "/v1/spaces/umbrella%252dshop/eventtypes",
            "/v1/spaces/umbrella-shop\x00/eventtypes",
            "/v1/spaces/umbrella-shop./eventtypes",
            "/v1/spaces/./umbrella-shop/eventtypes",
            "/v1/spaces/..",
            f"/v1/spaces/{'u' * 5000}/eventtypes",
            "/v1/spaces/umbrella-shop#/eventtypes",
        ],
    )
    def test_no_spelling_leads_there_or_to_the_store(self, hosted, path):
        hosted.store.journal.clear()
        answer = hosted.ask(hosted.acme.key, "GET", path)
        assert (answer.status, answer.body, hosted.store.journal) == (403, REFUSAL, [])

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/spaces/acme-shop/../umbrella-shop/eventtypes",
            "/v1/spaces/acme-shop/eventtypes/../../umbrella-shop/eventtypes/u",
            "/v1/spaces/acme-shop/eventtypes/umbrella-shop/u",
            "/v1/spaces//umbrella-shop/eventtypes",
            "//v1/spaces/umbrella-shop/eventtypes",
            "/V1/spaces/umbrella-shop/eventtypes",
        ],
    )
    def test_neither_does_a_detour(self, hosted, path):
        answer = hosted.ask(hosted.acme.key, "GET", path)
        assert answer.status == 404
        assert answer.message in ("No such route.", f'Event Type "{path.partition("eventtypes/")[2]}" not found.')

    @given(st.text(st.sampled_from("umbrella-shopUMS./%2d\x00 "), max_size=20))
    @settings(max_examples=200)
    def test_no_path_at_all_shows_what_is_anothers(self, path):
        gateway = HostedGateway()
        key, _ = gateway.account("acme").key, gateway.account("umbrella")
        gateway.event_type("only-of-umbrella", space="umbrella-shop")
        answer = gateway.ask(key, "GET", f"/v1/spaces/{path}/eventtypes")
        assert "only-of-umbrella" not in answer.body
        assert answer.status in (400, 403, 404)

    def test_the_operator_reaches_every_space_and_learns_which_are_not_there(self, hosted):
        assert [hosted.ask(OPERATOR_KEY, "GET", f"{each}/eventtypes").status for each in (OWN, OTHER)] == [200, 200]
        answer = hosted.ask(OPERATOR_KEY, "GET", "/v1/spaces/nobody-here/eventtypes")
        assert (answer.status, answer.message) == (404, "There is no such space.")

    def test_a_space_that_is_being_deleted_is_gone_for_everybody(self, hosted):
        hosted.tenants.set_space_state("acme-shop", State.DELETING)
        assert hosted.ask(hosted.acme.key, "GET", OWN + "/eventtypes").status == 403
        assert hosted.ask(OPERATOR_KEY, "GET", OWN + "/eventtypes").status == 404

    def test_a_space_that_is_deleted_while_it_is_written_to_is_a_404(self, hosted):
        hosted.store.rivals = [lambda: hosted.tenants.set_space_state("acme-shop", State.DELETING)]
        answer = hosted.ask(hosted.acme.key, "POST", OWN + "/eventtypes", {"name": "v"})
        assert (answer.status, answer.message) == (404, "There is no such space.")


class TestScopes:
    @pytest.mark.parametrize(("method", "path", "document"), ROUTES)
    def test_a_key_that_only_reads_writes_nothing(self, hosted, method, path, document):
        before = repr(hosted.store.log)
        answer = hosted.ask(new_key(hosted, readOnly=True), method, OWN + path, document)
        assert (answer.status == 403) == (method != "GET")
        assert answer.body == REFUSAL or method == "GET"
        assert repr(hosted.store.log) == before

    def test_a_key_for_some_spaces_reaches_no_other(self, hosted):
        assert hosted.operate("POST", "/acme/apps", {"app": "blog"}).status == 201
        key = new_key(hosted, spaces=["acme-blog"])
        assert [hosted.ask(key, "GET", f"/v1/spaces/{each}/eventtypes").status for each in ("acme-blog", "acme-shop")] == [200, 403]
        assert hosted.ask(hosted.acme.key, "GET", "/v1/spaces/acme-blog/eventtypes").status == 200


class TestSuspended:
    @pytest.fixture
    def suspended(self, hosted):
        assert hosted.operate("PUT", "/acme/suspension", {"reason": "unpaid"}).status == 200
        return hosted

    @pytest.mark.parametrize(("method", "path", "document"), [each for each in ROUTES if each[0] != "GET"])
    def test_its_tenant_changes_nothing_and_learns_why(self, suspended, method, path, document):
        answer = suspended.ask(suspended.acme.key, method, OWN + path, document)
        assert (answer.status, answer.message) == (403, 'The space "acme-shop" is suspended: unpaid')

    def test_without_a_reason_there_is_none(self, suspended):
        suspended.operate("PUT", "/acme/suspension")
        assert suspended.ask(suspended.acme.key, "POST", OWN + "/eventtypes", {}).message == 'The space "acme-shop" is suspended.'

    def test_its_tenant_still_reads(self, suspended):
        assert suspended.ask(suspended.acme.key, "GET", OWN + "/eventtypes").status == 200

    def test_the_operator_may_change_it(self, suspended):
        assert suspended.ask(OPERATOR_KEY, "POST", OWN + "/eventtypes", {"name": "v"}).status == 201

    def test_others_are_not_concerned(self, suspended):
        assert suspended.ask(suspended.umbrella.key, "POST", OTHER + "/eventtypes", {"name": "v"}).status == 201

    def test_emitters_are_not_told_why(self, suspended):
        answer = suspended.send("acme-shop.slsgateway.com", event="u")
        assert (answer.status, answer.message) == (403, 'The space "acme-shop" is suspended.')

    def test_it_ends(self, suspended):
        assert suspended.operate("DELETE", "/acme/suspension").document["state"] == "active"
        assert suspended.ask(suspended.acme.key, "POST", OWN + "/eventtypes", {"name": "v"}).status == 201


class TestTraces:
    def test_the_history_tells_who_changed_something(self, hosted):
        [key] = hosted.tenancy.keys("acme")
        hosted.ask(OPERATOR_KEY, "POST", OWN + "/eventtypes", {"name": "v"})
        assert [change.by for change in hosted.store.log["acme-shop"]] == [f"key {key.id}", "operator"]

    def test_what_is_refused_counts_for_nobody(self, hosted):
        before = config_requests(hosted)
        for method, path, document in ROUTES:
            hosted.ask(hosted.umbrella.key, method, OWN + path, document)
            hosted.ask("", method, OWN + path, document)
            hosted.ask(OPERATOR_KEY, method, f"/v1/spaces/nobody-here{path}", document)
        assert config_requests(hosted) == before == {"acme-shop": 1, "umbrella-shop": 1}

    def test_what_is_answered_counts_for_its_space(self, hosted):
        hosted.ask(hosted.acme.key, "GET", OWN + "/eventtypes")
        hosted.ask(hosted.acme.key, "GET", OWN + "/eventtypes/gone")
        assert config_requests(hosted) == {"acme-shop": 3, "umbrella-shop": 1}

    def test_no_log_holds_a_key(self, hosted, logged):
        hosted.ask("egk_wrong-key", "GET", OWN + "/eventtypes")
        hosted.tenants.away = True
        hosted.clock.advance(60)
        hosted.ask(hosted.acme.key, "GET", OWN + "/eventtypes")
        shown = str([each.__dict__ for each in logged.records])
        assert "wrong-key" not in shown
        assert hosted.acme.key not in shown


def test_who_has_no_tenant_is_nobody_and_not_the_operator():
    """A key whose row has lost its owner must not open everything."""
    stray = replace(OPERATOR, is_operator=False)
    for attempt in (stray.check_operator, lambda: stray.check("", "acme-shop", writes=False)):
        with pytest.raises(AccessRefused):
            attempt()
