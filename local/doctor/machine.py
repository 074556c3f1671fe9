"""The machine that a deployment starts from, as far as the checks look at it."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path

PROGRAM_SECONDS = 8.0


class ProgramFailed(Exception):
    """A program is missing, took too long or ended with an error."""


def run(command: Sequence[str]) -> str:
    """What a program prints. Raises ProgramFailed."""
    program = shutil.which(command[0])
    if program is None:
        raise ProgramFailed(f"{command[0]} is not on the PATH")
    try:
        done = subprocess.run(  # noqa: S603 - only programs that are named here
            [program, *command[1:]], capture_output=True, text=True, check=True, timeout=PROGRAM_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"{command[0]} took more than {PROGRAM_SECONDS:g} s") from error
    except (subprocess.CalledProcessError, OSError) as error:
        raise ProgramFailed(f"{command[0]} failed") from error
    return done.stdout.strip()


@dataclass(frozen=True)
class Machine:
    """Its environment, programs and clock. `folder` is the checkout."""

    folder: Path = field(default_factory=Path.cwd)
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    run: Callable[[Sequence[str]], str] = run
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def venv(self) -> Path:
        """The virtual environment of `make setup`."""
        return self.folder / ".venv"

    def packages(self) -> dict[str, str]:
        """The versions of the packages in the virtual environment, by name."""
        folders = [str(each) for each in self.venv.glob("lib/python3*/site-packages")]
        return {each.name: each.version for each in distributions(path=folders)}
