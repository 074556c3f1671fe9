"""Who attacks, and who is attacked."""

import json

from tests.isolation.world import DOMAIN

REFUSED = {"errors": [{"message": "You're not authorized to access this resource."}]}


def new_victim(world):
    """A tenant with a function that fails, and a dead letter."""
    tenant = world.join(0)
    put(world, tenant, "functions", functionId="f", type="http", provider={"url": world.server.url(f"/{tenant.secret}/bad")})
    put(world, tenant, "eventtypes", name="user.created", metadata={"note": tenant.secret})
    subscribe(world, tenant, retry={"maxAttempts": 1})
    assert world.emit("POST", "/a", f"{tenant.space}.{DOMAIN}", json.dumps(tenant.secret), event="user.created").status == 202
    world.work()
    return tenant


def new_attacker(world):
    tenant = world.join(1)
    put(world, tenant, "functions", functionId="f", type="http", provider={"url": world.server.url(f"/{tenant.secret}/f")})
    put(world, tenant, "eventtypes", name="user.created")
    subscribe(world, tenant)
    return tenant


def put(world, tenant, kind, **document):
    made = world.configure("POST", f"/v1/spaces/{tenant.space}/{kind}", document, tenant.key)
    assert made.status == 201, made
    return made.document


def subscribe(world, tenant, **choices):
    names = {"eventType": "user.created", "functionId": "f", "path": f"/{tenant.space}/a"}
    return put(world, tenant, "subscriptions", type="async", **names, **choices)


def listed(world, tenant, kind):
    [found] = world.configure("GET", f"/v1/spaces/{tenant.space}/{kind}", key=tenant.key).document.values()
    return found
