"""A hosted gateway whose tenants are deleted, slice by slice."""

from eventgateway.core.erasure import ErasureSlice
from eventgateway.core.message import parse
from eventgateway.operations.deadline import Deadline
from tests.hosted_gateway import HostedGateway

SPACE = "acme-shop"
PLENTY = Deadline.after(900)


def inhabited():
    """Of a tenant with a subscription, and another one."""
    gateway = HostedGateway()
    gateway.acme, gateway.zeta = gateway.account(), gateway.account("zeta")
    gateway.subscribe("async", "f")
    return gateway


def slices(gateway):
    return [each for each in gateway.queue.waiting if isinstance(each, ErasureSlice)]


def run(gateway, deadline=PLENTY):
    """Do the slice that waits, when its time has come."""
    [message] = slices(gateway)
    gateway.queue.waiting.remove(message)
    gateway.clock.now = max(gateway.clock.now, message.not_before)
    gateway.eraser_runner.run(parse(message.message()), deadline)
    return gateway.erasures.find(message.tenant, message.app)


def run_all(gateway):
    gateway.queue.waiting.clear()
    gateway.eraser.delete_tenant("acme")
    for _ in range(10):
        if run(gateway) is None:
            return
    raise AssertionError("it does not end")


def reborn(gateway):
    """The same tenant again, with a subscription that has the id of the one before."""
    run_all(gateway)
    gateway.account("acme")
    gateway.subscribe("async", "f")
    gateway.queue.waiting.clear()


def dropped(gateway):
    gateway.usage.flush()
    return gateway.usage.store.spaces[""]["deliveries|dropped"]


def called(function, before):
    """A function before which something happens."""

    def call(*arguments, **options):
        before()
        return function(*arguments, **options)

    return call
