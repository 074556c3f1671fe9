"""What the operator and the dashboard do with tenants: applications, members, access keys, suspension."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from secrets import token_bytes, token_hex

from eventgateway.core import tenant as rules
from eventgateway.core.access_key import NAME_LENGTH, AccessKey
from eventgateway.core.errors import InUse, InvalidRequest, NotFound
from eventgateway.core.hosting import is_label
from eventgateway.core.key import ACCESS, ENTROPY, digest, hint, new_key
from eventgateway.core.ports import Clock, TenantStore
from eventgateway.core.tenant import App, Member, Role, State, Tenant, no_tenant

IDENTIFIER = re.compile("[0-9a-f]{16}")  # of an access key


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """What a new access key shall be: see `AccessKey`. Without an expiry it has none."""

    name: str = ""
    expires_at: float | None = None
    spaces: frozenset[str] | None = None
    is_read_only: bool = False


@dataclass(frozen=True, slots=True)
class Tenancy:
    """Names are checked before anything is stored. All methods raise Unavailable."""

    store: TenantStore
    clock: Clock

    def create(self, name: str, app: str, email: str = "") -> tuple[App, str]:
        """A new tenant with an application and an access key, whose text is told this once. Raises InvalidRequest, AlreadyExists."""
        rules.check_tenant(name)
        rules.check_app(name, app)
        now, email = self.clock.time(), rules.normal_email(email) if email else ""
        first = App(name, app, now)
        key, text = self._key(name, KeyOrder(name="first key"))
        self.store.create(Tenant(name, now, email), first, key, Member(name, email, Role.ADMIN, now) if email else None)
        return first, text

    def names(self, after: str, limit: int) -> list[str]:
        """The names of tenants behind a name."""
        return self.store.page(after, limit)

    def some(self, names: Sequence[str]) -> list[Tenant]:
        """Those of the named that are there."""
        return self.store.some(names)

    def get(self, name: str) -> Tenant:
        """One tenant. Raises NotFound."""
        found = self.store.find(name) if is_label(name) else None
        if found is None:
            raise no_tenant(name)
        return found

    def suspend(self, name: str, reason: str = "") -> Tenant:
        """Let its events be refused and its deliveries wait. Raises NotFound, InvalidRequest."""
        if len(reason) > rules.REASON_LENGTH:
            raise InvalidRequest(f"reason has at most {rules.REASON_LENGTH} characters")
        return self._change(name, State.SUSPENDED, reason)

    def resume(self, name: str) -> Tenant:
        """End a suspension. Raises NotFound."""
        return self._change(name, State.ACTIVE)

    def _change(self, name: str, state: State, reason: str = "") -> Tenant:
        """The tenant first: one that is not active has no new spaces. Its spaces follow it, also if somebody else changes it meanwhile."""
        self.get(name)
        self.store.set_state(name, state, reason)
        tenant = self._lead(name, state)
        return tenant if tenant.state is state else self._lead(name, tenant.state)

    def _lead(self, name: str, state: State) -> Tenant:
        for app in self.store.apps(name):
            self.store.set_space_state(app.space, state)
        return self.get(name)

    def apps(self, tenant: str) -> Sequence[App]:
        """All applications of a tenant. Raises NotFound."""
        self.get(tenant)
        return self.store.apps(tenant)

    def add_app(self, tenant: str, name: str) -> App:
        """A new application. Raises InvalidRequest, AlreadyExists, NotFound."""
        rules.check_app(tenant, name)
        if self.get(tenant).state is State.SUSPENDED:
            raise InvalidRequest(f'Tenant "{tenant}" is suspended: it can have no new application.')
        _check_room("applications", len(self.store.apps(tenant)), rules.APPS)
        app = App(tenant, name, self.clock.time())
        self.store.add_app(app)
        return app

    def members(self, tenant: str) -> Sequence[Member]:
        """All members of a tenant. Raises NotFound."""
        self.get(tenant)
        return self.store.members(tenant)

    def put_member(self, tenant: str, email: str, role: str) -> Member:
        """A new member, or another role of one. Raises InvalidRequest, InUse for the last Admin, NotFound."""
        wanted, known = rules.normal_email(email), {each.email: each for each in self.members(tenant)}
        if role not in set(Role):
            raise InvalidRequest(f"role must be {' or '.join(Role)}")
        old = known.get(wanted)
        member = Member(tenant, wanted, Role(role), old.since if old else self.clock.time())
        if old is None:
            _check_room("members", len(known), rules.MEMBERS)
        _check_admins(known.values(), (known | {wanted: member}).values())
        self.store.put_member(member)
        return member

    def remove_member(self, tenant: str, email: str) -> None:
        """Let a member go. Raises NotFound, InUse for the last Admin."""
        members, wanted = self.members(tenant), email.lower()
        _check_admins(members, [each for each in members if each.email != wanted])
        if not rules.is_email(email) or not self.store.remove_member(tenant, wanted):
            raise NotFound(f'Member "{email}" not found.')

    def keys(self, tenant: str) -> Sequence[AccessKey]:
        """All access keys of a tenant. Raises NotFound."""
        self.get(tenant)
        return self.store.keys(tenant)

    def create_key(self, tenant: str, order: KeyOrder) -> tuple[AccessKey, str]:
        """A new access key, whose text is told this once. Raises InvalidRequest, NotFound."""
        _check_room("access keys", len(self.keys(tenant)), rules.KEYS)
        self._check(tenant, order)
        key, text = self._key(tenant, order)
        self.store.add_key(key)
        return key, text

    def revoke(self, tenant: str, identifier: str) -> None:
        """Forget an access key: it counts nowhere after 60 seconds. Raises NotFound."""
        self.get(tenant)
        if not IDENTIFIER.fullmatch(identifier) or not self.store.remove_key(tenant, identifier):
            raise NotFound(f'Access key "{identifier}" not found.')

    def _check(self, tenant: str, order: KeyOrder) -> None:
        if len(order.name) > NAME_LENGTH:
            raise InvalidRequest(f"name has at most {NAME_LENGTH} characters")
        if order.expires_at is not None and order.expires_at <= self.clock.time():
            raise InvalidRequest("expiresAt must be in the future")
        if order.spaces is not None and not order.spaces:
            raise InvalidRequest("spaces must name one at least; without it the key is for all")
        if order.spaces is not None and (others := order.spaces - {each.space for each in self.store.apps(tenant)}):
            raise InvalidRequest(f"spaces: {min(others)!r} is no space of the tenant")

    def _key(self, tenant: str, order: KeyOrder) -> tuple[AccessKey, str]:
        text = new_key(ACCESS, token_bytes(ENTROPY))
        made = (token_hex(8), tenant, digest(text), hint(text), self.clock.time())
        return AccessKey(*made, order.name, order.expires_at or 0.0, order.spaces, order.is_read_only), text


def _check_room(what: str, count: int, most: int) -> None:
    if count >= most:
        raise InvalidRequest(f"A tenant has at most {most} {what}. Delete one first.")


def _check_admins(before: Iterable[Member], after: Iterable[Member]) -> None:
    """Raise InUse if there was an Admin, and would be none."""
    if any(each.role is Role.ADMIN for each in before) and not any(each.role is Role.ADMIN for each in after):
        raise InUse("The last Admin of a tenant stays one.")
