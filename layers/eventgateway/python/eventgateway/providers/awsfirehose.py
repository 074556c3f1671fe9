"""`awsfirehose`: a Firehose delivery stream; the event becomes a record."""

import re
from dataclasses import dataclass
from typing import ClassVar

from eventgateway.core.json import dumps
from eventgateway.core.provider import AwsProvider, Call, Outbound
from eventgateway.core.setting import setting
from eventgateway.core.target import Target

NAME = "[a-zA-Z0-9_.-]{1,64}"  # https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html


@dataclass(frozen=True)
class DeliveryStream(AwsProvider):
    """Answers what Firehose answered: the id of the record."""

    type: ClassVar[str] = "awsfirehose"
    label: ClassVar[str] = "AWS Firehose function"
    payload_limit: ClassVar[int] = 1000 * 1024  # https://docs.aws.amazon.com/firehose/latest/dev/limits.html

    delivery_stream_name: str = setting("deliveryStreamName", help="Name of the delivery stream", required=True)

    @property
    def target(self) -> Target:
        """The stream of that name in the account that calls."""
        return Target("firehose", self.region, self.delivery_stream_name if re.fullmatch(NAME, self.delivery_stream_name) else "")

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Put the event as one record."""
        self.check_size(call.payload)
        record = {"DeliveryStreamName": self.delivery_stream_name, "Record": {"Data": call.payload}}
        answer = outbound.aws(self.target, "put_record", self.credentials, call.timeout, **record)
        return dumps({"RecordId": answer["RecordId"]})
