"""SnapStart: the deployed handlers, with Lambda's hooks called as its runtime calls them
(https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html).

The copy of a snapshot is this very process, so whatever a hook forgets to drop is still there.
"""

import gc
import json
import random
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.kms.models import kms_backends
from snapshot_restore_py import get_after_restore, get_before_snapshot

from eventgateway import snapstart
from eventgateway.core.usage import CUSTOM, RECEIVED, series
from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.emulator import Emulator
from tests.integration.deployment import Deployment, deployed_handlers
from tests.loopback import Loopback, answer

ROOT = Path(__file__).parents[2]
BUILDS = {"router": router.api, "config": config.api, "delivery": delivery.worker}
each_build = pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)
UNCHANGED_FOR_LONG = 3600.0  # seconds
ROLE = "arn:aws:iam::123456789012:role/target"
OTHERS = ("ASIA", "FOOBARKEY")  # keys of roles, and those of the tests themselves, as moto has them
ONLY_IMPORTED = """
import sys
{before}
from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
print([build.cache_info().currsize for build in (router.api, config.api, delivery.worker)])
"""


def hooks(registered):
    """Those of our handlers, whatever else this process has loaded."""
    return [(function, args, named) for function, args, named in registered if args[0] in BUILDS.values()]


def take_snapshot():
    for function, args, named in reversed(hooks(get_before_snapshot())):
        function(*args, **named)


def restore():
    for function, args, named in hooks(get_after_restore()):
        function(*args, **named)


@pytest.fixture
def deployed():
    with deployed_handlers(UNCHANGED_FOR_LONG) as settings, Loopback() as server:
        deployed = Deployment(settings, server)
        deployed.heal()
        yield deployed
        gc.unfreeze()


class Keys:
    """Lambda's own keys, as it gives them to functions with SnapStart, and what AWS was called with: (service, access key id)."""

    def __init__(self):
        self.current, self.used = "SNAPSHOT", []

    def answer(self, request):
        assert request.headers["authorization"] == "the-token"
        expiration = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"AccessKeyId": self.current, "SecretAccessKey": "secret", "Token": "token", "Expiration": expiration}
        return [answer(json.dumps(keys).encode(), "Content-Type: application/json")]

    def note(self, request):
        key, service = re.search(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/", str(request.headers["Authorization"])).groups()
        self.used.append((service, key))


@pytest.fixture
def keys(monkeypatch):
    keys, answered = Keys(), Emulator.__call__

    def noted(emulator, request, **named):
        keys.note(request)
        return answered(emulator, request, **named)

    with Loopback(keys.answer) as server:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url("/2021-04-23/credentials"))
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the-token")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(Emulator, "__call__", noted)
        yield keys


@each_build
def test_each_handler_tells_lambda_of_its_hooks(build):
    assert [args[0] for _, args, _ in hooks(get_before_snapshot())].count(build) == 1
    assert [args for _, args, _ in hooks(get_after_restore())].count((build,)) == 1


@each_build
def test_what_was_built_is_not_in_the_snapshot_and_each_copy_builds_its_own(deployed, build):
    built = [build()]
    take_snapshot()
    assert build.cache_info().currsize == 0
    for _ in range(2):
        restore()
        assert build.cache_info().currsize == 1
        built.append(build())
    assert len({id(each) for each in built}) == 3


def test_a_copy_of_the_router_reads_the_configuration_anew(deployed):
    deployed.emit("u")
    deployed.subscribe("u")
    deployed.emit("u")
    assert deployed.work() == 0
    take_snapshot()
    restore()
    deployed.emit("u")
    deployed.work()
    assert len(deployed.delivered()) == 1


def test_a_copy_of_the_worker_calls_functions_where_they_are_now(deployed):
    deployed.subscribe("u")
    deployed.emit("u")
    deployed.work()
    moved = {"functionId": "f", "type": "http", "provider": {"url": deployed.server.url("/moved")}}
    assert deployed.send(f"/v1/spaces/{deployed.space}/functions/f", "PUT", body=json.dumps(moved))[0] == 200
    for hooked in (lambda: None, take_snapshot, restore):
        hooked()
        deployed.emit("u")
        deployed.work()
    assert [each.target for each in deployed.server.requests] == ["/f", "/f", "/moved", "/moved"]


def test_a_copy_has_no_opened_secrets(deployed):
    deployed.create("eventtypes", name="u")
    provider = {"url": deployed.server.url("/f"), "headers": {"X-Token": "the-token"}}
    deployed.create("functions", functionId="f", type="http", provider=provider)
    deployed.create("subscriptions", type="sync", eventType="u", functionId="f", path=deployed.path)
    event = {"requestContext": {"http": {"method": "POST"}}, "rawPath": deployed.path, "headers": {"event": "u"}, "body": "{}"}
    deployed.server.script = lambda _: [answer(b'{"statusCode": 201}')]
    assert router.handler(event, None)["statusCode"] == 201
    kms_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].reset()
    assert router.handler(event, None)["statusCode"] == 201
    take_snapshot()
    restore()
    assert router.handler(event, None)["statusCode"] == 503


def test_a_copy_uses_its_own_credentials_and_assumes_roles_anew(deployed, keys):
    target = deployed.sqs.create_queue(QueueName="target")["QueueUrl"]
    deployed.create("eventtypes", name="u")
    for name, role in {"own": {}, "role": {"roleArn": ROLE}}.items():
        deployed.create("functions", functionId=name, type="awssqs", provider={"queueUrl": target, "region": "us-east-1"} | role)
        deployed.create("subscriptions", type="async", eventType="u", functionId=name, path=deployed.path)

    def used_for(event_type):
        keys.used.clear()
        deployed.create("eventtypes", name=event_type)
        deployed.emit("u")
        deployed.work()
        return {(service, key) for service, key in keys.used if not key.startswith(OTHERS)}

    assert used_for("before") == {(service, "SNAPSHOT") for service in ("dynamodb", "sqs", "sts")}
    take_snapshot()
    keys.current = "COPY"
    restore()
    assert used_for("after") == {(service, "COPY") for service in ("dynamodb", "sqs", "sts")}


def test_a_copy_opens_connections_of_its_own(deployed):
    deployed.subscribe("u")
    for _ in range(2):
        deployed.emit("u")
        deployed.work()
    assert deployed.server.connections == 1
    take_snapshot()
    restore()
    deployed.emit("u")
    deployed.work()
    assert (deployed.server.connections, len(deployed.delivered())) == (2, 3)


def test_threads_of_what_was_built_end_before_the_snapshot(deployed):
    others = set(threading.enumerate())
    deployed.subscribe("u")
    deployed.emit("u")
    deployed.work()
    started = [each for each in threading.enumerate() if each not in others and each.name.startswith(("delivery", "look-up"))]
    assert {each.name.split("_")[0] for each in started} == {"delivery", "look-up"}
    take_snapshot()
    for each in started:
        each.join(10)
    assert [each.name for each in started if each.is_alive()] == []


def test_what_was_counted_before_the_snapshot_is_not_counted_by_each_copy(deployed):
    deployed.subscribe("u")
    for _ in range(3):
        deployed.emit("u")
    assert sum(router.api().receiver.usage.counts[deployed.space].values()) > 0  # the first is flushed at once, the others wait
    take_snapshot()
    for _ in range(2):
        restore()
        deployed.emit("u")
    totals = router.api().receiver.usage.totals([deployed.space])
    assert totals[deployed.space][series(RECEIVED, CUSTOM)] == 1 + 2


def test_copies_of_one_snapshot_wait_with_different_jitter(deployed):
    take_snapshot()
    state, jitter = random.getstate(), []
    for _ in range(2):
        random.setstate(state)
        restore()
        jitter.append(router.api().receiver.clock.jitter())
    assert jitter[0] != jitter[1]


def test_each_copy_gives_tls_random_bytes_of_its_own(deployed, monkeypatch):
    added = []
    monkeypatch.setattr(snapstart.ssl, "RAND_add", lambda seed, entropy: added.append(seed))
    for _ in range(2):
        restore()
    assert {len(each) for each in added} == {snapstart.SEED_BYTES}
    assert len(set(added)) == len(added)


@pytest.mark.parametrize("before", ["", "sys.modules['snapshot_restore_py'] = None"], ids=["with hooks", "without"])
def test_without_snapstart_a_handler_builds_nothing_until_its_first_event(before):
    script = ONLY_IMPORTED.format(before=before)
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/eventgateway/python'}"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "[0, 0, 0]\n", done.stderr
