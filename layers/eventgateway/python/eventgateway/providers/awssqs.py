"""`awssqs`: an SQS queue; the event becomes a message."""

import re
from dataclasses import dataclass
from hashlib import md5
from typing import ClassVar

from eventgateway.core.errors import FunctionFailed
from eventgateway.core.json import dumps
from eventgateway.core.provider import AwsProvider, Call, Outbound
from eventgateway.core.setting import setting
from eventgateway.core.target import Target
from eventgateway.core.xml_text import escape_json

DOMAINS = (  # of AWS's partitions; the last two are those of dual-stack endpoints
    "amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov",
    "api.aws", "api.amazonwebservices.com.cn",
)  # fmt: skip
ENDPOINT = "https://(sqs(-fips)?[.]{region}|({region}[.])?queue)[.]({domains})(:443)?/"
PATH = re.compile(r"https://[^/]+/([0-9]{12})/([\w-]{1,80}([.]fifo)?)", re.ASCII)


@dataclass(frozen=True)
class Queue(AwsProvider):
    """Answers what SQS answered: message id and digest."""

    type: ClassVar[str] = "awssqs"
    label: ClassVar[str] = "AWS SQS function"
    payload_limit: ClassVar[int] = (
        1024 * 1024
    )  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html

    queue_url: str = setting("queueUrl", help="URL of the queue", required=True)

    def target_fault(self) -> str | None:
        """The URL must be that of a queue in the region (https://docs.aws.amazon.com/general/latest/gr/sqs-service.html)."""
        endpoint = ENDPOINT.format(region=re.escape(self.region), domains="|".join(map(re.escape, DOMAINS)))
        return None if re.match(endpoint, self.queue_url) else "the host of queueUrl is not SQS in the region"

    @property
    def target(self) -> Target:
        """The queue of a URL that is written as SQS does it."""
        found = PATH.fullmatch(self.queue_url) if self.target_fault() is None else None
        return Target("sqs", self.region, found[2], found[1]) if found else Target("sqs", self.region)

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Send the event as one message."""
        body = escape_json(call.payload.decode())
        self.check_size(body.encode())
        message = {"QueueUrl": self.queue_url, "MessageBody": body}
        answer = outbound.aws(self.target, "send_message", self.credentials, call.timeout, **message)
        digest = answer["MD5OfMessageBody"]
        if digest != md5(body.encode(), usedforsecurity=False).hexdigest():
            raise FunctionFailed("SQS received another message than was sent: the digests differ")
        return dumps({"MessageId": answer["MessageId"], "MD5OfMessageBody": digest})
