"""`awssqs`: an SQS queue; the event becomes a message."""

from dataclasses import dataclass
from hashlib import md5
from typing import ClassVar

from eventgateway.core.errors import FunctionFailed
from eventgateway.core.json import dumps
from eventgateway.core.provider import AwsProvider, Call, Outbound
from eventgateway.core.setting import setting
from eventgateway.core.xml_text import escape_json


@dataclass(frozen=True)
class Queue(AwsProvider):
    """Answers what SQS answered: message id and digest."""

    type: ClassVar[str] = "awssqs"
    label: ClassVar[str] = "AWS SQS function"

    queue_url: str = setting("queueUrl", help="URL of the queue", required=True)

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Send the event as one message."""
        body = escape_json(call.payload.decode())
        message = {"QueueUrl": self.queue_url, "MessageBody": body}
        answer = outbound.aws("sqs", "send_message", self.region, self.credentials, call.timeout, **message)
        digest = answer["MD5OfMessageBody"]
        if digest != md5(body.encode(), usedforsecurity=False).hexdigest():
            raise FunctionFailed("SQS received another message than was sent: the digests differ")
        return dumps({"MessageId": answer["MessageId"], "MD5OfMessageBody": digest})
