"""What functions on AWS call, and the operator's patterns for it."""

import re
from dataclasses import dataclass

KINDS = {"lambda": "function:", "sqs": "", "kinesis": "stream/", "firehose": "deliverystream/"}
ARN = re.compile(r"arn:aws[a-z-]*:([a-z]+):([a-z0-9-]+):([0-9]{12}):([!-~]+)")
PATTERN = re.compile(r"[\w-][\w.:*?-]*", re.ASCII)  # it begins with a name, so that none stands for everything
WILDCARDS = {"*": ".*", "?": "."}


@dataclass(frozen=True, slots=True)
class Target:
    """A function, queue or stream. It is in the account of the caller if it names no other; without a name nobody can tell which it is."""

    service: str
    region: str
    name: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class TargetPattern:
    """Targets of one service, region and account. In `name`, `*` stands for any characters and `?` for one, as in policies of IAM."""

    service: str
    region: str
    account: str
    name: str

    @classmethod
    def parse(cls, arn: str) -> "TargetPattern":
        """Read an ARN. Raises ValueError for one of something that the gateway cannot call, or without region, account or name."""
        found = ARN.fullmatch(arn)
        kind = KINDS.get(found[1]) if found else None
        if found is None or kind is None or not found[4].startswith(kind) or not PATTERN.fullmatch(found[4].removeprefix(kind)):
            raise ValueError(f"{arn!r} is no ARN of a function, queue or stream, with region, account and name")
        return cls(found[1], found[2], found[3], found[4].removeprefix(kind))

    def fits(self, target: Target) -> bool:
        """Whether it stands for a target that says its account."""
        same_place = (self.service, self.region, self.account) == (target.service, target.region, target.account)
        return same_place and re.fullmatch("".join(WILDCARDS.get(each) or re.escape(each) for each in self.name), target.name) is not None
