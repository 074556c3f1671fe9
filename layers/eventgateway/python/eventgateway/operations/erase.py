"""Tenants and applications are deleted: at once for everybody who asks, and slice by slice from everywhere something of them is kept."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from eventgateway.core import tenant as rules
from eventgateway.core.erasure import Erasure, Erasures, ErasureSlice, Life, Remains, Rests, Stage
from eventgateway.core.errors import NotFound, Unavailable
from eventgateway.core.hosting import is_label
from eventgateway.core.ports import Clock, ConfigStore, DeliveryQueue, TenantStore
from eventgateway.core.tenant import App, State
from eventgateway.operations.deadline import Deadline

log = logging.getLogger(__name__)

GRACE_SECONDS = 120.0
SLICE_SECONDS = 20.0  # what a slice takes at most, but for its last step
STEP_SECONDS = 5.0  # a step is not begun with less time left


@dataclass(frozen=True, slots=True)
class Eraser:
    """What deleting begins with. All methods raise Unavailable: then it may have begun, and can be asked for again."""

    tenants: TenantStore
    configuration: ConfigStore
    erasures: Erasures
    queue: DeliveryQueue
    clock: Clock
    rests: Rests

    def delete_tenant(self, name: str) -> Erasure:
        """Delete a tenant with all that it has. Raises NotFound."""
        if not is_label(name) or self.tenants.find(name) is None:
            raise rules.no_tenant(name)
        return self._begun(name, "", rules.no_tenant(name))

    def delete_app(self, tenant: str, app: str) -> Erasure:
        """Delete an application of a tenant with all that its space has. Raises NotFound."""
        refusal = NotFound(f'Application "{app}" not found.')
        if not is_label(tenant) or self.tenants.find(tenant) is None:
            raise rules.no_tenant(tenant)
        if not is_label(app) or not any(each.name == app for each in self.tenants.apps(tenant)):
            raise refusal
        return self._begun(tenant, app, refusal)

    def under_way(self, tenant: str) -> dict[str, Erasure]:
        """The erasures of a tenant by application, that of the tenant itself by an empty name."""
        return {each.app: each for each in self.erasures.of(tenant)}

    def close(self, erasure: Erasure) -> Erasure:
        """Close its spaces, and delete the keys that open no other ones. What is closed already stays so."""
        closing = _Closing(self, erasure)
        lives = [life for app in closing.apps() if (life := closing.close(app))]
        is_new = closing.delete_keys() or closing.was_open
        return erasure.closed(lives, self.clock.time(), self.rests, was_open=is_new)

    def _begun(self, tenant: str, app: str, refusal: NotFound) -> Erasure:
        """The erasure that is under way already, or a new one. Its message is safe first: one without an erasure does nothing."""
        if found := self.erasures.find(tenant, app):
            return self._sent_again(found)
        new = Erasure.start(tenant, app, self.clock.stamp().id, self.clock.time(), self.rests)
        self.queue.send_later(new.next(), self.rests.grace)
        if not self.erasures.begin(new):
            raise refusal
        log.info("erasure began", extra={"tenant": tenant, "app": app, "erasure": new.id})
        self.close(new)
        return new

    def _sent_again(self, erasure: Erasure) -> Erasure:
        """It may have been interrupted before all was closed, or its message be lost."""
        if erasure.stage is Stage.CLOSING:
            closed = self.close(erasure).done()
            if closed.stage is Stage.CLOSING and self.erasures.save(closed):
                erasure = closed
        self.queue.send_later(erasure.next(), max(0.0, erasure.not_before - self.clock.time()))
        return erasure


@dataclass(slots=True)
class _Closing:
    """Once through what belongs to an erasure; `was_open` as soon as something was."""

    eraser: Eraser
    erasure: Erasure
    was_open: bool = False

    def apps(self) -> list[App]:
        """What it is about."""
        apps = self.eraser.tenants.apps(self.erasure.tenant)
        return [each for each in apps if self.erasure.app in {"", each.name}]

    def close(self, app: App) -> Life | None:
        """The life of its space, None if that is somebody else's."""
        head = self.eraser.configuration.head(app.space)
        if head is None or head.owner != app.tenant:
            return None
        if head.state is not State.DELETING:
            self.was_open = True
            self.eraser.tenants.set_space_state(app.space, State.DELETING)
        return Life(app.space, head.born)

    def delete_keys(self) -> bool:
        """Whether there were any."""
        tenants, tenant = self.eraser.tenants, self.erasure.tenant
        spaces = {each.space for each in self.apps()}
        found = [each for each in tenants.keys(tenant) if not self.erasure.app or (each.spaces and each.spaces <= spaces)]
        for each in found:
            tenants.remove_key(tenant, each.id)
        return bool(found)


@dataclass(frozen=True, slots=True)
class ErasureRunner:
    """Does erasures slice by slice.

    Before a slice's message may be acknowledged, what was done is noted and the message of the next slice is in the queue. A message
    that comes twice finds its slice noted; who notes second gives way. What is deleted twice is deleted.
    """

    eraser: Eraser
    remains: Mapping[Stage, Remains]

    def wait(self, message: ErasureSlice) -> float:
        """Seconds until a slice may be done, at most 0 for now."""
        return message.not_before - self.eraser.clock.time()

    def run(self, message: ErasureSlice, deadline: Deadline) -> None:
        """Do a slice. Raises Unavailable: then the message must come again."""
        erasures = self.eraser.erasures
        found: Erasure | None = erasures.find(message.tenant, message.app)
        if found is None or found.id != message.erasure_id or message.number not in (found.slices, found.slices - 1):
            return
        if message.number == found.slices:
            found = self._slice(found, deadline)
            if found is None or not erasures.save(found):
                return
        now = self.eraser.clock.time()
        self.eraser.queue.send_later(found.next(), max(0.0, found.not_before - now))

    def _slice(self, erasure: Erasure, deadline: Deadline) -> Erasure | None:
        """What it is afterwards, None if nothing is left."""
        until = Deadline(min(deadline.at, deadline.clock() + SLICE_SECONDS), deadline.clock)
        done: Erasure | None = self._step(erasure)
        while done and done.not_before <= self.eraser.clock.time() and until.remaining() > STEP_SECONDS:
            try:
                done = self._step(done)
            except Unavailable:
                log.warning("erasure goes on later", extra={"erasure": erasure.id, "tenant": erasure.tenant}, exc_info=True)
                break
        return done.done() if done else None

    def _step(self, erasure: Erasure) -> Erasure | None:
        if erasure.stage is Stage.CLOSING:
            return self.eraser.close(erasure)
        if erasure.stage is Stage.NAMES:
            self.eraser.erasures.release(erasure)
            log.info("erasure ended", extra={"erasure": erasure.id, "tenant": erasure.tenant, "app": erasure.app})
            return None
        swept = self.remains[erasure.stage].sweep(erasure.spaces, erasure.position)
        return erasure.after(swept, self.eraser.clock.time(), self.eraser.rests)
