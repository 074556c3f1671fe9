"""Takes out of installed packages what no function needs, so that what is left is small and the same with each build."""

import shutil
from collections.abc import Iterable
from pathlib import Path

KEPT_METADATA = {"METADATA", "entry_points.txt", "licenses"}  # scanners for vulnerable packages read the first, plugins need the second
DIRECTORY, FILE = 0o755, 0o644


def prune(packages: Path, services: Iterable[str]) -> None:
    """Leave code, names and licences of packages, and of the SDK's descriptions those of these services."""
    unneeded = [
        packages / "bin",
        *_unused_descriptions(packages, set(services)),
        *_unused_metadata(packages),
        *packages.rglob("__pycache__"),
    ]
    for each in filter(Path.exists, unneeded):
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def open_for_all(folder: Path) -> None:
    """Set all modes, whatever the umask: functions run as another user, and modes are part of the archive."""
    for each in (folder, *folder.rglob("*")):
        each.chmod(DIRECTORY if each.is_dir() else FILE)


def _unused_descriptions(packages: Path, services: set[str]) -> list[Path]:
    data = packages / "botocore" / "data"
    folders = [each for each in data.iterdir() if each.is_dir() and each.name not in services]
    return [*folders, *data.rglob("examples-1.json")]


def _unused_metadata(packages: Path) -> list[Path]:
    return [each for folder in packages.glob("*.dist-info") for each in folder.iterdir() if not _is_kept(each.name)]


def _is_kept(name: str) -> bool:
    return name in KEPT_METADATA or name.startswith(("LICENSE", "LICENCE", "NOTICE"))
