"""What the delivery queue carries: messages of several kinds, read back by their kind."""

from collections.abc import Callable, Mapping

from eventgateway.core import erasure, fan_out, redrive
from eventgateway.core.delivery import Delivery
from eventgateway.core.erasure import ErasureSlice
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.fan_out import FanOut
from eventgateway.core.json import JsonError, JsonObject, restore
from eventgateway.core.redrive import RedriveSlice

Message = Delivery | FanOut | RedriveSlice | ErasureSlice
DELIVERY = "delivery"
READERS: Mapping[str, Callable[[JsonObject], Message]] = {
    DELIVERY: Delivery.restore,
    fan_out.KIND: FanOut.restore,
    redrive.KIND: RedriveSlice.restore,
    erasure.KIND: ErasureSlice.restore,
}


def parse(text: str) -> Message:
    """The message of a body. Raises InvalidRequest for one that we did not write."""
    try:
        document = restore(text)
        if not isinstance(document, dict):
            raise TypeError("not an object")
        return READERS[str(document.get("kind", DELIVERY))](document)
    except (JsonError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRequest(f"not a message of the delivery queue: {type(error).__name__}") from error
