"""What is tested is what is deployed with; this one needs no emulator."""

import json
import re

from tests.e2e.installation import NODE_LOCK, ROOT


def test_the_cli_of_these_tests_is_the_one_of_make_deploy():
    locked = json.loads(NODE_LOCK.read_text())["packages"]["node_modules/aws-cdk"]["version"]
    assert re.search(r"aws-cdk@([0-9.]+)", (ROOT / "Makefile").read_text())[1] == locked
