"""How the packages come here."""

import json
from pathlib import Path

import pytest

from tests.clients import node

pytestmark = pytest.mark.xdist_group("clients")

REGISTRY = "https://registry.npmjs.org/"
SDK, PLUGIN = "node_modules/@serverless/event-gateway-sdk", "node_modules/@serverless/serverless-event-gateway-plugin"


def test_the_lock_file_names_no_other_registry() -> None:
    packages = json.loads((node.CLIENTS / "package-lock.json").read_text())["packages"]
    assert all(each.get("resolved", REGISTRY).startswith(REGISTRY) for each in packages.values())
    assert all(each["integrity"].startswith("sha512-") for name, each in packages.items() if name)


def test_the_packages_are_those_of_the_original(modules) -> None:
    """The plugin brings an older SDK of its own."""
    found = {name: json.loads((node.CLIENTS / name / "package.json").read_text())["version"] for name in (SDK, PLUGIN, f"{PLUGIN}/{SDK}")}
    assert found == {SDK: "0.11.0", PLUGIN: "0.7.8", f"{PLUGIN}/{SDK}": "0.10.2"}


def test_without_node_the_tests_say_what_they_need(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match=r"need Node.js 20 or later and npm .*: node is missing"):
        node.check_tools()


def test_an_old_node_is_told(monkeypatch, tmp_path: Path) -> None:
    for tool in ("node", "npm"):
        (tmp_path / tool).write_text("#!/bin/sh\necho v18.20.4\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError, match=r"need Node.js 20 or later and npm .*: this is v18.20.4"):
        node.check_tools()
