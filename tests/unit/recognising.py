"""A gateway that recognises events which come again, and rivals at its claims."""

from eventgateway.core.claim import Claim
from eventgateway.core.errors import Unavailable
from eventgateway.core.event_type import EventType
from eventgateway.core.json import dumps
from eventgateway.core.result import Result
from tests.fakes import Gateway

ACCEPTED = Result(202)
WINDOW = 60
RECEIVED = "eventgateway.event.received"
QUEUE_AWAY = Unavailable("The delivery queue is not available. Please try again.")


class Once(Gateway):
    """A gateway whose events `u` are recognised for a minute, with a subscriber `f`."""

    def __init__(self, *spaces: str) -> None:
        super().__init__()
        for space in spaces or ("default",):
            self.recognise(space)
            self.subscribe("async", "f", space=space)

    def recognise(self, space: str, **more: str) -> None:
        self.create(EventType.kind, {"name": "u", "deduplicate": {"windowSeconds": WINDOW}, **more}, space)

    def send(self, id_: str = "1", source: str = "/me", type_: str = "u", data: object = None) -> Result:
        event = {"eventType": type_, "cloudEventsVersion": "0.1", "source": source, "eventID": id_, "data": data}
        return self.request("POST", "/", dumps(event), content_type="application/cloudevents+json")

    def kept(self, space: str = "default") -> Claim:
        [claim] = [claim for (name, _), claim in self.claims.kept.items() if name == space]
        return claim

    @property
    def spaces_queued(self) -> list[str]:
        return [each.space for each in self.queue.waiting]

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.queue.waiting]


def go_away(gateway: Gateway) -> None:
    gateway.claims.away = True


def at_write(gateway: Gateway, number: int, rival) -> None:
    """Let something happen just before a write of a claim, counted from 1."""
    gateway.claims.rivals = [lambda: None] * (number - 1) + [rival]


def die() -> None:
    """As a router that is killed: nothing of ours may catch it."""
    raise KeyboardInterrupt
