"""Async deliveries in SQS and dead letters in DynamoDB, on the emulator; SQS that fails is a server on the loopback."""

from dataclasses import replace
from itertools import pairwise
from json import dumps, loads
from types import SimpleNamespace
from uuid import uuid4

import botocore.endpoint
import botocore.session
import pytest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway.core.delivery import GROWTH_LIMIT, MESSAGE_LIMIT, Attempt
from eventgateway.core.errors import PayloadTooLarge, Unavailable
from eventgateway.core.message import parse
from eventgateway.queue import BATCH_MESSAGES, GROUP_LIMIT, ROUNDS, SqsQueue, batches
from tests.contract.backends import aws_error
from tests.contract.conftest import set_aws_environment
from tests.contract.samples import BASIC_PLANE, NOON, TEXTS, XML_TEXT, delivery, of_size, tried
from tests.loopback import Loopback, Then, answer, refused_url


class TestBatches:
    @given(st.lists(st.integers(0, 300_000) | st.integers(MESSAGE_LIMIT - 5, MESSAGE_LIMIT) | st.just(MESSAGE_LIMIT // 2), max_size=30))
    def test_keep_both_limits_and_waste_nothing(self, sizes):
        entries = [{"MessageBody": "x" * size} for size in sizes]
        made = list(batches(entries))
        assert [entry for batch in made for entry in batch] == entries
        lengths = [[len(entry["MessageBody"]) for entry in batch] for batch in made]
        assert all(0 < len(batch) <= BATCH_MESSAGES and sum(batch) <= MESSAGE_LIMIT for batch in lengths)
        assert all(len(batch) == BATCH_MESSAGES or sum(batch) + following[0] > MESSAGE_LIMIT for batch, following in pairwise(lengths))

    def test_size_is_in_bytes(self):
        assert len(list(batches([{"MessageBody": "ä" * (MESSAGE_LIMIT // 4)}] * 3))) == 2

    @pytest.mark.parametrize("body", ["x" * (MESSAGE_LIMIT + 1), "ä" * (MESSAGE_LIMIT // 2 + 1)])
    def test_too_large_is_told_before_the_first(self, body):
        with pytest.raises(PayloadTooLarge, match=str(MESSAGE_LIMIT)):
            batches([{"MessageBody": "x"}] * 15 + [{"MessageBody": body}])


@pytest.fixture(scope="class")
def sqs(emulator):
    return botocore.session.get_session().create_client("sqs")


@pytest.fixture
def url(sqs):
    return sqs.create_queue(QueueName=f"deliveries-{uuid4()}")["QueueUrl"]


@pytest.fixture
def queue(sqs, url):
    return SqsQueue(url, sqs)


@pytest.fixture
def sent(sqs):
    """The parameters of all calls."""
    calls = []

    def note(params, **_):
        calls.append(params)

    sqs.meta.events.register("provide-client-params.sqs.SendMessageBatch", note)
    yield calls
    sqs.meta.events.unregister("provide-client-params.sqs.SendMessageBatch", note)


def received(sqs, url):
    messages = []
    while more := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]).get("Messages"):
        messages += more
    return messages


class TestEmulated:
    def test_round_trip(self, queue, sqs, url, sent):
        deliveries = [tried(number, data=number, not_before=number / 3) for number in range(25)]
        queue.send(deliveries)
        assert [len(call["Entries"]) for call in sent] == [10, 10, 5]
        messages = received(sqs, url)
        assert sorted((parse(each["Body"]) for each in messages), key=lambda each: each.attempt) == deliveries

    def test_nothing_to_send(self, queue, sent):
        queue.send([])
        assert sent == []

    def test_space_is_the_message_group(self, queue, sqs, url):
        queue.send([delivery(space=space) for space in ("one", "two", "one")])
        queue.send_later(delivery(space="three"), 0)
        groups = [each["Attributes"]["MessageGroupId"] for each in received(sqs, url)]
        assert sorted(groups) == ["one", "one", "three", "two"]

    def test_message_group_of_a_long_name(self, queue, sent):
        """Regression: SQS takes 128 characters, names of spaces have no limit."""
        queue.send([delivery(space="s" * 1000)])
        assert sent[0]["Entries"][0]["MessageGroupId"] == "s" * GROUP_LIMIT

    def test_every_character_of_the_basic_plane(self, queue, sqs, url):
        original = delivery(BASIC_PLANE)
        queue.send([original])
        [message] = received(sqs, url)
        assert XML_TEXT.fullmatch(message["Body"])
        assert loads(parse(message["Body"]).event) == loads(original.event)

    @given(st.builds(delivery, TEXTS, id=TEXTS, subscription_id=TEXTS, function_id=TEXTS, event_id=TEXTS, event_type=TEXTS))
    @settings(max_examples=30)
    def test_any_delivery(self, sqs, emulator, any_queue, original):
        any_queue.send([original])
        [message] = received(sqs, any_queue._url)
        sqs.delete_message(QueueUrl=any_queue._url, ReceiptHandle=message["ReceiptHandle"])
        assert XML_TEXT.fullmatch(message["Body"])
        parsed = parse(message["Body"])
        assert replace(parsed, event=original.event) == original
        assert loads(parsed.event) == loads(original.event)

    def test_largest_message_and_all_its_attempts(self, queue, sent):
        """Regression: a later attempt was larger than SQS takes, so the message came again and again."""
        largest = of_size(MESSAGE_LIMIT - GROWTH_LIMIT)
        queue.send([largest])
        for attempt in range(50):
            largest = largest.failed(NOON + attempt / 7, "\x00" * 1000, 500).at(NOON + attempt / 3)
            queue.send_later(largest, 7200)
        assert {call["Entries"][0].get("DelaySeconds") for call in sent} == {None, 900}
        parsed = [parse(call["Entries"][0]["MessageBody"]) for call in sent]
        assert [each.attempt for each in parsed] == list(range(1, 52))
        assert parsed[-1].failures[-1] == Attempt(NOON + 7, "\x00" * 200, 500)

    def test_large_messages_are_spread(self, queue, sqs, url, sent):
        queue.send([of_size(400_000) for _ in range(5)])
        assert [len(call["Entries"]) for call in sent] == [2, 2, 1]
        assert len(received(sqs, url)) == 5

    def test_one_that_is_too_large_stops_all(self, queue, sent):
        with pytest.raises(PayloadTooLarge):
            queue.send([*(delivery() for _ in range(20)), of_size(MESSAGE_LIMIT + 1)])
        assert sent == []

    @pytest.mark.parametrize(("seconds", "delay"), [(0, 0), (-5, 0), (0.2, 1), (1.0, 1), (1.5, 2), (899.1, 900), (900, 900), (7200.0, 900)])
    def test_delay(self, queue, sent, seconds, delay):
        queue.send_later(delivery(), seconds)
        assert [entry["DelaySeconds"] for call in sent for entry in call["Entries"]] == [delay]

    def test_delayed_is_not_received_yet(self, queue, sqs, url):
        queue.send_later(delivery(), 5)
        assert received(sqs, url) == []

    def test_postponed_is_not_received_yet(self, queue, sqs, url):
        """Regression: 12 hours more are too many for a message that was received before."""
        queue.send([delivery()])
        for seconds in (0, 100_000.0):
            [message] = received(sqs, url)
            queue.postpone(message["ReceiptHandle"], seconds)
        assert received(sqs, url) == []

    def test_backlog(self, queue):
        queue.send([delivery() for _ in range(12)])
        assert queue.backlog() == 12

    def test_postponing_nothing(self, queue):
        with pytest.raises(Unavailable):
            queue.postpone("no receipt", 5)

    def test_queue_is_gone(self, sqs, url):
        with pytest.raises(Unavailable, match="delivery queue is not available"):
            SqsQueue(url + "-gone", sqs).send([delivery()])

    @pytest.fixture(scope="class")
    @classmethod
    def any_queue(cls, sqs):
        return SqsQueue(sqs.create_queue(QueueName=f"deliveries-{uuid4()}")["QueueUrl"], sqs)


@pytest.fixture(scope="module")
def server():
    with Loopback() as server:
        yield server


@pytest.fixture(scope="module")
def failing_queue(server):
    """A queue whose SQS is the served backend."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_aws_environment(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", server.url())
        return SqsQueue("https://sqs.us-east-1.amazonaws.com/123456789012/deliveries")


@pytest.fixture
def failing(failing_queue, server, aws_environment, monkeypatch):
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    server.requests.clear()
    return failing_queue


def confirming(*rounds):
    """SQS that confirms only some of each call, by their place."""
    left = iter(rounds)

    def script(request):
        entries, confirmed = loads(request.body)["Entries"], next(left, ())
        done = [{"Id": entry["Id"], "MessageId": "m"} for place, entry in enumerate(entries) if place in confirmed]
        failed = [
            {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False}
            for place, entry in enumerate(entries)
            if place not in confirmed
        ]
        return [answer(dumps({"Successful": done, "Failed": failed}).encode())]

    return script


def bodies(server):
    return [[entry["MessageBody"] for entry in loads(request.body)["Entries"]] for request in server.requests]


class TestPartialFailure:
    def test_only_the_rest_is_sent_again(self, failing, server):
        server.script = confirming({0, 2}, {0}, {0})
        deliveries = [delivery() for _ in range(4)]
        failing.send(deliveries)
        messages = [each.message() for each in deliveries]
        assert bodies(server) == [messages, [messages[1], messages[3]], [messages[3]]]

    def test_gives_up(self, failing, server):
        server.script = confirming({0})
        with pytest.raises(Unavailable) as caught:
            failing.send([delivery(), delivery()])
        assert caught.value.message == "The delivery queue is not available. Please try again."
        assert len(server.requests) == ROUNDS

    def test_later_batches_are_not_sent(self, failing, server):
        server.script = confirming({*range(10)})
        with pytest.raises(Unavailable):
            failing.send([delivery() for _ in range(30)])
        assert len(server.requests) == 1 + ROUNDS

    def test_an_answer_that_is_no_object_was_an_attribute_error(self, failing, server):
        """Regression: the router answered 500, as for a bug of its own."""
        server.script = lambda _: [answer(b"[]")]
        with pytest.raises(Unavailable):
            failing.send([delivery()])

    @pytest.mark.parametrize("reply", [b"{}", b'{"Successful":[]}', b'{"Successful":[{"Id":"7","MessageId":"m"}]}', b"<html>", b""])
    def test_answer_that_confirms_nothing(self, failing, server, reply):
        server.script = lambda _: [answer(reply)]
        with pytest.raises(Unavailable):
            failing.send([delivery()])
        assert len(server.requests) == ROUNDS


AWAY = {
    "throttled": [aws_error(403, "RequestThrottled", "secret text")],
    "access denied": [aws_error(403, "AccessDenied", "secret text")],
    "no queue": [aws_error(400, "QueueDoesNotExist", "secret text")],
    "broken": [aws_error(500, "InternalError", "secret text")],
    "load balancer": [answer(b"<html>secret text</html>", status="503 Service Unavailable")],
    "hang up": [Then.CLOSE],
    "half answer": [b"HTTP/1.1 20", Then.CLOSE],
}


class TestAway:
    @pytest.mark.parametrize("method", ["send", "send_later", "postpone", "backlog"])
    @pytest.mark.parametrize("how", AWAY)
    def test_every_failure_is_unavailable(self, failing, server, how, method):
        server.script = lambda _: AWAY[how]
        arguments = {"send": [[delivery()]], "send_later": [delivery(), 1.0], "postpone": ["receipt", 1.0], "backlog": []}[method]
        with pytest.raises(Unavailable) as caught:
            getattr(failing, method)(*arguments)
        assert caught.value.message == "The delivery queue is not available. Please try again."
        assert 1 <= len(server.requests) <= 3

    def test_refused(self, failing, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", refused_url())
        with pytest.raises(Unavailable):
            SqsQueue("https://sqs.us-east-1.amazonaws.com/123456789012/deliveries").send([delivery()])

    def test_silence(self, failing, server, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", server.url())
        server.script = lambda _: [2.0]
        client = botocore.session.get_session().create_client("sqs", config=Config(read_timeout=0.1, retries={"total_max_attempts": 2}))
        with pytest.raises(Unavailable):
            SqsQueue(failing._url, client).send([delivery()])
        assert len(server.requests) == 2

    def test_comes_back(self, failing, server, monkeypatch):
        """The client is new, because the SDK does not retry any more after very many failures."""
        monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", server.url())
        server.script = lambda request: [Then.CLOSE] if len(server.requests) < 3 else confirming({0})(request)
        SqsQueue(failing._url).send([delivery()])
        assert len(server.requests) == 3
