"""Writes to the journal what AWS calls changed, as they pass on the wire, and puts it back at the next start."""

import logging
from collections.abc import Iterable, Iterator
from json import dumps, loads
from time import time

from eventgateway.settings import Settings
from local import moto_keys
from local.changes import Changes, Key, Message, StoredObject
from local.emulator import Emulator
from local.journal import Journal
from local.moto_objects import touched_objects
from local.wire import Answer, Call, Json

log = logging.getLogger(__name__)

DYNAMODB, SQS = "DynamoDB_20120810.", "AmazonSQS."
NOT_PART_OF_A_MESSAGE = {"Id", "QueueUrl", "DelaySeconds"}
TRANSACTION_WRITES = {"Put": "Item", "Update": "Key", "Delete": "Key"}
BATCH_WRITES = {"PutRequest": "Item", "DeleteRequest": "Key"}
OBJECT_SECONDS = 30 * 24 * 3600  # as the lifecycle of the deployed bucket


class JournalRecorder:
    """Implements `Recorder` for the resources of the settings: tables keyed by `pk` and `sk`, a queue, a bucket and a key.

    What else is in AWS does not survive, nor do headers and metadata of objects.
    """

    def __init__(self, emulator: Emulator, journal: Journal, settings: Settings) -> None:
        self._emulator, self._journal = emulator, journal
        self._tables = frozenset((settings.config_table, settings.records_table))
        self._queue, self._bucket, self._key = queue_name(settings.queue_url), settings.payload_bucket, settings.secrets_key
        self._ids: dict[str, str] = {}  # of messages that were received and not deleted, by receipt handle
        self._handles: dict[str, list[str]] = {}

    def record(self, call: Call, answer: Answer) -> None:
        """See `Recorder`."""
        if changes := self._changes(call, answer):
            self._journal.write(changes)

    def restore(self) -> None:
        """Put back all items and objects but the expired ones, all waiting messages, and the key."""
        now = time()
        for name in sorted(self._tables):
            self._restore_items(name, now)
        self._restore_messages(self._journal.messages())
        self._journal.drop_objects(before=now - OBJECT_SECONDS)
        bucket = self._emulator.bucket(self._bucket)
        for each in self._journal.objects():
            bucket.put_back(each)
        self._restore_key()

    def _changes(self, call: Call, answer: Answer) -> Changes | None:
        if call.target.startswith(DYNAMODB):
            return self._items_changed(touched(call))
        if call.target.startswith(SQS):
            parameters = call.parameters()
            ours = queue_name(parameters.get("QueueUrl", "")) == self._queue
            return self._messages_changed(call.target.removeprefix(SQS), parameters, answer.result()) if ours else None
        return self._objects_changed(touched_objects(call, answer, self._bucket))

    def _restore_items(self, name: str, now: float) -> None:
        table, expired = self._emulator.table(name), []
        for key, text in self._journal.items(name):
            item = loads(text)
            if float(item.get("ttl", {}).get("N", "inf")) < now:
                expired.append(key)
            else:
                table.put_item(item, overwrite=True)
        self._journal.write(Changes(deleted=expired))

    def _restore_key(self) -> None:
        """The key of the first run is the one of all."""
        backend = self._emulator.keys()
        if kept := self._journal.master_key():
            moto_keys.put_back(backend, self._key, kept)
        else:
            self._journal.keep_master_key(moto_keys.master_key(backend, self._key))

    def _restore_messages(self, messages: list[Message]) -> None:
        queue = self._emulator.queue(self._queue)
        for each in messages:
            queue.put_back(each.id, loads(each.entry), each.sent, each.due)
        if messages:
            log.info("%d deliveries that an earlier run left waiting go on", len(messages))

    def _objects_changed(self, keys: Iterable[str]) -> Changes:
        """Read the touched objects back: as with items."""
        bucket, now = self._emulator.bucket(self._bucket), time()
        found = {key: bucket.read(key) for key in keys}
        written = [StoredObject(key, body, now) for key, body in found.items() if body is not None]
        return Changes(objects=written, deleted_objects=[key for key, body in found.items() if body is None])

    def _items_changed(self, places: Iterable[tuple[str, Json]]) -> Changes:
        """Read the touched items back: that is right for every operation."""
        keys = {(table, key["pk"]["S"], key["sk"]["S"]) for table, key in places if table in self._tables}
        found = {(table, item["pk"]["S"], item["sk"]["S"]): dumps(item) for table, item in self._read(keys)}
        return Changes(items=list(found.items()), deleted=sorted(keys - found.keys()))

    def _read(self, keys: Iterable[Key]) -> Iterator[tuple[str, Json]]:
        wanted: Json = {}
        for table, pk, sk in keys:
            wanted.setdefault(table, {"Keys": [], "ConsistentRead": True})["Keys"].append({"pk": {"S": pk}, "sk": {"S": sk}})
        while wanted:
            result = self._emulator.call(f"{DYNAMODB}BatchGetItem", {"RequestItems": wanted})
            for table, items in result["Responses"].items():
                yield from ((table, item) for item in items)
            wanted = result.get("UnprocessedKeys") or {}

    def _messages_changed(self, operation: str, parameters: Json, result: Json) -> Changes:
        entries = {entry["Id"]: entry for entry in parameters.get("Entries", ())}
        done = [(each, entries.get(each["Id"], {})) for each in result.get("Successful", ())]
        match operation:
            case "SendMessage":
                return Changes(sent=[_message(result["MessageId"], parameters)])
            case "SendMessageBatch":
                return Changes(sent=[_message(each["MessageId"], entry) for each, entry in done])
            case "DeleteMessage":
                return self._deleted([parameters["ReceiptHandle"]])
            case "DeleteMessageBatch":
                return self._deleted(entry["ReceiptHandle"] for _, entry in done)
            case "PurgeQueue":
                return Changes(deleted_messages=[each.id for each in self._journal.messages()])
        self._received(result.get("Messages", ()))
        return Changes()

    def _received(self, messages: Iterable[Json]) -> None:
        for each in messages:
            self._ids[each["ReceiptHandle"]] = each["MessageId"]
            self._handles.setdefault(each["MessageId"], []).append(each["ReceiptHandle"])

    def _deleted(self, receipt_handles: Iterable[str]) -> Changes:
        """A message that was received more than once has more handles than the one it was deleted by."""
        ids = sorted({self._ids[handle] for handle in receipt_handles if handle in self._ids})
        for each in ids:
            for handle in self._handles.pop(each):
                del self._ids[handle]
        return Changes(deleted_messages=ids)


def touched(call: Call) -> Iterator[tuple[str, Json]]:
    """Table and key, or the whole item, of everything that a call to DynamoDB may have written."""
    match call.target.removeprefix(DYNAMODB):
        case "PutItem":
            yield _place(call.parameters(), "Item")
        case "UpdateItem" | "DeleteItem":
            yield _place(call.parameters(), "Key")
        case "BatchWriteItem":
            for table, requests in call.parameters()["RequestItems"].items():
                yield from ((table, write[BATCH_WRITES[kind]]) for request in requests for kind, write in request.items())
        case "TransactWriteItems":
            writes = (each for item in call.parameters()["TransactItems"] for each in item.items())
            yield from (_place(write, TRANSACTION_WRITES[kind]) for kind, write in writes if kind in TRANSACTION_WRITES)


def queue_name(url: str) -> str:
    """The name of a queue, which is all that the emulator looks at."""
    return url.rpartition("/")[2]


def _place(write: Json, key: str) -> tuple[str, Json]:
    return write["TableName"], write[key]


def _message(message_id: str, parameters: Json) -> Message:
    entry = {name: value for name, value in parameters.items() if name not in NOT_PART_OF_A_MESSAGE}
    now = time()
    return Message(message_id, dumps(entry), now, now + int(parameters.get("DelaySeconds") or 0))
