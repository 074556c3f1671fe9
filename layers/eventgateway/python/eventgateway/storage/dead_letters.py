"""Dead letters in the table of records: a partition for each space and hour."""

from eventgateway.core.json import dumps
from eventgateway.core.ports import DeadLetter
from eventgateway.storage.dynamodb import available, row_class

SECONDS = 14 * 86400
PART_CHARACTERS = 90_000  # at most 4 bytes each; items of DynamoDB end at 400 KB


class DynamoDeadLetters:
    """Implements `DeadLetters`. A message too long for one item goes on in further ones; the first is written last."""

    def __init__(self, table: str) -> None:
        self._rows = row_class(table)

    def put(self, letter: DeadLetter) -> None:
        """See `DeadLetters`. The same delivery twice is kept once."""
        delivery, message = letter.delivery, letter.delivery.message()
        parts = [message[start : start + PART_CHARACTERS] for start in range(0, len(message), PART_CHARACTERS)]
        partition = f"deadletter#{delivery.space}#{int(delivery.accepted_at // 3600)}"
        for number in reversed(range(len(parts))):
            key = delivery.id if number == 0 else f"{delivery.id}#{number}"
            document = {"reason": letter.reason, "message": parts[number], "parts": len(parts)}
            self._save(partition, key, document, int(letter.at))

    def _save(self, partition: str, key: str, document: dict[str, object], at: int) -> None:
        row = self._rows(partition, key, at=at, document=dumps(document).decode(), ttl=at + SECONDS)
        with available("The store of dead letters"):
            row.save()
