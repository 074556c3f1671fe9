"""AWS calls as they go over the wire: requests of botocore in, answers for it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from json import dumps, loads
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

Json = dict[str, Any]

SEND_MESSAGE = {"AmazonSQS.SendMessage", "AmazonSQS.SendMessageBatch"}
RECEIVE_MESSAGE = "AmazonSQS.ReceiveMessage"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to AWS. `target` names the operation of services that speak JSON (DynamoDB, SQS), else it is empty."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, request: AWSPreparedRequest) -> "Call":
        """What botocore is about to send."""
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        return cls(request.method, request.url, headers, read(request.body))

    @classmethod
    def json(cls, url: str, target: str, parameters: Json) -> "Call":
        """A call of our own."""
        return cls("POST", url, {"x-amz-target": target, "content-type": "application/x-amz-json-1.0"}, dumps(parameters).encode())

    @property
    def target(self) -> str:
        """Such as `AmazonSQS.SendMessage`."""
        return self.headers.get("x-amz-target", "")

    def parameters(self) -> Json:
        """Of a call that speaks JSON."""
        parameters: Json = loads(self.body or b"{}")
        return parameters

    def but(self, **parameters: object) -> "Call":
        """The same call with other parameters."""
        headers = {name: value for name, value in self.headers.items() if name != "content-length"}
        return Call(self.method, self.url, headers, dumps(self.parameters() | parameters).encode())

    def request(self) -> AWSPreparedRequest:
        """As botocore would send it."""
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            headers[name] = value
        return AWSPreparedRequest(method=self.method, url=self.url, headers=headers, body=self.body, stream_output=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS says to a call."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the call did what it should."""
        return self.status < 300  # noqa: PLR2004 - https://www.rfc-editor.org/rfc/rfc9110#section-15

    def result(self) -> Json:
        """Of a service that speaks JSON."""
        result: Json = loads(self.body or b"{}")
        return result

    def response(self, url: str) -> AWSResponse:
        """As botocore would receive it."""
        return AWSResponse(url, self.status, self.headers, _Raw(self.body))  # type: ignore[arg-type]


class _Raw(BytesIO):
    """The body in the one way botocore reads it besides `read`."""

    def stream(self, amt: int = 65536, **_: object) -> Any:  # noqa: ANN401 - an iterator of bytes
        while chunk := self.read(amt):
            yield chunk


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def read(body: Any) -> bytes:  # noqa: ANN401 - whatever botocore takes for a body
    """A body as a whole, of text, bytes, a stream or nothing."""
    if isinstance(body, str):
        return body.encode()
    return bytes(body.read() if hasattr(body, "read") else body or b"")
