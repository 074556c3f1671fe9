"""Many spaces in memory, and an instance that knows them."""

from dataclasses import replace

from eventgateway import providers
from eventgateway.core.event_type import EventType
from eventgateway.core.hosting import Hosted
from eventgateway.core.json import dumps
from eventgateway.core.ports import Head
from eventgateway.core.tenant import State
from eventgateway.operations.hosted_spaces import HostedSpaces
from eventgateway.operations.manage import Manager
from tests.memory import NOON, FakeClock, MemoryStore

BORN = int(NOON * 1000)


class Many:
    """A store of hosted spaces, and two instances: one whose routing is tested, one that writes."""

    def __init__(self) -> None:
        self.clock, self.store = FakeClock(), MemoryStore(hosted=True)
        self.spaces, self.manager = self.instance(), Manager(self.instance(), lambda _: None)

    def instance(self) -> HostedSpaces:
        return HostedSpaces(self.store, providers.load(), self.clock, Hosted("slsgateway.com"))

    def bear(self, name: str, *event_types: str, born: int = BORN) -> None:
        self.store.heads[name] = Head(born, "acme", State.ACTIVE, born)
        for each in event_types:
            self.add(name, each)
        self.store.journal.clear()

    def add(self, name: str, event_type: str) -> None:
        self.manager.create(EventType.kind, name, dumps({"name": event_type}))
        self.store.journal.clear()

    def put(self, name: str, state: State) -> None:
        self.store.heads[name] = replace(self.store.heads[name], state=state)

    def erase(self, name: str) -> None:
        del self.store.heads[name]
        self.store.log.pop(name, None)

    def types(self, name: str) -> set[str]:
        """What the routing instance has in a space."""
        return set(self.spaces.routing(name).spaces[name].event_types)

    def reads(self) -> list[str]:
        """What was read since this was asked last."""
        found = [*self.store.journal]
        self.store.journal.clear()
        return found
