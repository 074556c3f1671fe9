"""Batches of the delivery queue: records as Lambda gives them to the worker, and what it answers."""

from time import time


def record(delivery, number=1, age=0, receives=1):
    body = delivery if isinstance(delivery, str) else delivery.message()
    sent = {"SentTimestamp": str(int((time() - age) * 1000)), "ApproximateReceiveCount": str(receives)}
    return {"messageId": f"m{number}", "receiptHandle": f"r{number}", "body": body, "attributes": sent}


def failures(answer):
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]
