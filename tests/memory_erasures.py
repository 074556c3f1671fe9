"""How far erasures are, in memory, and what they delete, for tests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventgateway.core.erasure import ERASING, Erasure, Stage, Swept
from eventgateway.core.errors import Unavailable
from eventgateway.core.tenant import State
from tests.memory_tenants import MemoryTenants


@dataclass
class MemoryErasures:
    """Implements `Erasures`. `rivals` are run one by one just before the next writes."""

    tenants: MemoryTenants = field(default_factory=MemoryTenants)
    kept: dict[tuple[str, str], Erasure] = field(default_factory=dict)
    away: bool = False
    rivals: list[Callable[[], object]] = field(default_factory=list)

    def begin(self, erasure: Erasure) -> bool:
        self._write()
        known, key = self.tenants, (erasure.tenant, erasure.app)
        is_there = self._is_kept(erasure.tenant) and (not erasure.app or key in known.known_apps)
        if not is_there or key in self.kept:
            return False
        if not erasure.app:
            known.set_state(erasure.tenant, State.DELETING)
        self.kept[key] = erasure
        return True

    def find(self, tenant: str, app: str) -> Erasure | None:
        self._check()
        return self.kept.get((tenant, app))

    def of(self, tenant: str) -> list[Erasure]:
        self._check()
        return [self.kept[key] for key in sorted(self.kept) if key[0] == tenant]

    def save(self, erasure: Erasure) -> bool:
        self._write()
        found = self.kept.get((erasure.tenant, erasure.app))
        if found is None or (found.id, found.slices) != (erasure.id, erasure.slices - 1):
            return False
        self.kept[erasure.tenant, erasure.app] = erasure
        return True

    def release(self, erasure: Erasure) -> None:
        self._write()
        known, tenant = self.tenants, erasure.tenant
        if erasure.app and not self._is_kept(tenant):
            self._give_up(erasure)
            return
        if self.kept.get((tenant, erasure.app)) != erasure:
            return
        for life in erasure.lives:
            head = known.store.heads.get(life.space)
            if head and (head.state, head.born) == (State.DELETING, life.born):
                del known.store.heads[life.space]
        if erasure.app:
            self._give_up(erasure)
            known.known_apps.pop((tenant, erasure.app))
            return
        del known.tenants[tenant]
        for parts in (known.known_apps, known.known_members, self.kept):
            _forget(parts, lambda key: key[0] == tenant)

    def _give_up(self, erasure: Erasure) -> None:
        found = self.kept.get((erasure.tenant, erasure.app))
        if found and found.id == erasure.id:
            del self.kept[erasure.tenant, erasure.app]

    def _is_kept(self, tenant: str) -> bool:
        found = self.tenants.tenants.get(tenant)
        return found is not None and found.state is not State.DELETING

    def _write(self) -> None:
        if self.rivals:
            self.rivals.pop(0)()
        self._check()

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of erasures is not available. Please try again.")


@dataclass
class MemoryRemains:
    """Implements `Remains`: `drop` deletes everything of some spaces at once and tells how much that was."""

    drop: Callable[[Sequence[str]], int]
    away: bool = False
    sweeps: int = 0

    def sweep(self, spaces: Sequence[str], position: str) -> Swept:
        self.sweeps += 1
        if self.away:
            raise Unavailable("The store of what is to be erased is not available. Please try again.")
        return Swept(self.drop(spaces))


def memory_remains(gateway: Any) -> dict[Stage, MemoryRemains]:
    """What an erasure deletes of a gateway in memory."""
    store, letters = gateway.store, gateway.dead_letters

    def configuration(spaces: Sequence[str]) -> int:
        return sum(_forget(part, lambda key: key in spaces) for part in (store.log, store.identities))

    def records(spaces: Sequence[str]) -> int:
        kept = [each for each in letters.letters if each.delivery.space not in spaces]
        count, letters.letters = len(letters.letters) - len(kept), kept
        count += _forget(gateway.usage.store.spaces, lambda key: key in spaces)
        return count + sum(_forget(part, lambda key: key[0] in spaces) for part in (gateway.redrives.redrives, gateway.claims.kept))

    def payloads(spaces: Sequence[str]) -> int:
        return _forget(gateway.payloads.events, lambda key: key.partition("/")[0] in spaces)

    return dict(zip(ERASING, map(MemoryRemains, (configuration, records, payloads)), strict=True))


def _forget(parts: dict[Any, Any], is_meant: Callable[[Any], bool]) -> int:
    """How many there were."""
    found = [key for key in parts if is_meant(key)]
    for key in found:
        del parts[key]
    return len(found)
