"""Temporary."""

import subprocess
from pathlib import Path

from infra.parameters import LayerPlatform

PACKAGES = ["aws-lambda-powertools", "orjson", "pynamodb", "boto3", "jsonschema-rs"]


def build(platform: LayerPlatform, python: str) -> Path:
    """The folder of the layer."""
    target = Path(".build/layers") / platform
    if not target.exists():
        choice = (
            ["--platform", "manylinux2014_aarch64", "--only-binary=:all:", "--python-version", "3.13"]
            if platform is LayerPlatform.LAMBDA
            else []
        )
        subprocess.run(  # noqa: S603
            [python or ".venv/bin/python", "-m", "pip", "install", "-q", *choice, "--target", str(target / "python"), *PACKAGES], check=True
        )
    return target
