"""Writes to the journal what AWS calls changed, as they pass on the wire, and puts it back at the next start."""

import logging
from collections.abc import Iterable, Iterator
from json import dumps, loads
from time import time

from local.emulator import Emulator
from local.journal import Changes, Journal, Key, Message
from local.wire import Answer, Call, Json

log = logging.getLogger(__name__)

DYNAMODB, SQS = "DynamoDB_20120810.", "AmazonSQS."
NOT_PART_OF_A_MESSAGE = {"Id", "QueueUrl", "DelaySeconds"}
TRANSACTION_WRITES = {"Put": "Item", "Update": "Key", "Delete": "Key"}
BATCH_WRITES = {"PutRequest": "Item", "DeleteRequest": "Key"}


class JournalRecorder:
    """Implements `Recorder` for some tables, keyed by `pk` and `sk`, and one queue. What else is in AWS does not survive."""

    def __init__(self, emulator: Emulator, journal: Journal, tables: Iterable[str], queue_url: str) -> None:
        self._emulator, self._journal = emulator, journal
        self._tables, self._queue = frozenset(tables), queue_name(queue_url)
        self._ids: dict[str, str] = {}  # of messages that were received and not deleted, by receipt handle
        self._handles: dict[str, list[str]] = {}

    def record(self, call: Call, answer: Answer) -> None:
        """See `Recorder`."""
        if call.target.startswith(DYNAMODB):
            changes = self._items_changed(touched(call))
        elif call.target.startswith(SQS) and queue_name((parameters := call.parameters()).get("QueueUrl", "")) == self._queue:
            changes = self._messages_changed(call.target.removeprefix(SQS), parameters, answer.result())
        else:
            return
        if changes:
            self._journal.write(changes)

    def restore(self) -> None:
        """Put back all items but the expired ones, and all waiting messages."""
        now = time()
        for name in sorted(self._tables):
            table, expired = self._emulator.table(name), []
            for key, text in self._journal.items(name):
                item = loads(text)
                if float(item.get("ttl", {}).get("N", "inf")) < now:
                    expired.append(key)
                else:
                    table.put_item(item, overwrite=True)
            self._journal.write(Changes(deleted=expired))
        self._restore_messages(self._journal.messages())

    def _restore_messages(self, messages: list[Message]) -> None:
        queue = self._emulator.queue(self._queue)
        for each in messages:
            queue.put_back(each.id, loads(each.entry), each.sent, each.due)
        if messages:
            log.info("%d deliveries that an earlier run left waiting go on", len(messages))

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
