"""The context object that Lambda hands to a Python function."""

from dataclasses import dataclass, field
from time import monotonic
from uuid import uuid4

ACCOUNT = "123456789012"
REGION = "us-east-1"


def request_id() -> str:
    """The id of a new invocation."""
    return str(uuid4())


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """As https://docs.aws.amazon.com/lambda/latest/dg/python-context.html has it; `seconds` is the time the function has."""

    function_name: str
    seconds: float
    aws_request_id: str = field(default_factory=request_id)
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = "1024"
    log_stream_name: str = "local"
    identity: object = None
    client_context: object = None
    started: float = field(default_factory=monotonic)

    @property
    def invoked_function_arn(self) -> str:
        """A name in the emulated account."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """Where Lambda would write its logs."""
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """What is left of the time, 0 at least."""
        return max(0, round((self.started + self.seconds - monotonic()) * 1000))
