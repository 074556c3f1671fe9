"""AWS whose answers are written down, and a machine whose programs are."""

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.session import Session
from botocore.stub import Stubber

from local.doctor.machine import ProgramFailed

REGION, ACCOUNT = "eu-central-1", "123456789012"
ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ann"
KEYS = {"AccessKeyId": "A" * 20, "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2026-01-01T00:00:00Z"}


class StubbedAws:
    """Every client is a real one of boto3 that answers what was stubbed for its service and region, in that order."""

    def __init__(self) -> None:
        self.session: Any = Session()
        self.assumed: list[dict[str, Any]] = []
        self.of_role: StubbedAws | None = None
        self._stubs: dict[tuple[str, str], Stubber] = {}

    def stub(self, service: str, region: str = REGION) -> Stubber:
        if (service, region) not in self._stubs:
            client = boto3.client(service, region_name=region, aws_access_key_id="k", aws_secret_access_key="s")
            self._stubs[service, region] = Stubber(client)
            self._stubs[service, region].activate()
        return self._stubs[service, region]

    def client(self, service: str, region: str) -> Any:
        return self.stub(service, region).client

    def with_keys(self, keys: dict[str, Any]) -> "StubbedAws":
        self.assumed.append(keys)
        return self.of_role

    def all_used(self) -> None:
        for each in self._stubs.values():
            each.assert_no_pending_responses()


class Programs:
    """What programs print, by the first two words of their command."""

    def __init__(self, printed: Mapping[str, str]) -> None:
        self.printed = printed

    def __call__(self, command: Sequence[str]) -> str:
        for known in (" ".join(command[:2]), command[0]):
            if known in self.printed:
                return self.printed[known]
        raise ProgramFailed(f"{command[0]} is not on the PATH")
