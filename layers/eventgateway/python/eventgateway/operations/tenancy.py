"""What the operator and the dashboard do with tenants: applications, members, access keys, suspension."""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_bytes, token_hex

from eventgateway.core import tenant as rules
from eventgateway.core.access_key import NAME_LENGTH, AccessKey
from eventgateway.core.errors import InUse, InvalidRequest, LimitExceeded, NotFound
from eventgateway.core.hosting import is_label
from eventgateway.core.key import ACCESS, ENTROPY, digest, hint, new_key
from eventgateway.core.ports import Clock, TenantStore
from eventgateway.core.tenant import App, Member, Role, State, Tenant, no_tenant

FULL_SECONDS = 3600.0  # nobody needs to ask again sooner


@dataclass(frozen=True, slots=True)
class KeyOrder:
    """What a new access key shall be: see `AccessKey`."""

    name: str = ""
    expires_at: float = 0.0
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
        """The tenant first: from then on its new spaces are in that state, too."""
        self.get(name)
        self.store.set_state(name, state, reason)
        for app in self.store.apps(name):
            self.store.set_space_state(app.space, state)
        return self.get(name)

    def apps(self, tenant: str) -> Sequence[App]:
        """All applications of a tenant. Raises NotFound."""
        self.get(tenant)
        return self.store.apps(tenant)

    def add_app(self, tenant: str, name: str) -> App:
        """A new application. Raises InvalidRequest, AlreadyExists, LimitExceeded, NotFound."""
        rules.check_app(tenant, name)
        _check_room("applications", len(self.apps(tenant)), rules.APPS)
        app = App(tenant, name, self.clock.time())
        self.store.add_app(app)
        return app

    def members(self, tenant: str) -> Sequence[Member]:
        """All members of a tenant. Raises NotFound."""
        self.get(tenant)
        return self.store.members(tenant)

    def put_member(self, tenant: str, email: str, role: str) -> Member:
        """A new member, or another role of one. Raises InvalidRequest, InUse for the last Admin, LimitExceeded, NotFound."""
        wanted, others = rules.normal_email(email), self._others(tenant, rules.normal_email(email))
        if role not in set(Role):
            raise InvalidRequest(f"role must be {' or '.join(Role)}")
        _check_room("members", len(others), rules.MEMBERS)
        if role != Role.ADMIN:
            _check_admins(self.members(tenant), others)
        member = Member(tenant, wanted, Role(role), self.clock.time())
        self.store.put_member(member)
        return member

    def remove_member(self, tenant: str, email: str) -> None:
        """Let a member go. Raises NotFound, InUse for the last Admin."""
        _check_admins(self.members(tenant), self._others(tenant, email.lower()))
        if not self.store.remove_member(tenant, email.lower()):
            raise NotFound(f'Member "{email}" not found.')

    def _others(self, tenant: str, email: str) -> list[Member]:
        return [each for each in self.members(tenant) if each.email != email]

    def keys(self, tenant: str) -> Sequence[AccessKey]:
        """All access keys of a tenant. Raises NotFound."""
        self.get(tenant)
        return self.store.keys(tenant)

    def create_key(self, tenant: str, order: KeyOrder) -> tuple[AccessKey, str]:
        """A new access key, whose text is told this once. Raises InvalidRequest, LimitExceeded, NotFound."""
        _check_room("access keys", len(self.keys(tenant)), rules.KEYS)
        self._check(tenant, order)
        key, text = self._key(tenant, order)
        self.store.add_key(key)
        return key, text

    def revoke(self, tenant: str, identifier: str) -> None:
        """Forget an access key: it counts nowhere after 60 seconds. Raises NotFound."""
        self.get(tenant)
        if not self.store.remove_key(tenant, identifier):
            raise NotFound(f'Access key "{identifier}" not found.')

    def _check(self, tenant: str, order: KeyOrder) -> None:
        if len(order.name) > NAME_LENGTH:
            raise InvalidRequest(f"name has at most {NAME_LENGTH} characters")
        if order.expires_at and order.expires_at <= self.clock.time():
            raise InvalidRequest("expiresAt must be in the future")
        if order.spaces is not None and (others := order.spaces - {each.space for each in self.store.apps(tenant)}):
            raise InvalidRequest(f"spaces: {min(others)!r} is no space of the tenant")

    def _key(self, tenant: str, order: KeyOrder) -> tuple[AccessKey, str]:
        text = new_key(ACCESS, token_bytes(ENTROPY))
        made = (token_hex(8), tenant, digest(text), hint(text), self.clock.time())
        return AccessKey(*made, order.name, order.expires_at, order.spaces, order.is_read_only), text


def _check_room(what: str, count: int, most: int) -> None:
    if count >= most:
        raise LimitExceeded(f"A tenant has at most {most} {what}. Delete one first.", FULL_SECONDS)


def _check_admins(before: Sequence[Member], after: Sequence[Member]) -> None:
    """Raise InUse if there was an Admin, and would be none."""
    if any(each.role is Role.ADMIN for each in before) and not any(each.role is Role.ADMIN for each in after):
        raise InUse("The last Admin of a tenant stays one.")
