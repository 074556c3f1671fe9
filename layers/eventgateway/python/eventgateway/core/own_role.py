"""The gateway's own role, with which functions on AWS are called that bring neither keys nor a role: whose it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

from eventgateway.core.errors import FunctionRefused, InvalidRequest
from eventgateway.core.function import Function
from eventgateway.core.provider import AwsProvider, Credentials
from eventgateway.core.target import Target, TargetPattern

QUEUE = re.compile(r"/([0-9]{12})/([\w-]+(?:[.]fifo)?)", re.ASCII)  # the path of a queue's URL
INCOMPLETE = "awsAccessKeyId and awsSecretAccessKey (and awsSessionToken, if there is one) count only together: give all of them or none"
NOT_YOURS = (
    "the gateway's own role calls nothing here but what its operator allows: give awsAccessKeyId and awsSecretAccessKey, or a roleArn"
)


class OwnRole:
    """Standalone: of whoever may register functions. What it can call is left to its policies."""

    def check_function(self, function: Function) -> None:
        """Raise InvalidRequest if a function would use the role for what is not allowed."""

    def check(self, target: Target, credentials: Credentials) -> None:
        """Raise FunctionRefused if a call would use the role for what is not allowed."""


@dataclass(frozen=True, slots=True)
class OperatorsRole(OwnRole):
    """Hosted: of the operator, who tells by `patterns` what of theirs tenants may call; never the queue of deliveries, `queue`.

    Half of a pair of keys is refused, since AWS clients take it for none.
    """

    patterns: tuple[TargetPattern, ...]
    account: str
    queue: str

    @classmethod
    def of(cls, arns: Iterable[str], queue_url: str) -> Self:
        """The role of the gateway with this delivery queue. Raises ValueError for what is no ARN of a target."""
        found = QUEUE.search(queue_url)
        account, queue = found.groups() if found else ("", "")
        return cls(tuple(map(TargetPattern.parse, arns)), account, queue)

    def check_function(self, function: Function) -> None:
        """See `OwnRole`."""
        provider = function.provider
        fault = self._fault(provider.target, provider.credentials) if isinstance(provider, AwsProvider) else None
        if fault is not None:
            raise function.kind.invalid(InvalidRequest(fault))

    def check(self, target: Target, credentials: Credentials) -> None:
        """See `OwnRole`."""
        fault = self._fault(target, credentials)
        if fault is not None:
            raise FunctionRefused(fault)

    def _fault(self, target: Target, credentials: Credentials) -> str | None:
        if not credentials.are_whole:
            return INCOMPLETE
        is_own = not credentials.have_keys and not credentials.role_arn
        return NOT_YOURS if is_own and not self._allows(target) else None

    def _allows(self, target: Target) -> bool:
        there = replace(target, account=target.account or self.account)
        may_be_the_gateways = there.service == "sqs" and (not self.queue or (there.account, there.name) == (self.account, self.queue))
        return not may_be_the_gateways and any(each.fits(there) for each in self.patterns)


EVERYBODYS = OwnRole()
