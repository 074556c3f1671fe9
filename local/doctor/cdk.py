"""Checks of Node.js and of the AWS CDK: its library in `.venv` and its CLI, which npx starts."""

import json
import re
from pathlib import Path

from local.doctor.case import Case
from local.doctor.finding import Finding, Unchecked, fail, ok, warn
from local.doctor.machine import Machine, ProgramFailed

CLI = "2.1148.1"
NPX = f"npx aws-cdk@{CLI}"
LEAST_NODE = 20  # engines of aws-cdk-lib
GOOD_NODE = {22, 24}  # even ones are long-term; 20 is at its end of life
LIBRARY = "aws-cdk-lib"


def node(case: Case) -> Finding:
    """Its version: aws-cdk-lib runs in Node.js, also from Python."""
    install = "Install Node.js 22 or 24 (https://nodejs.org)."
    try:
        version = case.machine.run(["node", "--version"]).removeprefix("v")
    except ProgramFailed as error:
        return fail("Node.js", str(error), install)
    major = int(version.partition(".")[0])
    if major < LEAST_NODE:
        return fail("Node.js", f"{version} is too old", install)
    if major == LEAST_NODE:
        return warn("Node.js", f"{version} works, but is at its end of life: CDK prints a banner", install)
    if major not in GOOD_NODE:
        return warn("Node.js", f"{version} is not one that CDK is tested with", install)
    return ok("Node.js", version)


def npx(case: Case) -> Finding:
    """It is there: it comes with npm."""
    try:
        return ok("npx", case.machine.run(["npx", "--version"]))
    except ProgramFailed as error:
        return fail("npx", str(error), "Install npm: it comes with Node.js (Debian: apt-get install npm).")


def library(case: Case) -> Finding:
    """The installed aws-cdk-lib is the locked one."""
    lock = case.machine.folder / "requirements.lock"
    locked = re.search(rf"^{LIBRARY}==(\S+)", lock.read_text(), re.MULTILINE) if lock.exists() else None
    found = case.machine.packages().get(LIBRARY)
    if found is None:
        return fail("CDK library", f"{LIBRARY} is not in .venv", "Run `make setup`.")
    if locked and locked[1] != found:
        return fail("CDK library", f"{LIBRARY} {found}, but requirements.lock wants {locked[1]}", "Run `make clean setup`.")
    return ok("CDK library", f"{LIBRARY} {found}")


def cli(case: Case) -> Finding:
    """npx can have the pinned CLI: from this folder, from its cache, or from the registry. Nothing is downloaded but its name."""
    if CLI in _versions(case.machine):
        return ok("CDK CLI", f"aws-cdk {CLI} is on this machine")
    try:
        answer = case.machine.run(["npm", "view", f"aws-cdk@{CLI}", "version", "--fetch-retries=0", "--fetch-timeout=6000"])
    except ProgramFailed as error:
        if "PATH" in str(error):
            raise Unchecked("needs npx") from error
        todo = "Look at the network, the proxy and `npm config get registry`; aws-cdk can be a package of your own registry, too."
        return fail("CDK CLI", f"aws-cdk {CLI} is not on this machine and npm's registry does not give it: {error}", todo)
    if answer != CLI:
        return fail("CDK CLI", f"npm's registry has no aws-cdk {CLI}", "Look at `npm config get registry`.")
    return ok("CDK CLI", f"aws-cdk {CLI}: npx will download it once")


def _versions(machine: Machine) -> set[str]:
    """The versions of the CLI that npx starts without the network."""
    home = Path(machine.environ.get("HOME", "~")).expanduser()
    cache = Path(machine.environ.get("npm_config_cache") or home / ".npm")
    folders = [machine.folder, *cache.glob("_npx/*")]
    files = [each / "node_modules/aws-cdk/package.json" for each in folders]
    return {str(json.loads(each.read_text()).get("version")) for each in files if each.is_file()}
