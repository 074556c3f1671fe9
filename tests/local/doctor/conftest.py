"""A case whose machine and AWS are made up, in a checkout that is ready."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.doctor.case import Asked, Case, Identity
from local.doctor.machine import Machine
from tests.local.doctor.stubbed import ACCOUNT, ARN, REGION, Programs, StubbedAws

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own AWS configuration counts."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "CDK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def aws() -> StubbedAws:
    return StubbedAws()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what `make setup` leaves behind."""
    folder = tmp_path / "checkout"
    packages = folder / ".venv/lib/python3.11/site-packages"
    for name, version in (("pip", "26.3"), ("aws_cdk_lib", "2.275.0")):
        information = packages / f"{name}-{version}.dist-info"
        information.mkdir(parents=True)
        information.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n")
    (folder / "layers/eventgateway").mkdir(parents=True)
    (folder / "Makefile").touch()
    (folder / "pyproject.toml").touch()
    (folder / "requirements.lock").write_text("aws-cdk-lib==2.275.0 \\\n    --hash=sha256:00\n")
    (folder / ".venv/pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.2\n")
    (folder / ".venv/.installed").touch()
    return folder


@pytest.fixture
def case(aws: StubbedAws, checkout: Path) -> Callable[..., Case]:
    """Builds one: `region` and `arn` are what earlier checks found out."""

    def build(*, region=REGION, arn=ARN, environ=None, programs=None, free=10**11, asked=None, **known) -> Case:
        environ = {**os.environ, "HOME": str(checkout / "home"), **(environ or {})}
        machine = Machine(checkout, environ, Programs(programs or {}), lambda _: free, lambda: NOW)
        built = Case(asked or Asked(), machine, aws)
        built.known.region, built.known.has_keys = region, True
        built.known.identity = Identity(ACCOUNT, arn) if arn else None
        for name, value in known.items():
            setattr(built.known, name, value)
        return built

    return build
