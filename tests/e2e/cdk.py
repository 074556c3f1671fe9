"""The CLI of the CDK, as `make deploy` runs it, against the emulator."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e import installation
from tests.e2e.installation import ROOT
from tests.e2e.ministack import ACCOUNT, REGION, MiniStack

COMMAND_SECONDS = 600


class CdkFailed(AssertionError):
    """A command of the CLI ended with an error; the text is what it printed."""


@dataclass
class Cdk:
    """Deploys the app with a context; `seconds` has what each command took."""

    ministack: MiniStack
    context: Mapping[str, str]
    app: str = f"{sys.executable} -m infra.app"
    folder: Path = ROOT
    seconds: dict[str, float] = field(default_factory=dict)

    def bootstrap(self) -> None:
        """Make the stack that CDK's deployments need."""
        self._run("bootstrap", f"aws://{ACCOUNT}/{REGION}", "--app", "")

    def deploy(self, **context: str) -> dict[str, str]:
        """Create or update the stack; its outputs by name. A context that is given stays for later commands."""
        self.context = {**self.context, **context}
        outputs = self.ministack.folder / "outputs.json"
        self._run("deploy", "--all", "--require-approval", "never", "--progress", "events", "--outputs-file", str(outputs), *self._app())
        (found,) = json.loads(outputs.read_text()).values()
        return found

    def diff(self) -> str:
        """What a deployment would change, as text; raises CdkFailed if there is anything."""
        return self._run("diff", "--fail", *self._app())

    def destroy(self) -> None:
        """Delete the stack."""
        self._run("destroy", "--all", "--force", *self._app())

    def _run(self, command: str, *arguments: str) -> str:
        started, log = time.monotonic(), self.ministack.folder / f"cdk-{command}.log"
        line = ["node", installation.node_modules() / "aws-cdk" / "bin" / "cdk", command, "--no-notices", "--no-color", "--ci", *arguments]
        with log.open("wb") as output:
            done = subprocess.run(
                line, check=False, cwd=self.folder, env=self._environment(), stdout=output, stderr=output, timeout=COMMAND_SECONDS
            )
        self.seconds[command] = time.monotonic() - started
        text = log.read_text(errors="replace")
        if done.returncode:
            raise CdkFailed(f"cdk {command} ended with {done.returncode}:\n{text}")
        return text

    def _app(self) -> list[str]:
        context = [part for name, value in self.context.items() for part in ("--context", f"{name}={value}")]
        return ["--app", self.app, "--output", str(self.ministack.folder / "cdk.out"), *context]

    def _environment(self) -> dict[str, str]:
        return self.ministack.environment | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.ministack.folder),
            "TMPDIR": str(self.ministack.folder / "tmp"),
            "PYTHONPATH": os.pathsep.join([str(ROOT / "layers/eventgateway/python"), str(ROOT)]),
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        }
