"""What the contract suite of providers needs to know of each type: a valid configuration, and how its backend answers.

A new type is one entry here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import md5
from json import dumps, loads

from eventgateway.core.errors import FunctionAccessDenied, FunctionFailed, FunctionThrottled, FunctionUnreachable, ProviderError
from eventgateway.core.json import JsonObject
from tests.loopback import Request, Step, answer

KEY, SECRET, TOKEN = "AKID", "the-secret", "the-token"
URL_PASSWORD = "url-password"
HEADER, SIGNING, PREVIOUS = "the-header", f"whsec_{'c2ln' * 8}", f"whsec_{'cHJl' * 8}"
ROLE, EXTERNAL_ID = "arn:aws:iam::123456789012:role/target", "the-external-id"
ROLE_KEY, ROLE_SECRET, ROLE_TOKEN = "ROLEKEY", "role-secret", "role-token"
SECRETS = (SECRET, TOKEN, URL_PASSWORD, HEADER, SIGNING, PREVIOUS, ROLE_SECRET, ROLE_TOKEN)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:hello"

Answering = Callable[[Request], Step]
Kind = type[ProviderError]


@dataclass(frozen=True)
class Entry:
    """`document` is complete, for a backend at a URL. `failures` are by what went wrong: how the backend says so, what the caller gets."""

    document: Callable[[str], JsonObject]
    missing: str
    success: Answering
    result: bytes
    failures: Mapping[str, tuple[Answering, Kind]]
    endpoint: str = ""  # the environment variable that leads AWS clients to the backend
    payload: bytes = field(default=b'{"eventType":"u","data":"\xc3\xa4"}')


def always(reply: bytes) -> Answering:
    return lambda _: reply


def aws_error(status: int, code: str, message: str = "the message") -> bytes:
    """An error of an AWS API, in both ways in which they name its code."""
    body = dumps({"__type": f"com.amazonaws#{code}", "message": message, "Message": message}).encode()
    return answer(body, f"X-Amzn-Errortype: {code}", "Content-Type: application/x-amz-json-1.0", status=f"{status} Error")


def aws_failures(unknown: str) -> dict[str, tuple[Answering, Kind]]:
    quoted = f"The request was: x-amz-security-token:{ROLE_TOKEN} {ROLE_SECRET} {TOKEN} {SECRET}"
    return {
        "unknown target": (always(aws_error(400, unknown)), FunctionUnreachable),
        "throttled": (always(aws_error(400, "ThrottlingException")), FunctionThrottled),
        "access denied": (always(aws_error(403, "AccessDeniedException", quoted)), FunctionAccessDenied),
        "expired": (always(aws_error(403, "ExpiredTokenException")), FunctionAccessDenied),
        "bad signature": (always(aws_error(403, "InvalidSignatureException", quoted)), FunctionAccessDenied),
        "broken": (always(aws_error(500, "InternalFailure")), FunctionUnreachable),
        "nameless error": (always(answer(b"<html>Sorry</html>", status="502 Bad Gateway")), FunctionUnreachable),
        "no JSON": (always(answer(b"{", status="400 Bad Request")), FunctionUnreachable),
    }  # fmt: skip


NOT_AWS: dict[str, tuple[Answering, Kind]] = {
    "answer of another service": (always(answer(b"<html>Welcome</html>", "Content-Type: text/html")), FunctionUnreachable),
    "empty answer": (always(answer(b"{}")), FunctionUnreachable),
    "no answer": (always(answer(b"")), FunctionUnreachable),
    "answer of another type": (always(answer(b"[1]")), FunctionUnreachable),
}


def aws(**own: str) -> Callable[[str], JsonObject]:
    keys = {"region": "us-east-1", "awsAccessKeyId": KEY, "awsSecretAccessKey": SECRET, "awsSessionToken": TOKEN}
    return lambda _: {**own, **keys, "roleArn": ROLE, "externalId": EXTERNAL_ID}


def sts_answer(key: str = ROLE_KEY, seconds: float = 3600.0) -> bytes:
    """The keys of a role, as STS answers them."""
    expiration = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {"AccessKeyId": key, "SecretAccessKey": ROLE_SECRET, "SessionToken": ROLE_TOKEN, "Expiration": expiration}
    keys = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    result = f"<AssumeRoleResult><Credentials>{keys}</Credentials></AssumeRoleResult>"
    document = f'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{result}</AssumeRoleResponse>'
    return answer(document.encode(), "Content-Type: text/xml")


def sts_error(code: str, message: str = "the message", status: int = 403) -> bytes:
    """An error of STS, which speaks XML."""
    error = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    return answer(error.encode(), "Content-Type: text/xml", status=f"{status} Error")


def http_document(url: str) -> JsonObject:
    own: JsonObject = {"headers": {"X-Api-Key": HEADER}, "signingSecret": SIGNING, "previousSigningSecret": PREVIOUS}
    return {"url": url.replace("//", f"//user:{URL_PASSWORD}@")} | own


def sqs_success(request: Request) -> bytes:
    digest = md5(loads(request.body)["MessageBody"].encode()).hexdigest()
    return answer(dumps({"MessageId": "m", "MD5OfMessageBody": digest}).encode())


ENTRIES = {
    "http": Entry(
        http_document,
        "missing required fields for HTTP endpoint",
        always(answer(b'{"body":"ok"}')),
        b'{"body":"ok"}',
        {
            "failure": (always(answer(f"{URL_PASSWORD} {HEADER} {SIGNING}".encode(), status="500 Internal Server Error")), FunctionFailed),
            "throttled": (always(answer(b"", status="429 Too Many Requests")), FunctionFailed),
            "access denied": (always(answer(b"", status="403 Forbidden")), FunctionFailed),
        },
    ),
    "awslambda": Entry(
        aws(arn=ARN),
        "missing required fields for AWS Lambda function",
        always(answer(b'{"body":"ok"}')),
        b'{"body":"ok"}',
        aws_failures("ResourceNotFoundException") | {
            "unhandled": (always(answer(b'{"errorMessage":"boom"}', "X-Amz-Function-Error: Unhandled")), FunctionFailed),
            "handled": (always(answer(b'{"errorMessage":"boom"}', "X-Amz-Function-Error: Handled")), FunctionFailed),
            "failed without JSON": (always(answer(b"boom", "X-Amz-Function-Error: Unhandled")), FunctionFailed),
            "failed without an object": (always(answer(b'["boom"]', "X-Amz-Function-Error: Unhandled")), FunctionFailed),
            "too many requests": (always(aws_error(429, "TooManyRequestsException")), FunctionThrottled),
        },
        "AWS_ENDPOINT_URL_LAMBDA",
    ),
    "awssqs": Entry(
        aws(queueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/queue"),
        "missing required fields for AWS SQS function",
        sqs_success,
        b'{"MessageId":"m","MD5OfMessageBody":"5eb22594156c91c463a0315f03de9063"}',
        aws_failures("QueueDoesNotExist") | NOT_AWS | {
            "another digest": (always(answer(b'{"MessageId":"m","MD5OfMessageBody":"00000000000000000000000000000000"}')), FunctionFailed),
            "request throttled": (always(aws_error(403, "RequestThrottled")), FunctionThrottled),
        },
        "AWS_ENDPOINT_URL_SQS",
    ),
    "awskinesis": Entry(
        aws(streamName="stream"),
        "missing required fields for AWS Kinesis function",
        always(answer(b'{"ShardId":"shardId-0","SequenceNumber":"495"}')),
        b'{"ShardId":"shardId-0","SequenceNumber":"495"}',
        aws_failures("ResourceNotFoundException") | NOT_AWS | {
            "shard is full": (always(aws_error(400, "ProvisionedThroughputExceededException")), FunctionThrottled),
        },
        "AWS_ENDPOINT_URL_KINESIS",
    ),
    "awsfirehose": Entry(
        aws(deliveryStreamName="delivery"),
        "missing required fields for AWS Firehose function",
        always(answer(b'{"RecordId":"rec-1"}')),
        b'{"RecordId":"rec-1"}',
        aws_failures("ResourceNotFoundException") | NOT_AWS | {
            "over the quota": (always(aws_error(503, "ServiceUnavailableException")), FunctionThrottled),
        },
        "AWS_ENDPOINT_URL_FIREHOSE",
    ),
}  # fmt: skip
