"""`awslambda`: an AWS Lambda function, invoked with RequestResponse."""

import re
from dataclasses import dataclass
from typing import ClassVar

from eventgateway.core.errors import FunctionAccessDenied, FunctionFailed
from eventgateway.core.json import JsonError, loads
from eventgateway.core.provider import AwsProvider, Call, Outbound
from eventgateway.core.setting import setting
from eventgateway.core.target import Target

ARN = re.compile(r"arn:aws[a-z-]*:lambda:([a-z0-9-]+):([0-9]{12}):function:([\w-]+(:([$]LATEST|[\w-]+))?)", re.ASCII)
TEXT_LIMIT = 1000
ADVICE = {
    "AccessDeniedException": "The provided credentials do not have the required IAM permissions to invoke this function. "
    "Please attach the lambda:invokeFunction permission to these credentials.",
    "UnrecognizedClientException": "The provided credentials are invalid. Please provide valid credentials.",
    "ExpiredTokenException": "The provided security token for the function has expired. "
    "Please provide an updated security token or provide permanent credentials.",
}


@dataclass(frozen=True)
class LambdaFunction(AwsProvider):
    """Its result is the function's; an exception in it is a failure."""

    type: ClassVar[str] = "awslambda"
    label: ClassVar[str] = "AWS Lambda function"
    payload_limit: ClassVar[int] = 6 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

    arn: str = setting("arn", help="ARN or name of the function", required=True)

    @property
    def target(self) -> Target:
        """The function of an ARN in the region. Names, and ARNs that lack parts, could be read in more than one way."""
        found = ARN.fullmatch(self.arn)
        is_there = found is not None and found[1] == self.region
        return Target("lambda", self.region, found[3], found[2]) if found and is_there else Target("lambda", self.region)

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Invoke the function with the event as its payload."""
        self.check_size(call.payload)
        invocation = {"FunctionName": self.arn, "Payload": call.payload}
        try:
            answer = outbound.aws(self.target, "invoke", self.credentials, call.timeout, **invocation)
            payload: bytes = answer["Payload"].read()
        except FunctionAccessDenied as error:
            raise _with_advice(error) from error
        if answer.get("FunctionError"):
            raise FunctionFailed(answer["FunctionError"], detail=_error_message(payload))
        return payload


def _with_advice(error: FunctionAccessDenied) -> FunctionAccessDenied:
    advice = ADVICE.get(error.code)
    return FunctionAccessDenied(
        error.log_text, error.code, f"Function call failed with {error.code}. {advice}" if advice else "", error.detail
    )


def _error_message(payload: bytes) -> str:
    """What the function said, cut so that it fits into logs and dead letters: a result may have 6 MB."""
    try:
        document = loads(payload)
    except JsonError:
        return ""
    return str(document.get("errorMessage", ""))[:TEXT_LIMIT] if isinstance(document, dict) else ""
