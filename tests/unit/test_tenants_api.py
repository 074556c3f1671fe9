"""The operator API: tenants, and what belongs to each."""

from base64 import urlsafe_b64encode

import pytest

from eventgateway.web.config_api import ConfigApi
from tests.hosted_gateway import OPERATOR_KEY, HostedGateway

NOON = "2027-01-15T08:00:00Z"
ROUTES = {
    "": ["GET", "POST"],
    "/acme": ["GET", "DELETE"],
    "/acme/suspension": ["PUT", "DELETE"],
    "/acme/apps": ["GET", "POST"],
    "/acme/apps/shop": ["DELETE"],
    "/acme/keys": ["GET", "POST"],
    "/acme/keys/x": ["DELETE"],
    "/acme/members": ["GET"],
    "/acme/members/ada@example.com": ["PUT", "DELETE"],
}
NOWHERE = ["/", "/acme/", "/acme/nothing", "/acme/keys/", "/acme/keys/a/b", "/acme/members/", "/acme/suspension/x", "/acme/apps/"]


@pytest.fixture
def hosted():
    return HostedGateway()


@pytest.fixture
def acme(hosted):
    answer = hosted.operate("POST", "", {"tenant": "acme", "app": "shop", "email": "Ada@Example.com"})
    return hosted.ask, answer.document["accessKey"]


class TestTenants:
    def test_a_new_one_is_told_its_space_and_its_key(self, hosted):
        answer = hosted.operate("POST", "", {"tenant": "acme", "app": "shop"})
        assert answer.status == 201
        key = answer.document["accessKey"]
        assert answer.document == {"tenant": "acme", "app": "shop", "space": "acme-shop", "accessKey": key}
        assert hosted.ask(key, "POST", "/v1/spaces/acme-shop/eventtypes", {"name": "u"}).status == 201

    def test_one_of_them_is_shown_with_all_that_it_has(self, hosted, acme):
        assert hosted.operate("GET", "/acme").document == {
            "tenant": "acme",
            "state": "active",
            "createdAt": NOON,
            "email": "ada@example.com",
            "apps": [{"app": "shop", "space": "acme-shop", "createdAt": NOON}],
            "members": [{"email": "ada@example.com", "role": "Admin", "since": NOON}],
            "counts": {"apps": 1, "members": 1, "keys": 1},
        }

    def test_after_a_lost_answer_the_name_is_taken_and_another_key_helps(self, hosted, acme):
        again = hosted.operate("POST", "", {"tenant": "acme", "app": "shop"})
        assert (again.status, again.message) == (409, 'Tenant "acme" already exists.')
        key = hosted.operate("POST", "/acme/keys").document["accessKey"]
        assert hosted.ask(key, "GET", "/v1/spaces/acme-shop/eventtypes").status == 200

    def test_a_space_that_is_taken_is_a_409(self, hosted):
        hosted.operate("POST", "", {"tenant": "a", "app": "b-c"})
        refused = hosted.operate("POST", "", {"tenant": "a-b", "app": "c"})
        assert (refused.status, refused.message) == (409, 'The name "a-b-c" is taken.')

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            ({}, "tenant and app: required"),
            ({"tenant": "acme"}, "app: required"),
            ({"tenant": "", "app": "shop"}, "tenant: required"),
            ({"tenant": None, "app": "shop"}, "tenant: required"),
            ({"tenant": "config", "app": "shop"}, 'The name "config" is reserved.'),
            ({"tenant": 7, "app": "shop"}, "json: field 'tenant' must be a string, not a number"),
            ({"tenant": "acme", "app": "shop", "email": "x"}, "email must be an e-mail address"),
            ({"tenant": "acme", "app": "shop", "mail": "x"}, "There is no field 'mail' here. Use tenant, app, email."),
            ([], "json: the document must be an object, not an array"),
        ],
    )
    def test_what_is_wrong_is_named(self, hosted, document, message):
        refused = hosted.operate("POST", "", document)
        assert (refused.status, refused.message) == (400, message)

    def test_a_document_has_an_end(self, hosted):
        assert hosted.operate("POST", "", {"tenant": "x" * 20_000}).status == 413

    @pytest.mark.parametrize("tenant", ["nobody", "Acme", "a--b", "x" * 2000, "\x00"])
    @pytest.mark.parametrize(
        ("method", "path"), [("GET", ""), ("PUT", "/suspension"), ("DELETE", "/suspension"), ("GET", "/apps"), ("GET", "/keys")]
    )
    def test_who_is_not_there_is_a_404(self, hosted, acme, tenant, method, path):
        refused = hosted.operate(method, f"/{tenant}{path}")
        assert (refused.status, refused.message) == (404, f'Tenant "{tenant}" not found.')

    def test_a_suspension_shows_its_reason(self, hosted, acme):
        suspended = hosted.operate("PUT", "/acme/suspension", {"reason": "unpaid"})
        assert (suspended.status, suspended.document["state"], suspended.document["reason"]) == (200, "suspended", "unpaid")
        assert "reason" not in hosted.operate("DELETE", "/acme/suspension").document


class TestPages:
    NAMES = tuple(f"tenant-{number}" for number in range(7))

    @pytest.fixture
    def many(self, hosted):
        for name in reversed(self.NAMES):
            hosted.account(name)
        return hosted

    @staticmethod
    def names(answer):
        return [each["tenant"] for each in answer.document["tenants"]]

    def test_all_fit_into_one_answer(self, many):
        answer = many.operate("GET")
        assert (self.names(answer), "cursor" in answer.document) == ([*self.NAMES], False)

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
    def test_pages_have_each_once(self, many, limit):
        found, query = [], f"limit={limit}"
        while query:
            answer = many.operate("GET", query=query)
            assert 0 < len(self.names(answer)) <= limit
            found += self.names(answer)
            cursor = answer.document.get("cursor")
            query = cursor and f"limit={limit}&cursor={cursor}"
        assert found == [*self.NAMES]

    def test_a_page_reads_no_more_than_it_needs(self, many):
        many.journal.clear()
        many.operate("GET", query="limit=2")
        assert many.journal == ["page ", "some"]

    def test_who_is_gone_meanwhile_does_not_end_the_list(self, many):
        cursor = many.operate("GET", query="limit=2").document["cursor"]
        del many.tenants.tenants["tenant-1"]
        assert self.names(many.operate("GET", query=f"cursor={cursor}")) == [*self.NAMES[2:]]

    @pytest.mark.parametrize("limit", ["0", "1001", "x", "", "-1", "1&limit=2"])
    def test_a_limit_is_a_number(self, many, limit):
        assert many.operate("GET", query=f"limit={limit}").message.startswith("The parameter 'limit' must be")

    @pytest.mark.parametrize("position", ["", "Acme", "x" * 2000, "a\x00"])
    def test_a_cursor_is_one_of_ours(self, many, position):
        cursor = urlsafe_b64encode(f"tenant {position}".encode()).decode().rstrip("=")
        refused = many.operate("GET", query=f"cursor={cursor}")
        assert (refused.status, refused.message[:28]) == (400, "The parameter 'cursor' must ")

    def test_nobody_is_an_empty_list(self, hosted):
        assert hosted.operate("GET").document == {"tenants": []}


class TestParts:
    def test_applications(self, hosted, acme):
        added = hosted.operate("POST", "/acme/apps", {"app": "blog"})
        assert (added.status, added.document) == (201, {"app": "blog", "space": "acme-blog", "createdAt": NOON})
        assert [each["app"] for each in hosted.operate("GET", "/acme/apps").document["apps"]] == ["blog", "shop"]
        assert hosted.operate("POST", "/acme/apps", {"app": "blog"}).status == 409
        assert hosted.operate("POST", "/acme/apps").message == "app: required"

    def test_members(self, hosted, acme):
        put = hosted.operate("PUT", "/acme/members/BOB@example.com", {"role": "Collaborator"})
        assert (put.status, put.document) == (200, {"email": "bob@example.com", "role": "Collaborator", "since": NOON})
        assert [each["email"] for each in hosted.operate("GET", "/acme/members").document["members"]] == [
            "ada@example.com",
            "bob@example.com",
        ]
        assert hosted.operate("PUT", "/acme/members/bob@example.com", {}).message == "role: required"
        assert hosted.operate("PUT", "/acme/members/bob", {"role": "Admin"}).message == "email must be an e-mail address"
        assert hosted.operate("DELETE", "/acme/members/ada@example.com").message == "The last Admin of a tenant stays one."
        assert [hosted.operate("DELETE", "/acme/members/bob@example.com").status for _ in range(2)] == [204, 404]

    def test_a_key_is_told_once(self, hosted, acme):
        order = {"name": "ci", "expiresAt": "2027-01-16T08:00:00+00:00", "spaces": ["acme-shop"], "readOnly": True}
        created = hosted.operate("POST", "/acme/keys", order)
        assert created.status == 201
        text = created.document["accessKey"]
        shown = {key: value for key, value in created.document.items() if key != "accessKey"}
        assert shown == {
            "id": shown["id"],
            "name": "ci",
            "key": f"egk_…{text[-4:]}",
            "readOnly": True,
            "spaces": ["acme-shop"],
            "createdAt": NOON,
            "expiresAt": "2027-01-16T08:00:00Z",
            "lastUsedAt": None,
        }
        listed = hosted.operate("GET", "/acme/keys")
        assert shown in listed.document["keys"]
        assert text not in listed.body

    def test_a_key_shows_when_it_was_used(self, hosted, acme):
        hosted.ask(acme[1], "GET", "/v1/spaces/acme-shop/eventtypes")
        assert hosted.operate("GET", "/acme/keys").document["keys"][0]["lastUsedAt"] == NOON

    @pytest.mark.parametrize(
        ("order", "message"),
        [
            ({"expiresAt": "tomorrow"}, "expiresAt must be a time"),
            ({"expiresAt": ""}, "expiresAt must be a time"),
            ({"expiresAt": "1970-01-01T00:00:00Z"}, "expiresAt must be in the future"),
            ({"expiresAt": "1900-01-01T00:00:00Z"}, "expiresAt must be in the future"),
            ({"expiresAt": NOON}, "expiresAt must be in the future"),
            ({"expiresAt": 7}, "json: field 'expiresAt' must be a string"),
            ({"readonly": True}, "There is no field 'readonly' here. Use name, expiresAt, spaces, readOnly."),
            ({"readOnly": "yes"}, "json: field 'readOnly' must be a boolean"),
            ({"spaces": []}, "spaces must name one at least"),
            ({"spaces": "acme-shop"}, "json: field 'spaces' must be an array"),
            ({"spaces": ["umbrella-shop"]}, "spaces: 'umbrella-shop' is no space of the tenant"),
            ({"name": "x" * 101}, "name has at most 100 characters"),
        ],
    )
    def test_a_key_is_never_more_than_was_meant(self, hosted, acme, order, message):
        refused = hosted.operate("POST", "/acme/keys", order)
        assert refused.status == 400
        assert refused.message.startswith(message)
        assert len(hosted.tenancy.keys("acme")) == 1

    def test_a_key_is_revoked(self, hosted, acme):
        identifier = hosted.operate("GET", "/acme/keys").document["keys"][0]["id"]
        assert [hosted.operate("DELETE", f"/acme/keys/{identifier}").status for _ in range(2)] == [204, 404]


class TestRoutes:
    @pytest.mark.parametrize(("path", "methods"), ROUTES.items())
    def test_other_methods_are_a_405(self, hosted, acme, path, methods):
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"} - set(methods):
            answer = hosted.operate(method, path)
            assert (answer.status, answer.headers["allow"]) == (405, ", ".join(methods))

    @pytest.mark.parametrize(("path", "methods"), ROUTES.items())
    def test_options_tell_the_methods_without_a_key_and_read_nothing(self, hosted, path, methods):
        answer = hosted.ask("", "OPTIONS", f"/v1/tenants{path}")
        assert (answer.status, answer.headers["allow"], hosted.journal) == (405, ", ".join(methods), [])

    @pytest.mark.parametrize("path", NOWHERE)
    def test_there_is_nothing_else(self, hosted, acme, path):
        for method in ("GET", "POST", "OPTIONS"):
            answer = hosted.operate(method, path)
            assert (answer.status, answer.message) == (404, "No such route.")

    @pytest.mark.parametrize("path", [*ROUTES, *NOWHERE[1:], "/umbrella"])
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD"])
    def test_tenants_get_nowhere(self, hosted, acme, method, path):
        hosted.journal.clear()
        answer = hosted.ask(acme[1], method, f"/v1/tenants{path}", {})
        assert (answer.status, answer.message) == (403, "You're not authorized to access this resource.")
        assert [each for each in hosted.journal if each not in ("find key", "note use")] == []

    @pytest.mark.parametrize("path", ROUTES)
    def test_without_a_key_it_is_a_401(self, hosted, path):
        assert hosted.ask("", "GET", f"/v1/tenants{path}").status == 401

    def test_one_owner_has_no_tenants(self, gateway):
        api = ConfigApi(gateway.manager)
        answer = api.handle({"requestContext": {"http": {"method": "GET"}}, "rawPath": "/v1/tenants"})
        assert (answer["statusCode"], answer["body"]) == (404, '{"errors":[{"message":"No such route."}]}')


class TestMetrics:
    @pytest.fixture
    def used(self, hosted):
        for tenant in ("acme", "umbrella"):
            account = hosted.account(tenant)
            setattr(hosted, tenant, account)
            hosted.subscribe("async", "f", space=account.space)
            hosted.emit(space=account.space)
        return hosted

    def test_a_tenant_sees_its_own(self, used):
        text = used.ask(used.acme.key, "GET", "/v1/metrics").body
        assert 'eventgateway_events_received_total{space="acme-shop",type="custom"} 1' in text
        assert 'eventgateway_subscriptions_total{space="acme-shop"} 1' in text
        assert "umbrella" not in text
        assert "eventgateway_events_backlog 1" not in text

    def test_a_key_for_some_spaces_sees_these(self, used):
        used.operate("POST", "/acme/apps", {"app": "blog"})
        key = used.operate("POST", "/acme/keys", {"spaces": ["acme-blog"], "readOnly": True}).document["accessKey"]
        text = used.ask(key, "GET", "/v1/metrics").body
        assert 'space="acme-blog"' in text
        assert "acme-shop" not in text

    def test_a_space_that_was_deleted_a_moment_ago_is_left_out(self, used):
        used.operate("POST", "/acme/apps", {"app": "blog"})
        del used.store.heads["acme-blog"]
        answer = used.ask(used.acme.key, "GET", "/v1/metrics")
        assert (answer.status, "acme-blog" in answer.body) == (200, False)

    def test_the_operator_sees_what_all_use_and_nothing_that_they_have_configured(self, used):
        text = used.ask(OPERATOR_KEY, "GET", "/v1/metrics").body
        assert all(f'eventgateway_events_received_total{{space="{each}-shop",type="custom"}} 1' in text for each in ("acme", "umbrella"))
        assert "eventgateway_subscriptions_total{" not in text

    def test_nobody_sees_anything(self, used):
        assert used.ask("", "GET", "/v1/metrics").status == 401
