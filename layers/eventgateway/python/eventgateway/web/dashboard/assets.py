"""The static files of the dashboard: what is in this list is served, and nothing else."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

ASSETS = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
DIGEST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Asset:
    """A file with its media type, and a digest of what is in it."""

    type: str
    text: str
    digest: str


@cache
def asset(name: str) -> Asset:
    """One of ASSETS."""
    text = files(__package__).joinpath("static", name).read_text(encoding="utf-8")
    return Asset(ASSETS[name], text, sha256(text.encode()).hexdigest()[:DIGEST_LENGTH])


def address(name: str) -> str:
    """Where browsers find it; another content has another address."""
    return f"/static/{name}?v={asset(name).digest}"
