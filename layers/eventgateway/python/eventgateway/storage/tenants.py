"""Tenants in the table of the configuration. What belongs together is one transaction: a name is had by one, whoever is faster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pynamodb.connection import Connection
from pynamodb.exceptions import DeleteError, TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from eventgateway.core.access_key import AccessKey
from eventgateway.core.errors import GatewayError, Unavailable, WriteConflict
from eventgateway.core.json import JsonObject, dumps, loads
from eventgateway.core.tenant import App, Member, Role, State, Tenant, inactive, no_tenant, space_taken, tenant_taken
from eventgateway.storage.dynamodb import (
    CONFLICT,
    CONNECT_SECONDS,
    META,
    READ_SECONDS,
    REFUSED,
    RETRIES,
    Row,
    available,
    cancellation_codes,
    is_refused,
    row_class,
    space_key,
)
from eventgateway.storage.usage import TOTAL, usage_key

TENANTS, TENANT, KEY = "gateway#tenants", "tenant", "key"
APP, MEMBER, KEY_OF = "app#", "member#", "key#"
ATTEMPTS = 3  # at what two want to write at the same moment
WHAT = "The store of tenants"


class DynamoTenants:
    """Implements `TenantStore`. All reads are consistent."""

    def __init__(self, config_table: str, records_table: str) -> None:
        self._rows, self._records = row_class(config_table), row_class(records_table)
        self._connection = Connection(
            connect_timeout_seconds=CONNECT_SECONDS, read_timeout_seconds=READ_SECONDS, max_retry_attempts=RETRIES
        )

    def create(self, tenant: Tenant, app: App, key: AccessKey, member: Member | None) -> None:
        """See `TenantStore`."""
        pk = tenant_key(tenant.name)
        rows = [self._rows(pk, TENANT, state=tenant.state.value, document=_text(_tenant_document(tenant))), *self._space_rows(app)]
        rows += [self._rows(TENANTS, tenant.name), *self._key_rows(key)]
        rows += [self._member_row(member)] if member else []
        self._write(_Writing(rows, [self._usage_row(app)], [tenant_taken(tenant.name), space_taken(app.space)]))

    def find(self, name: str) -> Tenant | None:
        """See `TenantStore`."""
        row = self._get(tenant_key(name), TENANT)
        return _tenant(name, row) if row else None

    def page(self, after: str, limit: int) -> list[str]:
        """See `TenantStore`."""
        with available(WHAT):
            return [row.sk for row in self._rows.query(TENANTS, self._rows.sk > (after or " "), consistent_read=True, limit=limit)]

    def some(self, names: Sequence[str]) -> list[Tenant]:
        """See `TenantStore`."""
        with available(WHAT):
            rows = {row.pk: row for row in self._rows.batch_get([(tenant_key(each), TENANT) for each in names], consistent_read=True)}
        return [_tenant(each, rows[tenant_key(each)]) for each in names if tenant_key(each) in rows]

    def set_state(self, name: str, state: State, reason: str = "") -> None:
        """See `TenantStore`."""
        tenant = self.find(name)
        if tenant is None:
            raise no_tenant(name)
        actions = [self._rows.state.set(state.value), self._rows.document.set(_text(_tenant_document(tenant) | {"reason": reason}))]
        if not self._update(tenant_key(name), TENANT, actions, self._is_kept()):
            raise no_tenant(name)

    def set_space_state(self, space: str, state: State) -> None:
        """See `TenantStore`."""
        self._update(space_key(space), META, [self._rows.state.set(state.value)], self._is_kept())

    def add_app(self, app: App) -> None:
        """See `TenantStore`."""
        is_active = self._rows.state == State.ACTIVE.value
        refusals = [inactive(app.tenant), space_taken(app.space)]
        self._write(_Writing(self._space_rows(app), [self._usage_row(app)], refusals, app.tenant, is_active))

    def remove_app(self, app: App) -> None:
        """See `TenantStore`."""
        with available(WHAT):
            self._rows(tenant_key(app.tenant), APP + app.name).delete()

    def apps(self, tenant: str) -> list[App]:
        """See `TenantStore`."""
        return [App(tenant, row.sk.removeprefix(APP), float(row.at)) for row in self._query(tenant, APP)]

    def put_member(self, member: Member) -> None:
        """See `TenantStore`."""
        self._write(_Writing([], [self._member_row(member)], [no_tenant(member.tenant)], member.tenant, self._is_kept()))

    def remove_member(self, tenant: str, email: str) -> bool:
        """See `TenantStore`."""
        return self._delete(tenant_key(tenant), MEMBER + email)

    def members(self, tenant: str) -> list[Member]:
        """See `TenantStore`."""
        return [Member(tenant, row.sk.removeprefix(MEMBER), Role(row.state), float(row.at)) for row in self._query(tenant, MEMBER)]

    def add_key(self, key: AccessKey) -> None:
        """See `TenantStore`."""
        self._write(_Writing(self._key_rows(key), [], [no_tenant(key.tenant)], key.tenant, self._is_kept()))

    def find_key(self, digest: str) -> AccessKey | None:
        """See `TenantStore`."""
        row = self._get(f"{KEY_OF}{digest}", KEY)
        return _key(row) if row else None

    def keys(self, tenant: str) -> list[AccessKey]:
        """See `TenantStore`."""
        return [_key(row) for row in self._query(tenant, KEY_OF)]

    def remove_key(self, tenant: str, identifier: str) -> bool:
        """See `TenantStore`. What opens something goes first."""
        row = self._get(tenant_key(tenant), KEY_OF + identifier)
        if row is None:
            return False
        self._delete(f"{KEY_OF}{_key(row).digest}", KEY)
        return self._delete(tenant_key(tenant), KEY_OF + identifier)

    def note_use(self, key: AccessKey, at: float) -> None:
        """See `TenantStore`."""
        for pk, sk in ((f"{KEY_OF}{key.digest}", KEY), (tenant_key(key.tenant), KEY_OF + key.id)):
            self._update(pk, sk, [self._rows.at.set(int(at))], self._rows.pk.exists())

    def _space_rows(self, app: App) -> list[Row]:
        """What makes its name a space, the first to fail if somebody has it, and the application's."""
        born = int(app.created_at * 1000)
        meta = self._rows(space_key(app.space), META, version=born, born=born, owner=app.tenant, state=State.ACTIVE.value)
        return [meta, self._rows(tenant_key(app.tenant), APP + app.name, at=app.created_at)]

    def _usage_row(self, app: App) -> Row:
        """Nothing is counted yet: what an instance that comes late still adds to an earlier life of the name does not stay."""
        return self._records(usage_key(app.space), TOTAL)

    def _key_rows(self, key: AccessKey) -> list[Row]:
        document = _text(_key_document(key))
        places = ((f"{KEY_OF}{key.digest}", KEY), (tenant_key(key.tenant), KEY_OF + key.id))
        return [self._rows(pk, sk, owner=key.tenant, document=document) for pk, sk in places]

    def _member_row(self, member: Member) -> Row:
        return self._rows(tenant_key(member.tenant), MEMBER + member.email, state=member.role.value, at=member.since)

    def _is_kept(self) -> Condition:
        condition: Condition = self._rows.pk.exists() & (self._rows.state != State.DELETING.value)
        return condition

    def _write(self, writing: "_Writing") -> None:
        """All or nothing. Raises the refusal of the first condition that does not hold, Unavailable."""
        for _ in range(ATTEMPTS):
            try:
                return self._try(writing)
            except WriteConflict as error:
                conflict = error
        raise conflict

    def _try(self, writing: "_Writing") -> None:
        try:
            with available(WHAT), TransactWrite(connection=self._connection) as transaction:
                if writing.condition is not None:
                    transaction.condition_check(self._rows, tenant_key(writing.tenant), TENANT, writing.condition)
                for row in writing.new:
                    transaction.save(row, type(row).pk.does_not_exist())
                for row in writing.any:
                    transaction.save(row)
        except Unavailable as error:
            raise _refusal(error, writing.refusals) from error

    def _query(self, tenant: str, prefix: str) -> list[Row]:
        with available(WHAT):
            return list(self._rows.query(tenant_key(tenant), self._rows.sk.startswith(prefix), consistent_read=True))

    def _get(self, pk: str, sk: str) -> Row | None:
        with available(WHAT):
            try:
                return self._rows.get(pk, sk, consistent_read=True)
            except self._rows.DoesNotExist:
                return None

    def _update(self, pk: str, sk: str, actions: list[Any], condition: Condition) -> bool:
        with available(WHAT):
            try:
                self._rows(pk, sk).update(actions, condition)
            except UpdateError as error:
                if not is_refused(error):
                    raise
                return False
        return True

    def _delete(self, pk: str, sk: str) -> bool:
        with available(WHAT):
            try:
                self._rows(pk, sk).delete(self._rows.pk.exists())
            except DeleteError as error:
                if not is_refused(error):
                    raise
                return False
        return True


def tenant_key(tenant: str) -> str:
    """Partition key of a tenant."""
    return f"tenant#{tenant}"


@dataclass(frozen=True, slots=True)
class _Writing:
    """Rows that must not be there, and any others, on condition of a tenant's row. Refusals are by condition, the last for the rest."""

    new: Sequence[Row]
    any: Sequence[Row]
    refusals: Sequence[GatewayError]
    tenant: str = ""
    condition: Condition | None = None


def _refusal(error: Unavailable, refusals: Sequence[GatewayError]) -> GatewayError:
    """What the failure of a transaction means: the refusal at the place of the first condition that does not hold."""
    cause = error.__cause__
    codes = cancellation_codes(cause) if isinstance(cause, TransactWriteError) else []
    if REFUSED in codes:
        return refusals[min(codes.index(REFUSED), len(refusals) - 1)]
    return WriteConflict("Somebody else is changing the same. Please try again.") if CONFLICT in codes else error


def _text(document: JsonObject) -> str:
    return dumps(document).decode()


def _tenant_document(tenant: Tenant) -> JsonObject:
    return {"createdAt": tenant.created_at, "email": tenant.email, "reason": tenant.reason}


def _tenant(name: str, row: Row) -> Tenant:
    document: Any = loads(row.document)
    return Tenant(name, document["createdAt"], document["email"], State(row.state), document["reason"])


def _key_document(key: AccessKey) -> JsonObject:
    return {
        "id": key.id,
        "digest": key.digest,
        "hint": key.hint,
        "createdAt": key.created_at,
        "name": key.name,
        "expiresAt": key.expires_at,
        "spaces": None if key.spaces is None else [*sorted(key.spaces)],
        "readOnly": key.is_read_only,
    }


def _key(row: Row) -> AccessKey:
    document: Any = loads(row.document)
    spaces = document["spaces"]
    scope = None if spaces is None else frozenset(spaces)
    made = (document["id"], row.owner, document["digest"], document["hint"], document["createdAt"], document["name"])
    return AccessKey(*made, document["expiresAt"], scope, document["readOnly"], float(row.at or 0))
