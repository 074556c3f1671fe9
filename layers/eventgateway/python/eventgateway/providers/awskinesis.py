"""`awskinesis`: a Kinesis data stream; the event becomes a record."""

import re
from dataclasses import dataclass
from typing import ClassVar

from eventgateway.core.errors import FunctionOverflow, FunctionUnreachable
from eventgateway.core.json import dumps
from eventgateway.core.provider import AwsProvider, Call, Outbound
from eventgateway.core.setting import setting
from eventgateway.core.target import Target

NAME = "[a-zA-Z0-9_.-]{1,128}"  # https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
USUAL_LIMIT = 1024 * 1024  # bytes; what a stream takes unless its owner has raised it
REFUSALS = ("ValidationException", "InvalidArgumentException")


@dataclass(frozen=True)
class Stream(AwsProvider):
    """Answers what Kinesis answered: shard and sequence number."""

    type: ClassVar[str] = "awskinesis"
    label: ClassVar[str] = "AWS Kinesis function"
    payload_limit: ClassVar[int] = 10 * 1024 * 1024  # https://docs.aws.amazon.com/streams/latest/dev/large-records.html

    stream_name: str = setting("streamName", help="Name of the stream", required=True)

    @property
    def target(self) -> Target:
        """The stream of that name in the account that calls."""
        return Target("kinesis", self.region, self.stream_name if re.fullmatch(NAME, self.stream_name) else "")

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Put the event as one record; its id is the partition key (256 characters at most)."""
        self.check_size(call.payload)
        record = {"StreamName": self.stream_name, "PartitionKey": call.event_id[:256] or "-", "Data": call.payload}
        try:
            answer = outbound.aws(self.target, "put_record", self.credentials, call.timeout, **record)
        except FunctionUnreachable as error:
            if len(call.payload) > USUAL_LIMIT and error.message.startswith(REFUSALS):
                raise FunctionOverflow("This stream", len(call.payload), USUAL_LIMIT) from error
            raise
        return dumps({"ShardId": answer["ShardId"], "SequenceNumber": answer["SequenceNumber"]})
