"""Feeds messages of a queue to a function as Lambda's event source mapping does.

Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html (`ReportBatchItemFailures`).
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event, Lock, Semaphore, Thread
from time import monotonic
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.lambda_context import ACCOUNT, LambdaContext
from local.wire import Json

log = logging.getLogger(__name__)

BATCH_SIZE = 10
CONCURRENCY = 8
POLL_SECONDS = 0.2
FUNCTION_SECONDS = 180.0

Handler = Callable[[Json, LambdaContext], Any]


class MalformedAnswer(ValueError):
    """The function's answer does not say which records failed."""


class Pump:
    """Receives while a worker is free: at once when it is woken, else every 200 ms, which finds delayed and failed messages."""

    def __init__(self, sqs: Any, queue_url: str, handler: Handler, *, region: str, concurrency: int = CONCURRENCY) -> None:  # noqa: ANN401
        self._sqs, self._url, self._handler, self._region = sqs, queue_url, handler, region
        self._free = Semaphore(concurrency)
        self._workers = ThreadPoolExecutor(concurrency, "pump")
        self._running: set[Future[None]] = set()
        self._lock, self._wake, self._stopped = Lock(), Event(), Event()
        self._receiver = Thread(target=self._receive_until_stopped, name="pump-receiver", daemon=True)

    def start(self) -> None:
        """Begin to receive."""
        self._receiver.start()

    def wake(self) -> None:
        """There may be a message."""
        self._wake.set()

    def stop(self, seconds: float) -> bool:
        """Receive no more and let running batches finish; False if some still run after the time."""
        deadline = monotonic() + seconds
        self._stopped.set()
        self._wake.set()
        self._receiver.join(seconds)
        with self._lock:
            running = set(self._running)
        left = wait(running, timeout=max(0.0, deadline - monotonic())).not_done
        self._workers.shutdown(wait=False, cancel_futures=True)
        return not left and not self._receiver.is_alive()

    def _receive_until_stopped(self) -> None:
        while True:
            self._free.acquire()
            self._wake.clear()
            if self._stopped.is_set():
                return
            if batch := self._receive():
                self._submit(batch)
            else:
                self._free.release()
                self._wake.wait(POLL_SECONDS)

    def _receive(self) -> list[Json]:
        try:
            answer = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH_SIZE,
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        except (BotoCoreError, ClientError):
            log.exception("cannot receive from %s", self._url)
            return []
        messages: list[Json] = answer.get("Messages", [])
        return messages

    def _submit(self, batch: list[Json]) -> None:
        future = self._workers.submit(self._deliver, batch)
        with self._lock:
            self._running.add(future)
        future.add_done_callback(self._done)

    def _done(self, future: Future[None]) -> None:
        with self._lock:
            self._running.discard(future)
        self._free.release()

    def _deliver(self, batch: Sequence[Json]) -> None:
        """Delete what the function did not name as failed; the rest gets visible again after the queue's time."""
        event = {"Records": [self._record(message) for message in batch]}
        try:
            failed = failures(self._handler(event, LambdaContext("delivery", FUNCTION_SECONDS)), event["Records"])
            self._delete([message for message in batch if message["MessageId"] not in failed])
        except Exception:
            log.exception("a batch of %d messages failed and will come again", len(batch))

    def _record(self, message: Json) -> Json:
        """As https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html shows it."""
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{self._region}:{ACCOUNT}:{self._url.rpartition('/')[2]}",
            "awsRegion": self._region,
        }

    def _delete(self, messages: Sequence[Json]) -> None:
        if not messages:
            return
        entries = [{"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]} for number, message in enumerate(messages)]
        answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        for failure in answer.get("Failed", ()):
            log.warning("message %s was delivered but not deleted: %s", messages[int(failure["Id"])]["MessageId"], failure.get("Message"))


def failures(answer: object, records: Sequence[Json]) -> set[str]:
    """The ids of failed records. Nothing, null and an empty list mean that all succeeded. Raises MalformedAnswer."""
    if answer is None or answer == {}:
        return set()
    if not isinstance(answer, dict) or "batchItemFailures" not in answer:
        raise MalformedAnswer(f"no batchItemFailures in {answer!r}")
    items = answer["batchItemFailures"] or []
    if not isinstance(items, list):
        raise MalformedAnswer(f"batchItemFailures is no list: {items!r}")
    known: set[str] = {record["messageId"] for record in records}
    failed = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    if unknown := [each for each in failed if not isinstance(each, str) or each not in known]:
        raise MalformedAnswer(f"not in the batch: {unknown!r}")
    return known.intersection(failed)


def _attribute(value: Json) -> Json:
    """A message attribute, named as events name it."""
    return {name[0].lower() + name[1:]: content for name, content in value.items()}
