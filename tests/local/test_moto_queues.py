"""Queues that were made quicker behave like queues."""

from time import sleep, time
from unittest.mock import patch

import pytest
from moto.sqs.models import Message

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
    return sqs.receive_message(**{"QueueUrl": url, "MaxNumberOfMessages": 10, **options}).get("Messages", [])


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


def test_messages_that_are_too_old_are_dropped(sqs, url, emulator):
    queue = emulator.queue(QUEUE)
    queue.put_back("old", {"MessageBody": "a"}, sent=time() - queue.message_retention_period - 1, due=0)
    assert receive(sqs, url) == []
    assert list(queue.waiting) == []


def test_a_purged_queue_is_empty(sqs, url):
    send(sqs, url, "a", "b")
    receive(sqs, url, MaxNumberOfMessages=1)
    send(sqs, url, "c", delay=900)
    sqs.purge_queue(QueueUrl=url)
    assert counts(sqs, url) == (0, 0, 0)


def test_a_message_has_the_attributes_that_are_asked_for(sqs, url):
    attributes = {name: {"DataType": "String", "StringValue": name} for name in ("a", "b")}
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attributes)
    assert "MessageAttributes" not in receive(sqs, url, VisibilityTimeout=0)[0]
    assert receive(sqs, url, VisibilityTimeout=0, MessageAttributeNames=["a"])[0]["MessageAttributes"] == {"a": attributes["a"]}
    assert receive(sqs, url, MessageAttributeNames=["All"])[0]["MessageAttributes"] == attributes


def test_messages_of_a_fifo_queue_keep_their_order(sqs):
    url = sqs.create_queue(QueueName="theirs.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    for body in ("a", "b", "b"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="group")
    first = receive(sqs, url, MaxNumberOfMessages=1)
    assert [each["Body"] for each in first] == ["a"]
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    assert [each["Body"] for each in receive(sqs, url)] == ["b"]


def test_nothing_looks_at_all_messages(sqs, url, emulator):
    """Neither send, receive nor delete: moto alone reads the times of 1,000 waiting messages 60,000 times for one receive."""
    queue, looks = emulator.queue(QUEUE), []

    class Watched(Message):
        def __getattribute__(self, name: str) -> object:
            looks.append(name)
            return super().__getattribute__(name)

    with patch("local.moto_queues.Message", Watched):
        for number in range(1000):
            queue.put_back(str(number), {"MessageBody": "x"}, sent=1795435200.0, due=0)
    looks.clear()
    messages = receive(sqs, url)
    send(sqs, url, "x")
    entries = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(messages)]
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
    assert 10 < len(looks) < 1000
