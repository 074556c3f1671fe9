"""The original's getting-started app: registered by the plugin, called over HTTP, and told of events by the SDK."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.clients.gateway import Gateway
from tests.clients.node import CLIENTS, Sdk, run
from tests.clients.serverless_service import COMMAND
from tests.clients.servers import received
from tests.loopback import Loopback

pytestmark = pytest.mark.xdist_group("clients")

APP = CLIENTS / "getting_started"
GRACE = {"id": "10", "firstName": "Grace", "lastName": "Hopper", "email": "grace@example.com"}
ADA = json.loads((APP / "event.json").read_text())


@contextmanager
def deployed(gateway: Gateway, folder: Path) -> Iterator[Path]:
    """The app in a folder of its own, deployed to the space `default` and removed again."""
    shutil.copytree(APP, folder, dirs_exist_ok=True)
    serverless(gateway, folder, "deploy")
    yield folder
    serverless(gateway, folder, "remove")


def serverless(gateway: Gateway, folder: Path, *words: str) -> str:
    variables = {"EVENT_GATEWAY_URL": f"{gateway.events}/default/", "EVENT_GATEWAY_CONFIGURATION_URL": gateway.config}
    done = run([COMMAND, *words], folder=folder, environment=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_users_are_created_found_and_told_to_the_crm(gateway: Gateway, inbox: Loopback, tmp_path: Path) -> None:
    with deployed(gateway, tmp_path) as folder:
        created = post(gateway, "/default/users", GRACE)
        assert created == (200, GRACE)
        assert received(inbox, "/crm", 1) == [GRACE]
        assert gateway.request("GET", "/default/users/10") == (200, json.dumps(GRACE))

        assert post(gateway, "/default/users", {"id": "11"}) == (400, {"errors": ["Invalid request. Missing required field."]})

        serverless(gateway, folder, "gateway", "emit", "--event", "user.created", "--data", (APP / "event.json").read_text())
        assert received(inbox, "/crm", 2) == [GRACE, ADA]

        attributes = {"eventType": "user.created", "eventID": "1", "cloudEventsVersion": "0.1", "source": "/users"}
        sdk = Sdk({"url": f"{gateway.events}/default"})
        [emitted] = sdk(("emit", {**attributes, "contentType": "application/json", "data": ADA | {"id": "2"}}))
        assert emitted["status"] == 202
        assert received(inbox, "/crm", 3) == [GRACE, ADA, ADA | {"id": "2"}]
    assert not any(gateway.configuration("default").values())


def post(gateway: Gateway, path: str, document: object) -> tuple[int, object]:
    headers = {"Content-Type": "application/json"}
    try:
        with urlopen(Request(gateway.events + path, json.dumps(document).encode(), headers)) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)
