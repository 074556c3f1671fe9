"""Our folders as Lambda gets them."""

from pathlib import Path

from aws_cdk import aws_lambda as lambda_

from infra import dependencies
from infra.platforms import Platform

NOT_SOURCE = ["**/__pycache__", "**/*.pyc"]  # would change the hash with each run of the tests


def code(path: Path) -> lambda_.AssetCode:
    """A folder of our own sources as it is: that of a function, or `layers/eventgateway`."""
    return lambda_.Code.from_asset(str(path), exclude=NOT_SOURCE)


def third_party(platform: Platform) -> lambda_.AssetCode:
    """The packages that functions import, with bytecode. Raises BuildFailed."""
    return lambda_.Code.from_asset(str(dependencies.build(platform)))
