"""The store of tenants in memory, for tests. Its spaces are those of a `MemoryStore` of hosted mode."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from eventgateway.core.access_key import AccessKey
from eventgateway.core.errors import Unavailable
from eventgateway.core.ports import Head
from eventgateway.core.tenant import App, Member, State, Tenant, inactive, no_tenant, space_taken, tenant_taken
from tests.memory import Journal, MemoryStore


@dataclass
class MemoryTenants:
    """Implements `TenantStore`. `rivals` are run one by one just before the next writes."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore(hosted=True))
    journal: Journal = field(default_factory=list)
    tenants: dict[str, Tenant] = field(default_factory=dict)
    known_apps: dict[tuple[str, str], App] = field(default_factory=dict)
    known_members: dict[tuple[str, str], Member] = field(default_factory=dict)
    known_keys: dict[str, AccessKey] = field(default_factory=dict)  # by digest
    away: bool = False
    rivals: list[Callable[[], object]] = field(default_factory=list)

    def create(self, tenant: Tenant, app: App, key: AccessKey, member: Member | None) -> None:
        self._write(f"create {tenant.name}")
        if tenant.name in self.tenants:
            raise tenant_taken(tenant.name)
        self._add_space(app)
        self.tenants[tenant.name] = tenant
        self.known_keys[key.digest] = key
        if member:
            self.known_members[member.tenant, member.email] = member

    def find(self, name: str) -> Tenant | None:
        self._read(f"find {name}")
        return self.tenants.get(name)

    def page(self, after: str, limit: int) -> list[str]:
        self._read(f"page {after}")
        return sorted(name for name in self.tenants if name > after)[:limit]

    def some(self, names: Sequence[str]) -> list[Tenant]:
        self._read("some")
        return [self.tenants[name] for name in names if name in self.tenants]

    def set_state(self, name: str, state: State, reason: str = "") -> None:
        self._write(f"set {name} {state}")
        self.tenants[name] = replace(self._kept(name), state=state, reason=reason)

    def set_space_state(self, space: str, state: State) -> None:
        self._write(f"set space {space} {state}")
        head = self.store.heads.get(space)
        if head and head.state is not State.DELETING:
            self.store.heads[space] = replace(head, state=state)

    def add_app(self, app: App) -> None:
        self._write(f"add {app.space}")
        found = self.tenants.get(app.tenant)
        if found is None or found.state is not State.ACTIVE:
            raise inactive(app.tenant)
        self._add_space(app)

    def remove_app(self, app: App) -> None:
        self._write(f"remove {app.space}")
        self.known_apps.pop((app.tenant, app.name), None)

    def apps(self, tenant: str) -> list[App]:
        self._read(f"apps {tenant}")
        return [self.known_apps[key] for key in sorted(self.known_apps) if key[0] == tenant]

    def put_member(self, member: Member) -> None:
        self._write(f"put {member.email}")
        self._kept(member.tenant)
        self.known_members[member.tenant, member.email] = member

    def remove_member(self, tenant: str, email: str) -> bool:
        self._write(f"remove {email}")
        return self.known_members.pop((tenant, email), None) is not None

    def members(self, tenant: str) -> list[Member]:
        self._read(f"members {tenant}")
        return [self.known_members[key] for key in sorted(self.known_members) if key[0] == tenant]

    def add_key(self, key: AccessKey) -> None:
        self._write("add key")
        self._kept(key.tenant)
        self.known_keys[key.digest] = key

    def find_key(self, digest: str) -> AccessKey | None:
        self._read("find key")
        return self.known_keys.get(digest)

    def keys(self, tenant: str) -> list[AccessKey]:
        self._read(f"keys {tenant}")
        return sorted((each for each in self.known_keys.values() if each.tenant == tenant), key=lambda each: each.id)

    def remove_key(self, tenant: str, identifier: str) -> bool:
        self._write("remove key")
        found = [each for each in self.known_keys.values() if (each.tenant, each.id) == (tenant, identifier)]
        for each in found:
            del self.known_keys[each.digest]
        return bool(found)

    def note_use(self, key: AccessKey, at: float) -> None:
        self._write("note use")
        if key.digest in self.known_keys:
            self.known_keys[key.digest] = replace(self.known_keys[key.digest], last_used_at=float(int(at)))

    def _add_space(self, app: App) -> None:
        if app.space in self.store.heads:
            raise space_taken(app.space)
        born = int(app.created_at * 1000)
        self.store.heads[app.space] = Head(born, app.tenant, State.ACTIVE, born)
        self.known_apps[app.tenant, app.name] = app

    def _kept(self, name: str) -> Tenant:
        found = self.tenants.get(name)
        if found is None or found.state is State.DELETING:
            raise no_tenant(name)
        return found

    def _write(self, what: str) -> None:
        if self.rivals:
            rival, *later = self.rivals
            self.rivals = []
            rival()
            self.rivals = later
        self._read(what)

    def _read(self, what: str) -> None:
        if self.away:
            raise Unavailable("The store of tenants is not available. Please try again.")
        self.journal.append(what)
