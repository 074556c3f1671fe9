import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.suspension import Suspension
from eventgateway.web.config_api import ConfigApi
from tests.unit.test_handlers import config_request


@pytest.fixture
def ask(gateway):
    api = ConfigApi(gateway.manager)

    def ask(method, body=None, space="default"):
        answer = api.handle(config_request(method, f"/v1/spaces/{space}/suspension", body))
        return answer["statusCode"], json.loads(answer["body"] or "null")

    return ask


def test_a_space_is_suspended_and_resumed(ask, gateway):
    assert ask("GET") == (404, {"errors": [{"message": 'Suspension "default" not found.'}]})
    suspended = {"space": "default", "reason": "unpaid"}
    assert ask("PUT", {"reason": "unpaid"}) == (200, suspended)
    assert ask("GET") == (200, suspended)
    assert ask("PUT", {"reason": None}) == (200, {"space": "default"})
    assert ask("DELETE") == (204, None)
    assert ask("DELETE")[0] == 404
    assert not gateway.spaces.current("default").is_suspended


def test_other_methods_are_not_allowed(ask):
    status, answer = ask("POST", {})
    assert (status, answer) == (405, {"errors": [{"message": "Method not allowed. Use GET or PUT or DELETE."}]})


@pytest.mark.parametrize(("space", "body"), [("a", {"reason": "x"}), ("default", {"reason": 1}), ("default", {"reason": "x" * 1001})])
def test_what_makes_no_sense_is_refused(ask, space, body):
    status, answer = ask("PUT", body, space)
    assert status == 400
    assert answer["errors"][0]["message"].startswith("Suspension doesn't validate. Validation error: ")


@given(st.text(max_size=1000))
def test_it_survives_its_document(reason):
    suspension = Suspension.parse("default", {"reason": reason})
    assert Suspension.restore("default", suspension.stored()) == suspension


def test_a_reason_must_be_a_text():
    with pytest.raises(InvalidRequest, match="a string"):
        Suspension.parse("default", {"reason": []})
