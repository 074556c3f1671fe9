"""Plugins as packages, and how they get onto the path of a process."""

import os
import shutil
from pathlib import Path

from tests.clients.gateway import LIBRARIES

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "AWS_LAMBDA_RUNTIME_API")},
    "PIP_NO_BUILD_ISOLATION": "0",  # 0 means that there is none: pip reads options that begin with `no` the wrong way round
    "PIP_NO_INDEX": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
}


def copy_of_the_examples(folder: Path) -> Path:
    """Building them writes beside them."""
    return shutil.copytree(EXAMPLES, folder / "plugins", ignore=shutil.ignore_patterns("__pycache__"))


def package(folder: Path, name: str, source: str) -> Path:
    """Make a plugin as pip would have installed it in a folder."""
    metadata = folder / f"{name}-1.dist-info"
    metadata.mkdir()
    (folder / f"plugin_{name}.py").write_text(source)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[eventgateway.plugins]\n{name} = plugin_{name}:{name.title()}\n")
    return folder


def with_path(*folders: Path) -> dict[str, str]:
    """An environment in which the gateway and what is in these folders can be imported."""
    return {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join([LIBRARIES, *map(str, folders)])}
