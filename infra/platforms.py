"""Where functions run, as far as packages care: which wheels fit, and who can compile bytecode for it."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache

from infra.parameters import LayerPlatform

PYTHON = "3.13"  # of Lambda's runtime
ARM64 = "manylinux2014_aarch64"  # tags of wheels that run on Amazon Linux 2023
X86_64 = "manylinux2014_x86_64"
IDENTITY = "import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform(), sys.version)"
SECONDS = 60


@dataclass(frozen=True)
class Platform:
    """`pip` is the command that installs for it, up to its options; `interpreter` compiles for it, where one is found."""

    name: str
    pip: tuple[str, ...]
    interpreter: str | None

    @property
    def bytecode(self) -> str | None:
        """What the compiled files depend on: the version of the interpreter. None: nothing is compiled."""
        return self.interpreter and identity(self.interpreter)


def of(choice: LayerPlatform, python: str) -> Platform:
    """What the parameters say; `python` is the interpreter that an emulator on this machine runs functions with, empty: this one."""
    return of_host(python or sys.executable) if choice is LayerPlatform.HOST else of_lambda()


def of_lambda(tag: str = ARM64, python: str = PYTHON) -> Platform:
    """Lambda's own. Bytecode is compiled if this machine has the same version of Python, as this interpreter or on the path."""
    wanted = ("--platform", tag, "--python-version", python, "--implementation", "cp")
    cache_tag = f"cpython-{python.replace('.', '')} "
    candidates = (sys.executable, shutil.which(f"python{python}"))
    fitting = (each for each in candidates if each and (identity(each) or "").startswith(cache_tag))
    return Platform(f"{tag}, Python {python}", (sys.executable, "-m", "pip", "install", *wanted), next(fitting, None))


def of_host(interpreter: str = sys.executable) -> Platform:
    """This machine, for an emulator that runs functions as its processes with an interpreter of its own."""
    return Platform("this machine", (sys.executable, "-m", "pip", "--python", interpreter, "install"), interpreter)


@cache
def identity(interpreter: str) -> str | None:
    """Version, build and machine of an interpreter; None if it does not run."""
    try:
        told = subprocess.run([interpreter, "-I", "-c", IDENTITY], capture_output=True, text=True, check=True, timeout=SECONDS)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()
