"""All checks together."""

import re
from pathlib import Path
from threading import Event

from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from local.doctor.case import Asked
from local.doctor.cdk import CLI
from local.doctor.examination import CHECKS, Check, examine
from local.doctor.examination import OF_DOMAINS as DOMAIN_CHECKS
from local.doctor.finding import State, Unchecked, fail, ok
from local.doctor.quotas import OF_DOMAINS, QUOTAS


def raises(error):
    def look(_):
        raise error

    return look


def seen(case, *checks, **limits):
    return [(each.name, each.state, each.found) for each in examine(case, checks, **limits)]


def test_no_check_ends_the_others(case):
    def half(_):
        yield ok("Half", "first")
        raise Unchecked("needs more")

    checks = [
        Check("Denied", raises(ClientError({"Error": {"Code": "AccessDenied"}}, "Op")), "some:Action"),
        Check("Away", raises(EndpointConnectionError(endpoint_url="https://a.b/", error="x"))),
        Check("Away, too", raises(EndpointConnectionError(endpoint_url="https://a.b/", error="x")), error=State.WARN),
        Check("Portal", raises(ResponseParserError("x"))),
        Check("Half", half),
        Check("Broken", raises(KeyError("x"))),
        Check("Last", lambda _: fail("Last", "found", "todo")),
    ]
    assert seen(case(), *checks) == [
        ("Denied", State.WARN, "could not read: access denied (AccessDenied)"),
        ("Away", State.FAIL, "no network: a.b cannot be reached (EndpointConnectionError)"),
        ("Away, too", State.WARN, "no network: a.b cannot be reached (EndpointConnectionError)"),
        ("Portal", State.FAIL, "something that is not AWS answered"),
        ("Half", State.OK, "first"),
        ("Half", State.WARN, "not checked: needs more"),
        ("Broken", State.FAIL, "this check is broken: KeyError"),
        ("Last", State.FAIL, "found"),
    ]


def test_a_check_that_hangs_is_left_behind(case):
    never = Event()
    found = seen(case(), Check("Hangs", lambda _: never.wait()), Check("Next", lambda _: ok("Next", "done")), each=0.05)
    never.set()
    assert [(name, state) for name, state, _ in found] == [("Hangs", State.FAIL), ("Next", State.OK)]


def test_all_together_have_a_limit(case):
    assert seen(case(), Check("Late", lambda _: ok("Late", "done")), together=0) == [("Late", State.WARN, "not checked: the time is up")]


def test_a_finding_is_told_before_the_next_check_begins(case):
    begun = []
    checks = [Check(name, lambda _, name=name: begun.append(name) or ok(name, "")) for name in ("a", "b")]
    found = examine(case(), checks)
    next(found)
    assert begun == ["a"]


def test_without_keys_and_programs_every_check_says_something(case):
    built = case(region=None, arn=None, has_keys=False)
    found = list(examine(built))
    assert {each.name.split()[0] for each in found} >= {check.name.split()[0] for check in CHECKS}
    assert not [each for each in found if "broken" in each.found]
    assert all(each.todo for each in found if each.state is State.FAIL)


def test_a_domain_has_checks_of_its_own(case):
    names = {each.name for each in examine(case(region=None, arn=None, has_keys=False, asked=Asked(domain="example.com")))}
    assert {"Hosted zone", "Certificate"} <= names


def test_what_needs_an_account_is_not_asked_without_one(case):
    asked = []
    assert seen(case(arn=None), Check("Stack", asked.append, in_account=True)) == [
        ("Stack", State.WARN, "not checked: needs valid AWS credentials")
    ]
    assert asked == []


def test_the_page_has_every_check_and_every_quota():
    page = (Path(__file__).parents[3] / "docs/doctor.md").read_text()
    for check in (*CHECKS, *DOMAIN_CHECKS):
        assert f"| {check.name}" in page or f"## {check.name}" in page
    for quota in (*QUOTAS, OF_DOMAINS):
        assert f"| `{quota.code}` | {quota.good:,.0f}" in page
    assert set(re.findall(r"aws-cdk@([\d.]*\d)", page)) == {CLI}
