"""Messages that are not ours end in the queue's own dead-letter queue, and nothing waits for them."""

import json

import pytest

RECEIVES = 3
POISON = ["", "hello", "{}", '{"version":1}', '{"kind":"fan-out","version":1,"targets":[]}', "[" * 2000]
BODIES = [each or "empty" for each in POISON]  # SQS takes no empty bodies


@pytest.fixture
def impatient(gateway):
    """A gateway whose queue gives up after few receives."""
    attributes = gateway.sqs.get_queue_attributes(QueueUrl=gateway.settings.queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
    policy = json.loads(attributes["RedrivePolicy"])
    assert policy["maxReceiveCount"] == 1000
    changed = json.dumps(policy | {"maxReceiveCount": RECEIVES})
    gateway.sqs.set_queue_attributes(QueueUrl=gateway.settings.queue_url, Attributes={"RedrivePolicy": changed})
    return gateway


def send(gateway, *bodies):
    for body in bodies:
        gateway.sqs.send_message(QueueUrl=gateway.settings.queue_url, MessageBody=body)


def test_poison_reaches_the_dead_letter_queue(impatient):
    send(impatient, *BODIES)
    for _ in range(RECEIVES):
        assert sorted(each.body for each in impatient.waiting) == sorted(BODIES)
        assert impatient.poison == []
        impatient.pump_once()
        impatient.reappear()
    impatient.pump_once()
    assert (impatient.waiting, sorted(impatient.poison)) == ([], sorted(BODIES))


def test_poison_never_blocks_what_comes_with_it(impatient):
    impatient.subscribe("f", "g")
    send(impatient, *BODIES[:3])
    impatient.emit()
    send(impatient, *BODIES[3:])
    impatient.pump_once()
    assert {name: len(ids) for name, ids in impatient.calls().items()} == {"f": 1, "g": 1}
    assert sorted(each.body for each in impatient.waiting) == sorted(BODIES)


def test_a_fan_out_that_cannot_be_split_stays_until_it_can(impatient, monkeypatch):
    """It counts as received, and that is all: the count of 1,000 is more than the queue's retention has visibility time-outs for."""
    impatient.subscribe(*(f"f{number}" for number in range(51)))
    impatient.emit()
    [message] = impatient.waiting
    monkeypatch.setattr("eventgateway.operations.deliver.LEAST_SECONDS", 1e9)
    for _ in range(RECEIVES - 1):
        impatient.pump_once()
        impatient.reappear()
        assert (impatient.waiting, impatient.poison) == ([message], [])
    monkeypatch.undo()
    impatient.pump_all()
    assert (impatient.waiting, len(impatient.calls())) == ([], 51)
