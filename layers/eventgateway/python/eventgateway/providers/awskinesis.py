"""`awskinesis`: a Kinesis data stream; the event becomes a record."""

from dataclasses import dataclass
from typing import ClassVar

from eventgateway.core.json import dumps
from eventgateway.core.provider import AwsProvider, Call, Outbound
from eventgateway.core.setting import setting


@dataclass(frozen=True)
class Stream(AwsProvider):
    """Answers what Kinesis answered: shard and sequence number."""

    type: ClassVar[str] = "awskinesis"
    label: ClassVar[str] = "AWS Kinesis function"

    stream_name: str = setting("streamName", help="Name of the stream", required=True)

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Put the event as one record; its id is the partition key (256 characters at most)."""
        record = {"StreamName": self.stream_name, "PartitionKey": call.event_id[:256] or "-", "Data": call.payload}
        answer = outbound.aws("kinesis", "put_record", self.region, self.credentials, call.timeout, **record)
        return dumps({"ShardId": answer["ShardId"], "SequenceNumber": answer["SequenceNumber"]})
