"""What is uploaded: folders of this repository, without what a run leaves in them."""

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_

ROOT = Path(__file__).parent.parent
LEFT_BEHIND = ["**/__pycache__", "**/*.pyc"]  # differ from machine to machine, and so would the hash of the folder


def code(folder: str) -> lambda_.AssetCode:
    """A folder of the repository as Lambda code; the same files give the same hash."""
    return lambda_.Code.from_asset(str(ROOT / folder), exclude=LEFT_BEHIND, ignore_mode=IgnoreMode.GIT)
