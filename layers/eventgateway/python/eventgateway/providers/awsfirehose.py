"""`awsfirehose`: a Firehose delivery stream; the event becomes a record."""

from dataclasses import dataclass
from typing import ClassVar

from eventgateway.core.json import dumps
from eventgateway.core.provider import AwsProvider, Call, Outbound
from eventgateway.core.setting import setting


@dataclass(frozen=True)
class DeliveryStream(AwsProvider):
    """Answers what Firehose answered: the id of the record."""

    type: ClassVar[str] = "awsfirehose"
    label: ClassVar[str] = "AWS Firehose function"
    payload_limit: ClassVar[int] = 1000 * 1024  # https://docs.aws.amazon.com/firehose/latest/dev/limits.html

    delivery_stream_name: str = setting("deliveryStreamName", help="Name of the delivery stream", required=True)

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Put the event as one record."""
        self.check_size(call.payload)
        record = {"DeliveryStreamName": self.delivery_stream_name, "Record": {"Data": call.payload}}
        answer = outbound.aws("firehose", "put_record", self.region, self.credentials, call.timeout, **record)
        return dumps({"RecordId": answer["RecordId"]})
