"""Queues that were made quicker behave like queues."""

from time import monotonic, sleep

import pytest

from local.resources import QUEUE


@pytest.fixture
def url(settings) -> str:
    return settings.queue_url


def send(sqs, url: str, *bodies: str, delay: int = 0) -> None:
    for start in range(0, len(bodies), 10):
        entries = [
            {"Id": str(number), "MessageBody": body, "DelaySeconds": delay} for number, body in enumerate(bodies[start : start + 10])
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def receive(sqs, url: str, **options: object) -> list[dict]:
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **options).get("Messages", [])


def counts(sqs, url: str) -> tuple[int, ...]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(attributes[name]) for name in names)


def test_received_messages_are_invisible_until_deleted(sqs, url):
    send(sqs, url, "a", "b")
    received = receive(sqs, url)
    assert sorted(each["Body"] for each in received) == ["a", "b"]
    assert receive(sqs, url) == []
    assert counts(sqs, url) == (0, 2, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=received[0]["ReceiptHandle"])
    assert counts(sqs, url) == (0, 1, 0)


def test_visibility_can_be_given_back(sqs, url):
    send(sqs, url, "a")
    first = receive(sqs, url)[0]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    sleep(0.002)
    again = receive(sqs, url, AttributeNames=["ApproximateReceiveCount"])[0]
    assert (again["MessageId"], again["Attributes"]["ApproximateReceiveCount"]) == (first["MessageId"], "2")


def test_an_old_handle_deletes_too_and_twice_does_no_harm(sqs, url):
    send(sqs, url, "a")
    first = receive(sqs, url, VisibilityTimeout=0)[0]
    sleep(0.002)
    receive(sqs, url)
    for _ in range(2):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert counts(sqs, url) == (0, 0, 0)


def test_an_unknown_handle_is_refused(sqs, url):
    with pytest.raises(sqs.exceptions.ReceiptHandleIsInvalid):
        sqs.delete_message(QueueUrl=url, ReceiptHandle="nonsense")


def test_delayed_messages_wait(sqs, url):
    send(sqs, url, "a", delay=1)
    assert receive(sqs, url) == []
    assert counts(sqs, url) == (0, 0, 1)


def test_poison_goes_to_the_dead_letter_queue(sqs, url, emulator):
    queue = emulator.queue(QUEUE)
    queue.redrive_policy["maxReceiveCount"] = 2
    send(sqs, url, "a")
    for _ in range(3):
        receive(sqs, url, VisibilityTimeout=0)
        sleep(0.002)
    assert counts(sqs, url) == (0, 0, 0)
    assert len(queue.dead_letter_queue.messages) == 1


def test_a_message_can_be_put_back(sqs, url, emulator):
    emulator.queue(QUEUE).put_back("id-1", {"MessageBody": "a", "MessageGroupId": "default"}, sent=1795435200.0, due=0)
    message = receive(sqs, url, AttributeNames=["All"])[0]
    assert (message["MessageId"], message["Body"]) == ("id-1", "a")
    assert (message["Attributes"]["SentTimestamp"], message["Attributes"]["MessageGroupId"]) == ("1795435200000", "default")


def test_deep_queues_stay_quick(sqs, url, emulator):
    """moto alone takes 600 ms to receive ten of a thousand; here it takes 3 ms."""
    for number in range(1000):
        emulator.queue(QUEUE).put_back(str(number), {"MessageBody": "x"}, sent=1795435200.0, due=0)
    started = monotonic()
    for _ in range(5):
        messages = receive(sqs, url)
        send(sqs, url, "x")
        entries = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(messages)]
        assert len(sqs.delete_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
    assert (monotonic() - started) / 5 < 0.2
