"""Builds the layer of third-party packages with pip, without Docker; what was built once is kept in .build."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from zipfile import ZIP_DEFLATED, ZipFile

from infra import platforms, pruning
from infra.platforms import Platform

PROJECT = Path(__file__).parents[1]
SOURCE = PROJECT / "layers" / "dependencies"
LOCK = SOURCE / "requirements.lock"
SERVICES = SOURCE / "services.txt"
BUILT = PROJECT / ".build" / "layers"
BUILDER = (Path(__file__), Path(platforms.__file__), Path(pruning.__file__))
MOUNTED = "/opt/python"  # where Lambda has a layer's packages
MEGABYTE = 1_000_000
LIMIT = 40 * MEGABYTE  # unzipped; all that a function has may be 250 MB in Lambda, but it is fetched in each cold start
SECONDS = 600
QUOTED_LINES = 6


class BuildFailed(RuntimeError):
    """The layer could not be built; the text says what to do."""


def build(platform: Platform, into: Path = BUILT) -> Path:
    """The folder of the layer, with `python` in it; built unless it was, which needs the network. Safe beside other builds.

    Raises BuildFailed.
    """
    built = into / key(platform)
    if not built.is_dir():
        into.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=into, prefix=".") as folder:
            layer = Path(folder) / "layer"
            _fill(layer / "python", platform)
            pruning.open_for_all(layer)
            _weigh(layer, platform)
            _publish(layer, built)
    return built


def key(platform: Platform) -> str:
    """A name that differs when anything does that the layer is made of or made by."""
    made_of = [*(each.read_bytes() for each in (LOCK, SERVICES, *BUILDER)), repr((platform, platform.bytecode)).encode()]
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in made_of)).hexdigest()[:16]


def services() -> list[str]:
    """The services of AWS that functions can call: botocore's descriptions of all others are left out."""
    return SERVICES.read_text(encoding="utf-8").split()


def _fill(packages: Path, platform: Platform) -> None:
    options = ("--only-binary=:all:", "--require-hashes", "--no-compile", "--quiet", "--no-input", "--disable-pip-version-check")
    _run("pip", [*platform.pip, *options, "--root-user-action=ignore", "--target", str(packages), "--requirement", str(LOCK)], platform)
    pruning.prune(packages, services())
    if platform.interpreter:
        kind = ("--invalidation-mode", "unchecked-hash", "-s", str(packages), "-p", MOUNTED)
        _run("compileall", [platform.interpreter, "-m", "compileall", "-q", *kind, str(packages)], platform)


def _run(tool: str, command: list[str], platform: Platform) -> None:
    """Run it without variables that would change what it makes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {"PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildFailed(_advice(tool, platform, str(error))) from error
    if done.returncode:
        raise BuildFailed(_advice(tool, platform, done.stderr or done.stdout))


def _advice(tool: str, platform: Platform, said: str) -> str:
    quoted = "\n".join(f"  {line}" for line in said.strip().splitlines()[-QUOTED_LINES:])
    return (
        f"The dependencies layer could not be built for {platform.name}. {tool} says:\n{quoted}\n"
        "It is built once for each lock, and then kept in .build/layers. That needs pip (`make setup` installs it) and the network,\n"
        "or an index that pip is told of: pip config set global.index-url URL. It must have the files whose hashes are in the lock."
    )


def _weigh(layer: Path, platform: Platform) -> None:
    size, zipped = unzipped_size(layer), zipped_size(layer)
    limit = f"limit {LIMIT / MEGABYTE:.1f} MB unzipped"
    print(
        f"dependencies layer: {size / MEGABYTE:.1f} MB unzipped, {zipped / MEGABYTE:.1f} MB zipped ({limit}), {_made_for(platform)}",
        file=sys.stderr,
    )
    if size > LIMIT:
        raise BuildFailed(f"The dependencies layer has {size / MEGABYTE:.1f} MB ({limit}): see what came in at {LOCK}.")


def _made_for(platform: Platform) -> str:
    hint = f"without bytecode: with Python {platforms.PYTHON} on this machine functions would import in half the time"
    return f"{platform.name}, {'with bytecode' if platform.interpreter else hint}"


def unzipped_size(layer: Path) -> int:
    """Bytes of all files."""
    return sum(each.stat().st_size for each in layer.rglob("*") if each.is_file())


def zipped_size(layer: Path) -> int:
    """Bytes of them as Lambda gets them."""
    with TemporaryFile(dir=layer.parent) as file:
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for each in layer.rglob("*"):
                archive.write(each, each.relative_to(layer))
        return file.tell()


def _publish(layer: Path, built: Path) -> None:
    """Let it be found, whole; another build of the same may have been faster."""
    try:
        layer.rename(built)
    except OSError:
        if not built.is_dir():
            raise


if __name__ == "__main__":
    print(build(platforms.of_lambda()))
