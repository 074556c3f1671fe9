"""Everything of a hosted gateway on one machine is there after a restart, and its data are of one mode."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.gateway import LIBRARIES, serving
from tests.hosted.gateway import PRIVATE, Hosted, Space, hosting
from tests.loopback import Loopback

pytestmark = pytest.mark.xdist_group("hosted")

PORTS = ["--events-port=0", "--config-port=0", "--connections-port=0", "--dashboard-port=0"]


@contextmanager
def without_a_given_key(folder: Path, domain: str) -> Iterator[Hosted]:
    """The operator key is that of the ready message."""
    with serving(folder, {}, {"GATEWAY_OPERATOR_KEY": ""}, ["--hosted", domain, PRIVATE]) as gateway:
        [key] = re.findall(r"Operator key (ego_\S{43}) ", (folder / "gateway.log").read_text())
        yield Hosted(gateway, domain, key)


def refusal(folder: Path, *flags: str) -> str:
    command = [sys.executable, "-m", "local.cli", "--dev", *PORTS, *flags, "--embed-data-dir", str(folder / "data")]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": LIBRARIES}, cwd=folder, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    return line


def test_everything_is_there_after_a_restart(tmp_path: Path, target: Loopback) -> None:
    with without_a_given_key(tmp_path, "localhost") as first:
        made = first.config("POST", "/v1/tenants", {"tenant": "acme", "app": "shop", "email": "ada@example.com"}, first.operator_key)
        space = Space(first, made.document["space"], made.document["accessKey"])
        space.serve("f", target.url(), "/x")
        second_key = first.config("POST", "/v1/tenants/acme/keys", {"name": "ci", "readOnly": True}, first.operator_key).document
        first.config("POST", "/v1/tenants", {"tenant": "bad", "app": "shop"}, first.operator_key)
        assert first.config("PUT", "/v1/tenants/bad/suspension", {"reason": "bill"}, first.operator_key).status == 200
        before = answers(first)
    with without_a_given_key(tmp_path, "localhost") as again:
        assert again.operator_key == first.operator_key
        assert answers(again) == before
        back = Space(again, space.name, space.key)
        assert back.events("GET", "/x").body == "ok"
        assert back.config("GET", "functions", key=second_key["accessKey"]).status == 200
        assert again.events("GET", "/x", "bad-shop.localhost").status == 403
        assert "one of hosted mode" not in (tmp_path / "gateway.log").read_text()
    assert "the data directory is one of hosted mode; start it with --hosted DOMAIN" in refusal(tmp_path)


def answers(hosted: Hosted) -> list[object]:
    """What the operator sees, but for times of use."""
    paths = ["", "/acme", "/acme/apps", "/acme/members", "/bad"]
    found = [hosted.config("GET", f"/v1/tenants{path}", key=hosted.operator_key) for path in paths]
    assert [each.status for each in found] == [200] * len(paths)
    keys = hosted.config("GET", "/v1/tenants/acme/keys", key=hosted.operator_key).document["keys"]
    return [*(each.document for each in found), [(each["id"], each["name"], each["readOnly"]) for each in keys]]


def test_data_of_standalone_mode_stay_there(tmp_path: Path) -> None:
    with serving(tmp_path, {}, {"GATEWAY_OPERATOR_KEY": ""}) as gateway:
        assert Hosted(gateway, "").config("POST", "/v1/spaces/default/eventtypes", {"name": "u"}).status == 201
    assert "the data directory is one of standalone mode; start it without --hosted" in refusal(tmp_path, "--hosted", "localhost")


def test_functions_on_this_machine_need_to_be_allowed(tmp_path: Path, target: Loopback) -> None:
    with hosting(tmp_path, "localhost", others=[]) as hosted:
        function = {"functionId": "f", "type": "http", "provider": {"url": target.url()}}
        assert hosted.tenant("acme").config("POST", "functions", function).status == 400


def test_nothing_is_open_without_a_key(hosted: Hosted, space: Space) -> None:
    for path in ("/v1/tenants", "/v1/metrics", f"/v1/spaces/{space.name}/functions"):
        assert hosted.config("GET", path, key="").status == 401
        assert hosted.config("GET", path, key="egk_made-up").status == 403
    assert hosted.config("GET", "/v1/status", key="").status == 200
