"""The routes of dead letters: what they refuse, bound, count and describe."""

import json

import pytest

from eventgateway.core.dead_letter import KIND
from eventgateway.core.instant import microseconds, show
from eventgateway.web.paging import WRONG_CURSOR, write_cursor
from functions.config import handler as config

WRONG_TIME = "The parameter '{}' must be a time (RFC 3339), such as 2026-11-23T12:00:00Z."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "The parameter 'limit' must be one whole number from 1 to 1000."),
        ("cursor=x", WRONG_CURSOR),
        (f"cursor={write_cursor(KIND, '0' * 16 + '#' + 'x' * 1024)}", WRONG_CURSOR),
        ("cursor=ZGVhZGxldHRlciB4", WRONG_CURSOR),
        ("acceptedAfter=yesterday", WRONG_TIME.format("acceptedAfter")),
        ("acceptedBefore=2026-11-23T12:00:00+01:00", WRONG_TIME.format("acceptedBefore")),
        ("type=", "The parameter 'type' must be there once and not be empty, or not at all."),
        ("type=u&type=v", "The parameter 'type' must be there once and not be empty, or not at all."),
        (
            "eventType=u",
            "There is no parameter 'eventType' here. Use subscription, type, acceptedAfter, acceptedBefore, limit, cursor.",
        ),
    ],
)
def test_what_a_list_refuses(deployed, query, message):
    assert deployed.refusal(400, "GET", "", query) == message


@pytest.mark.parametrize(
    ("query", "body", "message"),
    [
        ("typ=u", "", "There is no parameter 'typ' here. Use subscription, type, acceptedAfter, acceptedBefore."),
        ("limit=5", "", "There is no parameter 'limit' here. Use subscription, type, acceptedAfter, acceptedBefore."),
        ("", '{"type": "u"}', "The filters of a redrive are parameters of the URL. Please send no body."),
        ("acceptedAfter=yesterday", "", WRONG_TIME.format("acceptedAfter")),
    ],
)
def test_a_redrive_takes_nothing_that_it_does_not_know(deployed, query, body, message):
    assert deployed.refusal(400, "POST", "/redrive", query, body) == message


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "", "GET"),
        ("GET", "/redrive", "POST"),
        ("PUT", "/x", "GET, DELETE"),
        ("GET", "/x/redrive", "POST"),
        ("DELETE", "/redrives/x", "GET"),
    ],
)
def test_other_methods_are_not_allowed(deployed, method, path, allowed):
    deployed.refusal(405, method, path)
    assert deployed.answer["headers"]["allow"] == allowed


@pytest.mark.parametrize("path", ["/", "/x/y", "/redrive/", "/redrives/", "/redrives/x/y", "//redrive", "/x/redrive/"])
def test_other_paths_are_no_routes(deployed, path):
    assert deployed.refusal(404, "GET", path) == "No such route."


def test_a_space_without_letters_is_empty_and_one_that_cannot_be_too(deployed):
    assert deployed.ask("GET") == (200, {"deadLetters": []})
    deployed.subscribe("u")
    deployed.die("u")
    hour = microseconds(config.api().dead_letters.office.redriver.clock.time()) // 3_600_000_000
    for space in ("a b", "ä", f"{deployed.space}#{hour:07}"):
        assert deployed.send(f"/v1/spaces/{space}/deadletters") == (200, {"deadLetters": []})
        assert deployed.send(f"/v1/spaces/{space}/deadletters/redrive", "POST")[0] == 400


def test_the_running_redrives_of_a_space_are_bounded(deployed):
    for _ in range(10):
        assert deployed.ask("POST", "/redrive")[0] == 202
    assert deployed.refusal(409, "POST", "/redrive") == "10 redrives of the space are running. Please wait until one is done."
    deployed.work()
    assert deployed.ask("POST", "/redrive")[0] == 202


@pytest.mark.parametrize("identifier", ["x", "0001795435200000-x", "x" * 2000, "%20"])
def test_a_redrive_that_is_not_there_is_not_found(deployed, identifier):
    assert deployed.refusal(404, "GET", f"/redrives/{identifier}") == f'Redrive "{identifier}" not found.'


def test_requests_are_counted(deployed):
    deployed.subscribe("u")
    deployed.die("u")
    [letter] = deployed.letters()
    deployed.ask("GET", f"/{letter['id']}")
    deployed.ask("DELETE", f"/{letter['id']}")
    metrics = config.handler({"requestContext": {"http": {"method": "GET"}}, "rawPath": "/v1/metrics"}, None)["body"].split("\n")
    for operation in ("list", "get", "delete"):
        labels = f'space="{deployed.space}",resource="deadletter",operation="{operation}"'
        assert f"eventgateway_config_requests_total{{{labels}}} 1" in metrics


def test_answers_fit_their_descriptions(deployed):
    import jsonschema_rs

    from eventgateway.web.openapi import text

    def fits(name, document):
        schema = {"$ref": f"#/components/schemas/{name}", "components": json.loads(text())["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(document)
        described = json.loads(text())["components"]["schemas"][name]["properties"]
        assert set(document) <= set(described)

    deployed.subscribe("u")
    deployed.die("u")
    [letter] = deployed.letters()
    fits("DeadLetterSummary", letter)
    fits("DeadLetter", deployed.ask("GET", f"/{letter['id']}")[1])
    started = deployed.ask("POST", "/redrive", f"acceptedBefore={show(0)}")[1]
    fits("Redrive", started)
    deployed.work()
    fits("Redrive", deployed.ask("GET", f"/redrives/{started['redriveId']}")[1])
