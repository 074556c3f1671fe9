"""Runs Python as Lambda does: with the layers and one function on the path, and nothing of the project beside them."""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LIBRARY = PROJECT / "layers" / "eventgateway" / "python"
FUNCTIONS = sorted(each.parent for each in (PROJECT / "functions").glob("*/handler.py"))


def run(script, *path):
    """What the last expression printed, as JSON. No bytecode is written, as in Lambda, whose file system is read-only."""
    lines = ("import json, sys", f"sys.path[:0] = {[str(each) for each in path]!r}", script)
    command = [sys.executable, "-I", "-S", "-B", "-c", "\n".join(lines)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
