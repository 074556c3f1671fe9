"""The outbound guard at registration: what the Config API refuses, and how it says so."""

import pytest

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import FunctionRefused, InvalidRequest
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.guard import PublicOnly
from eventgateway.operations.deliver import Outcome
from eventgateway.operations.manage import Manager
from tests.hostile_urls import AT_CALLS, HARMLESS, HOSTILE
from tests.unit.management import RULE, create, message, update

FRAME = "Function doesn't validate. Validation error: "
BY_GUARD = f"{FRAME}refused by the outbound guard: "
NOT_SQS = f"{BY_GUARD}the host of queueUrl is not SQS in the region"
QUEUE = "123456789012/queue"


def http(url):
    return {"functionId": "x", "type": "http", "provider": {"url": url}}


def sqs(url, region="eu-west-1"):
    return {"functionId": "x", "type": "awssqs", "provider": {"queueUrl": url, "region": region}}


@pytest.fixture
def guarded(gateway):
    """A manager whose guard is on."""
    return Manager(gateway.manager.spaces, guard=PublicOnly())


@pytest.mark.parametrize(("url", "reason"), [(url, reason) for reason, urls in HOSTILE.items() for url in urls])
def test_a_hostile_url_is_not_registered(guarded, gateway, url, reason):
    with pytest.raises(InvalidRequest) as refused:
        create(guarded, Function.kind, http(url))
    assert message(refused) == BY_GUARD + reason
    assert guarded.list(Function.kind, "default", {}) == []


@pytest.mark.parametrize("url", [url for urls in AT_CALLS.values() for url in urls])
def test_what_is_no_url_is_not_registered_either(guarded, url):
    with pytest.raises(InvalidRequest) as refused:
        create(guarded, Function.kind, http(url))
    assert message(refused) == f"{FRAME}missing required fields for HTTP endpoint"


@pytest.mark.parametrize("url", HARMLESS)
def test_a_harmless_url_is_registered(guarded, url):
    assert create(guarded, Function.kind, http(url)).shown()["provider"] == {"url": url}


@pytest.mark.parametrize(("before", "after"), [("https://www.example.com/", "http://10.0.0.1/"), ("http://10.0.0.1/", "http://10.0.0.2/")])
def test_an_update_is_checked(gateway, guarded, before, after):
    create(gateway.manager, Function.kind, http(before))
    with pytest.raises(InvalidRequest) as refused:
        update(guarded, Function.kind, "x", http(after))
    assert message(refused) == f"{BY_GUARD}the host has an address that is not public"
    assert guarded.get(Function.kind, "default", "x").provider.url == before


def test_what_was_registered_without_a_guard_can_be_mended_and_deleted(gateway, guarded):
    create(gateway.manager, Function.kind, http("http://localhost/"))
    assert update(guarded, Function.kind, "x", http("https://www.example.com/")).provider.url == "https://www.example.com/"
    guarded.delete(Function.kind, "default", "x")


def test_other_resources_do_not_concern_the_guard(guarded):
    create(guarded, EventType.kind, {"name": "u"})
    create(guarded, CorsRule.kind, RULE)


@pytest.mark.parametrize("url", [url for urls in HOSTILE.values() for url in urls])
def test_without_a_guard_any_url_is_registered(gateway, url):
    create(gateway.manager, Function.kind, http(url))


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (f"https://sqs.eu-west-1.amazonaws.com/{QUEUE}", "eu-west-1"),
        (f"https://sqs.eu-west-1.amazonaws.com:443/{QUEUE}.fifo", "eu-west-1"),
        (f"https://eu-west-1.queue.amazonaws.com/{QUEUE}", "eu-west-1"),
        (f"https://queue.amazonaws.com/{QUEUE}", "us-east-1"),
        (f"https://sqs-fips.us-gov-west-1.amazonaws.com/{QUEUE}", "us-gov-west-1"),
        (f"https://sqs.eu-west-1.api.aws/{QUEUE}", "eu-west-1"),
        (f"https://sqs.cn-north-1.amazonaws.com.cn/{QUEUE}", "cn-north-1"),
        (f"https://cn-north-1.queue.amazonaws.com.cn/{QUEUE}", "cn-north-1"),
        (f"https://sqs.eusc-de-east-1.amazonaws.eu/{QUEUE}", "eusc-de-east-1"),
        (f"https://sqs.us-iso-east-1.c2s.ic.gov/{QUEUE}", "us-iso-east-1"),
    ],
)
def test_a_queue_of_the_region_is_registered(guarded, url, region):
    assert create(guarded, Function.kind, sqs(url, region)).provider.queue_url == url


@pytest.mark.parametrize(
    "url",
    [
        "queue", "http://169.254.169.254/latest", "https://169.254.169.254/1/q", "https://www.example.com/1/q", f"http://localhost:4566/{QUEUE}",
        f"http://sqs.eu-west-1.amazonaws.com/{QUEUE}", f"//sqs.eu-west-1.amazonaws.com/{QUEUE}", "https://sqs.eu-west-1.amazonaws.com",
        f"https://sqs.us-east-1.amazonaws.com/{QUEUE}", f"https://sqs.eu-west-1.amazonaws.com:8443/{QUEUE}",
        f"https://sqs.eu-west-1.amazonaws.com.evil.test/{QUEUE}", f"https://sqs.eu-west-1.amazonaws.com@evil.test/{QUEUE}",
        f"https://sqs.eu-west-1.amazonaws.com:443@evil.test/{QUEUE}", f"https://evil.test/https://sqs.eu-west-1.amazonaws.com/{QUEUE}",
        f"https://evil.test#sqs.eu-west-1.amazonaws.com/{QUEUE}", f"https://user:pw@sqs.eu-west-1.amazonaws.com/{QUEUE}",
        f"https://sqs.eu-west-1.amazonaws.com\\@evil.test/{QUEUE}", f"https://sqsxeu-west-1.amazonaws.com/{QUEUE}",
        f"https://sqs.eu-west-1.amazonawsxcom/{QUEUE}", f"https://s3.eu-west-1.amazonaws.com/{QUEUE}",
        f"https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/{QUEUE}", f" https://sqs.eu-west-1.amazonaws.com/{QUEUE}",
    ],
)  # fmt: skip
def test_a_queue_elsewhere_is_not(guarded, gateway, url):
    with pytest.raises(InvalidRequest) as refused:
        create(guarded, Function.kind, sqs(url))
    assert message(refused) == NOT_SQS
    create(gateway.manager, Function.kind, sqs(url))


@pytest.mark.parametrize(
    "url",
    [
        "https://user:s3cret@127.0.0.1/s3cret?token=s3cret",
        "http://s3cret.localhost/",
        "http://www.example.com:22/s3cret",
        "http://s3cret\\@h/",
    ],
)
def test_a_refusal_quotes_nothing_of_the_url(guarded, url):
    with pytest.raises(InvalidRequest) as refused:
        create(guarded, Function.kind, http(url))
    assert "s3cret" not in message(refused)
    with pytest.raises(FunctionRefused) as refused:
        PublicOnly().check_url(url)
    assert "s3cret" not in message(refused)


def test_a_refused_delivery_is_tried_again_and_its_dead_letter_says_why(gateway):
    gateway.subscribe("async", "f")
    with pytest.raises(FunctionRefused) as refused:
        PublicOnly().check_addresses(["8.8.8.8", "127.0.0.1"])
    gateway.functions.answers["f"] = refused.value
    gateway.emit()
    assert gateway.deliver_next() is Outcome.RETRIED
    gateway.clock.advance(24 * 3600)
    assert gateway.deliver_next() is Outcome.DEAD
    errors = {each.error for each in gateway.dead_letters.letters[0].delivery.failures}
    assert errors == {"refused by the outbound guard: the host has an address that is not public"}
