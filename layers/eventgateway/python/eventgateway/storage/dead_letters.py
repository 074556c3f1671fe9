"""Dead letters in the table of records: a partition for each space and hour of acceptance, and one that lists a space's hours."""

from eventgateway.core.delivery import Delivery
from eventgateway.core.json import dumps
from eventgateway.core.ports import DeadLetter, PayloadStore
from eventgateway.storage.dynamodb import available, row_class

SECONDS = 14 * 86400
EVENT_LIMIT = 64 * 1024  # bytes; a larger event lies in the payload store, items of DynamoDB end at 400 KB


class DynamoDeadLetters:
    """Implements `DeadLetters`."""

    def __init__(self, table: str, payloads: PayloadStore) -> None:
        self._rows, self._payloads = row_class(table), payloads

    def put(self, letter: DeadLetter) -> None:
        """See `DeadLetters`. The same delivery twice is kept once."""
        delivery, at = self._light(letter.delivery), int(letter.at)
        hour = int(delivery.accepted_at // 3600)
        document = dumps({"reason": letter.reason, "at": letter.at, "message": delivery.message()}).decode()
        with available("The store of dead letters"):
            self._rows(f"deadletter#{delivery.space}", str(hour), ttl=at + SECONDS).save()
            row = self._rows(f"deadletter#{delivery.space}#{hour}", delivery.id, at=at, document=document, ttl=at + SECONDS)
            row.save()

    def _light(self, delivery: Delivery) -> Delivery:
        """A delivery whose event fits beside everything else into an item."""
        if len(delivery.event) <= EVENT_LIMIT:
            return delivery
        return delivery.stored_at(self._payloads.put(delivery.space, delivery.event))
