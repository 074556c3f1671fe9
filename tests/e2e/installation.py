"""What these tests install, each thing once in a folder of `.build/` that is named by its lock."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK = Path(__file__).with_name("requirements.lock")
NODE_LOCK = Path(__file__).with_name("package-lock.json")


def python() -> Path:
    """The Python of a virtual environment with MiniStack, which also runs the functions."""
    return _once("ministack", LOCK, _install_packages) / "bin" / "python"


def node_modules() -> Path:
    """A folder with the CLI of the CDK, and with the AWS SDK that Lambda's Node brings along."""
    return _once("node", NODE_LOCK, _install_modules) / "node_modules"


def _once(name: str, lock: Path, install: Callable[[Path], None]) -> Path:
    named = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = ROOT / ".build" / f"{name}-{named}"
    done = folder / ".installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        install(folder)
        done.touch()
    return folder


def _install_packages(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", LOCK], check=True)


def _install_modules(folder: Path) -> None:
    for each in (NODE_LOCK, NODE_LOCK.with_name("package.json")):
        shutil.copy(each, folder)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)
