"""Batches of messages reach the handler as Lambda's event source mapping would bring them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Lock
from time import monotonic, sleep, time

import pytest

from local.pump import MalformedAnswer, Pump, failures
from local.resources import QUEUE

RECORDS = [{"messageId": "a"}, {"messageId": "b"}]


class Function:
    """A handler that remembers its events; `answer` says what it does."""

    def __init__(self, answer: Callable[[dict], object] = lambda event: None) -> None:
        self.answer, self.events, self.called, self._lock = answer, [], Event(), Lock()

    def __call__(self, event, context):
        with self._lock:
            self.events.append(event)
        self.called.set()
        return self.answer(event)

    @property
    def bodies(self) -> list[str]:
        return [record["body"] for event in self.events for record in event["Records"]]


def until(condition: Callable[[], object], seconds: float = 3) -> bool:
    deadline = monotonic() + seconds
    while not condition() and monotonic() < deadline:
        sleep(0.002)
    return bool(condition())


@pytest.fixture
def pumping(emulator, settings, sqs):
    @contextmanager
    def start(handler, concurrency: int = 8) -> Iterator[Pump]:
        pump = Pump(sqs, settings.queue_url, handler, region="us-east-1", concurrency=concurrency)
        emulator.on_message(pump.wake)
        pump.start()
        try:
            yield pump
        finally:
            assert pump.stop(2)

    return start


@pytest.fixture
def send(sqs, settings):
    return lambda *bodies, **options: [sqs.send_message(QueueUrl=settings.queue_url, MessageBody=body, **options) for body in bodies]


@pytest.fixture
def left(emulator, settings):
    """Messages that are not deleted, and whether each is invisible."""
    return lambda: [(message.body, not message.visible) for message in emulator.queue(QUEUE).waiting]


def make_due(queue) -> None:
    """The time of delayed and invisible messages has come."""
    for message in queue.waiting:
        message.visible_at = message.delayed_until = 0
        queue.waiting.place(message)


def test_records_have_the_documented_shape(pumping, send, left):
    function = Function()
    attribute = {"kind": {"DataType": "String", "StringValue": "x"}}
    with pumping(function):
        sent = send("ä", MessageGroupId="space", MessageAttributes=attribute)[0]
        assert until(lambda: not left())
    record = function.events[0]["Records"][0]
    attributes = record.pop("attributes")
    assert record.pop("receiptHandle")
    assert record == {
        "messageId": sent["MessageId"],
        "body": "ä",
        "messageAttributes": {"kind": {"dataType": "String", "stringValue": "x"}},
        "md5OfBody": sent["MD5OfMessageBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{QUEUE}",
        "awsRegion": "us-east-1",
    }
    assert {"ApproximateReceiveCount": "1", "MessageGroupId": "space"}.items() <= attributes.items()
    assert abs(int(attributes["SentTimestamp"]) / 1000 - time()) < 10
    assert attributes["SenderId"]
    assert int(attributes["ApproximateFirstReceiveTimestamp"]) >= int(attributes["SentTimestamp"])


def test_a_delivery_starts_with_the_send(pumping, send):
    function = Function()
    with pumping(function):
        send("warm")
        assert function.called.wait(3)
        times = []
        for _ in range(5):
            sleep(0.01)
            function.called.clear()
            started = monotonic()
            send("x")
            assert function.called.wait(3)
            times.append(monotonic() - started)
    assert min(times) < 0.1


def test_messages_that_were_there_before_the_start_are_delivered(pumping, send, left):
    function = Function()
    send(*"abcdefghijklm")
    with pumping(function):
        assert until(lambda: not left())
    assert sorted(function.bodies) == list("abcdefghijklm")
    assert max(len(event["Records"]) for event in function.events) <= 10


def test_failed_records_stay_and_get_visible_again(pumping, send, left, emulator):
    def fail_b_once(event):
        failed = [each for each in event["Records"] if each["body"] == "b" and each["attributes"]["ApproximateReceiveCount"] == "1"]
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    function = Function(fail_b_once)
    send("a", "b")
    with pumping(function):
        assert until(lambda: left() == [("b", True)])
        make_due(emulator.queue(QUEUE))
        assert until(lambda: not left())
    assert function.bodies.count("b") == 2


@pytest.mark.parametrize("answer", [{"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {"nonsense": 1}, "text", [1]])
def test_after_a_malformed_answer_nothing_is_deleted(pumping, send, left, answer, caplog):
    function = Function(lambda event: answer)
    with pumping(function):
        send("a")
        assert until(lambda: "will come again" in caplog.text)
    assert left() == [("a", True)]


def test_after_an_exception_nothing_is_deleted(pumping, send, left, caplog):
    with pumping(Function(lambda event: 1 / 0)):
        send("a")
        assert until(lambda: "ZeroDivisionError" in caplog.text)
    assert left() == [("a", True)]


def test_batches_run_side_by_side_up_to_a_number(pumping, send):
    running, release, most = [], Event(), []

    def wait(event):
        running.append(1)
        most.append(len(running))
        release.wait(3)
        running.pop()

    function = Function(wait)
    with pumping(function, concurrency=3):
        for number in range(5):
            send(str(number))
            until(lambda number=number: len(function.events) == min(number + 1, 3))
        sleep(0.05)
        assert len(function.events) == 3
        release.set()
        assert until(lambda: sorted(function.bodies) == list("01234"))
    assert max(most) == 3


def test_a_delayed_message_is_delivered_when_it_is_due(pumping, send, emulator):
    function = Function()
    with pumping(function):
        send("later", DelaySeconds=900)
        assert not function.called.wait(0.05)
        make_due(emulator.queue(QUEUE))
        assert function.called.wait(1)


def test_a_stop_waits_for_what_is_running(emulator, settings, sqs, send, left):
    entered, release = Event(), Event()

    def wait(event, context):
        entered.set()
        release.wait(3)

    pump = Pump(sqs, settings.queue_url, wait, region="us-east-1")
    pump.start()
    send("a")
    pump.wake()
    assert entered.wait(3)
    assert not pump.stop(0.05)
    send("b")
    release.set()
    assert until(lambda: left() == [("b", False)])


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}])
def test_nothing_named_is_success(answer):
    assert failures(answer, RECORDS) == set()


def test_named_records_failed():
    assert failures({"batchItemFailures": [{"itemIdentifier": "b"}]}, RECORDS) == {"b"}


@pytest.mark.parametrize(
    "items",
    [
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": None}],
        [{"id": "a"}],
        ["a"],
        "a",
        [{"itemIdentifier": "c"}],
        [{"itemIdentifier": ["a"]}],
    ],
)
def test_wrongly_named_records_fail_the_batch(items):
    with pytest.raises(MalformedAnswer):
        failures({"batchItemFailures": items}, RECORDS)
