"""The AWS function types beyond what all types promise: their messages, their credentials, and what callers read about failures."""

from json import dumps, loads

import boto3
import pytest

from eventgateway import providers
from eventgateway.aws import CLIENT_LIMIT, TIMEOUTS
from eventgateway.core.errors import FunctionAccessDenied, FunctionFailed, FunctionUnreachable, ProviderError
from eventgateway.core.provider import Call, Credentials, Purpose
from eventgateway.outbound import Network
from eventgateway.web.errors import CALL_FAILED, error_result
from tests.contract.backends import ARN, ENTRIES, KEY, SECRET, TOKEN, aws_error
from tests.contract.conftest import OWN_KEY, REGION
from tests.loopback import answer

REGISTRY = providers.load()
EVENT = {"eventType": "u", "eventID": "event-1", "data": {"text": "ä\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")}}
PAYLOAD = dumps(EVENT, ensure_ascii=False).encode()
NOWHERE = "no where", "a.b", "-", "x" * 70, "evil.test/"


def call(type_, network, timeout=2.0, **configuration):
    document = {"region": REGION} | configuration
    return REGISTRY[type_].restore(document).call(Call(PAYLOAD, Purpose.SYNC, timeout, "event-1"), network)


@pytest.fixture(scope="class")
def emulated(emulator):
    return Network()


class TestEmulated:
    """The event really arrives, in the services as moto rebuilds them."""

    def test_sqs(self, emulated):
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="target")["QueueUrl"]
        sent = loads(call("awssqs", emulated, queueUrl=url))
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert loads(message["Body"]) == EVENT
        assert sent == {"MessageId": message["MessageId"], "MD5OfMessageBody": message["MD5OfBody"]}

    def test_sqs_message_holds_xml_characters_only(self, emulated):
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="characters")["QueueUrl"]
        text = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x10000)]))
        queue = REGISTRY["awssqs"].restore({"region": REGION, "queueUrl": url})
        queue.call(Call(dumps(text, ensure_ascii=False).encode(), Purpose.ASYNC, 2.0), emulated)
        [message] = sqs.receive_message(QueueUrl=url)["Messages"]
        assert loads(message["Body"]) == text
        assert not {"\ufffe", "\uffff"}.intersection(message["Body"])

    def test_kinesis(self, emulated):
        kinesis = boto3.client("kinesis")
        kinesis.create_stream(StreamName="stream", ShardCount=1)
        sent = loads(call("awskinesis", emulated, streamName="stream"))
        shard = kinesis.get_shard_iterator(StreamName="stream", ShardId=sent["ShardId"], ShardIteratorType="TRIM_HORIZON")
        [record] = kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"]
        assert loads(record["Data"]) == EVENT
        assert (record["PartitionKey"], record["SequenceNumber"]) == ("event-1", sent["SequenceNumber"])

    @pytest.mark.parametrize(("event_id", "key"), [("", "-"), ("x" * 300, "x" * 256), ("ä☃", "ä☃")])
    def test_kinesis_partition_key_of_any_event_id(self, emulated, event_id, key):
        kinesis = boto3.client("kinesis")
        name = f"stream-{len(event_id)}"
        kinesis.create_stream(StreamName=name, ShardCount=1)
        stream = REGISTRY["awskinesis"].restore({"region": REGION, "streamName": name})
        sent = loads(stream.call(Call(PAYLOAD, Purpose.ASYNC, 2.0, event_id), emulated))
        shard = kinesis.get_shard_iterator(StreamName=name, ShardId=sent["ShardId"], ShardIteratorType="TRIM_HORIZON")
        [record] = kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"]
        assert record["PartitionKey"] == key

    def test_firehose(self, emulated):
        s3, firehose = boto3.client("s3"), boto3.client("firehose")
        s3.create_bucket(Bucket="lake")
        target = {"RoleARN": "arn:aws:iam::123456789012:role/firehose", "BucketARN": "arn:aws:s3:::lake"}
        firehose.create_delivery_stream(DeliveryStreamName="delivery", S3DestinationConfiguration=target)
        sent = loads(call("awsfirehose", emulated, deliveryStreamName="delivery"))
        [stored] = s3.list_objects_v2(Bucket="lake")["Contents"]
        assert loads(s3.get_object(Bucket="lake", Key=stored["Key"])["Body"].read()) == EVENT
        assert sent["RecordId"]

    @pytest.mark.parametrize(
        ("type_", "target"),
        [
            ("awssqs", {"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/gone"}),
            ("awskinesis", {"streamName": "gone"}),
            ("awsfirehose", {"deliveryStreamName": "gone"}),
            ("awslambda", {"arn": "gone"}),
        ],
    )
    def test_what_does_not_exist(self, emulated, type_, target):
        with pytest.raises(FunctionUnreachable, match=r"(ResourceNotFoundException|NonExistentQueue)") as caught:
            call(type_, emulated, **target)
        assert error_result(caught.value).body == dumps({"errors": [{"message": CALL_FAILED}]}, separators=(",", ":"))


@pytest.fixture
def network(network, server, monkeypatch):
    """A network whose Lambda is the served backend."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.url())
    server.script = lambda _: [answer(b'{"statusCode":201}')]
    return network


OWN_KEYS = {"awsAccessKeyId": KEY, "awsSecretAccessKey": SECRET}


class TestLambdaRequest:
    """As aws.json has them."""

    def test_path_and_body(self, network, server):
        assert call("awslambda", network, arn=ARN, **OWN_KEYS) == b'{"statusCode":201}'
        [request] = server.requests
        quoted = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Ahello"
        assert (request.method, request.target) == ("POST", f"/2015-03-31/functions/{quoted}/invocations")
        assert request.body == PAYLOAD
        assert request.headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse"

    def test_plain_name(self, network, server):
        call("awslambda", network, arn="hello", **OWN_KEYS)
        assert server.requests[0].target == "/2015-03-31/functions/hello/invocations"

    def test_is_signed_with_the_keys_of_the_function(self, network, server):
        call("awslambda", network, arn=ARN, **OWN_KEYS)
        [request] = server.requests
        assert f"Credential={KEY}/" in request.headers["authorization"]
        assert f"/{REGION}/lambda/aws4_request" in request.headers["authorization"]
        assert "x-amz-security-token" not in request.headers

    def test_session_token(self, network, server):
        call("awslambda", network, arn=ARN, **OWN_KEYS, awsSessionToken=TOKEN)
        assert server.requests[0].headers["x-amz-security-token"] == TOKEN

    @pytest.mark.parametrize("keys", [{}, {"awsAccessKeyId": KEY}, {"awsSecretAccessKey": SECRET}, {"awsSessionToken": TOKEN}])
    def test_without_a_pair_of_keys_the_own_role_signs(self, network, server, keys):
        call("awslambda", network, arn=ARN, **keys)
        assert f"Credential={OWN_KEY}/" in server.requests[0].headers["authorization"]
        assert "x-amz-security-token" not in server.requests[0].headers

    @pytest.mark.parametrize("result", [b"null", b'"text"', b"", b'{"a":1}', bytes(range(128, 256))])
    def test_result_comes_back_as_it_is(self, network, server, result):
        server.script = lambda _: [answer(result)]
        assert call("awslambda", network, arn=ARN) == result

    def test_functions_of_two_accounts_do_not_share_a_client(self, network, server):
        for number in (1, 2, 1):
            call("awslambda", network, arn=ARN, awsAccessKeyId=f"KEY{number}", awsSecretAccessKey=SECRET)
        signers = [request.headers["authorization"].split("Credential=")[1].split("/")[0] for request in server.requests]
        assert signers == ["KEY1", "KEY2", "KEY1"]
        assert server.connections == 2


ADVICE = {  # aws.json: what the caller of a synchronous function read
    "AccessDeniedException": "The provided credentials do not have the required IAM permissions to invoke this function. "
    "Please attach the lambda:invokeFunction permission to these credentials.",
    "ExpiredTokenException": "The provided security token for the function has expired. "
    "Please provide an updated security token or provide permanent credentials.",
    "UnrecognizedClientException": "The provided credentials are invalid. Please provide valid credentials.",
}
ERRORS = [
    *((403, code, f"Function call failed with {code}. {advice}") for code, advice in ADVICE.items()),
    (403, "InvalidSignatureException", CALL_FAILED),
    (404, "ResourceNotFoundException", CALL_FAILED),
    (400, "InvalidRequestContentException", CALL_FAILED),
    (500, "ServiceException", CALL_FAILED),
    (429, "TooManyRequestsException", CALL_FAILED),
    (413, "RequestTooLargeException", CALL_FAILED),
]


class TestLambdaFailure:
    @pytest.mark.parametrize(("status", "code", "text"), ERRORS)
    def test_what_the_caller_reads(self, network, server, status, code, text):
        server.script = lambda _: [aws_error(status, code)]
        with pytest.raises(ProviderError) as caught:
            call("awslambda", network, arn=ARN)
        result = error_result(caught.value)
        assert (result.status, loads(result.body)) == (500, {"errors": [{"message": text}]})
        assert caught.value.message.startswith(code)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("kind", ["Handled", "Unhandled"])
    def test_error_in_the_function(self, network, server, kind):
        server.script = lambda _: [answer(b'{"errorMessage":"boom"}', f"X-Amz-Function-Error: {kind}")]
        with pytest.raises(FunctionFailed) as caught:
            call("awslambda", network, arn=ARN)
        assert caught.value.message == f"{kind}: boom"
        assert loads(error_result(caught.value).body) == {"errors": [{"message": CALL_FAILED}]}

    def test_long_message_is_cut(self, network, server):
        """Regression: a message of 6 MB went into logs, system events and dead letters."""
        server.script = lambda _: [answer(dumps({"errorMessage": "x" * 1_000_000}).encode(), "X-Amz-Function-Error: Unhandled")]
        with pytest.raises(FunctionFailed) as caught:
            call("awslambda", network, arn=ARN)
        assert len(caught.value.message) < 1100

    @pytest.mark.parametrize("type_", ["awskinesis", "awsfirehose", "awssqs"])
    def test_other_services_have_no_advice(self, network, server, monkeypatch, type_):
        monkeypatch.setenv(ENTRIES[type_].endpoint, server.url())
        server.script = lambda _: [aws_error(400, "AccessDeniedException")]
        with pytest.raises(FunctionAccessDenied) as caught:
            call(type_, network, **ENTRIES[type_].document(""))
        assert loads(error_result(caught.value).body) == {"errors": [{"message": CALL_FAILED}]}

    def test_no_credentials_anywhere(self, network, server, monkeypatch):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(FunctionUnreachable, match="NoCredentialsError"):
            call("awslambda", Network(), arn=ARN, awsAccessKeyId=KEY)
        assert server.requests == []

    @pytest.mark.parametrize("region", NOWHERE)
    def test_nonsense_region(self, network, server, region):
        with pytest.raises(FunctionUnreachable, match="InvalidRegionError"):
            call("awslambda", network, arn=ARN, region=region)
        assert server.requests == []

    def test_unknown_region(self, aws_environment, monkeypatch):
        def unknown(*_, **__):
            raise OSError(-2, "Name or service not known")

        monkeypatch.setattr("socket.getaddrinfo", unknown)
        with pytest.raises(FunctionUnreachable, match="EndpointConnectionError"):
            call("awslambda", Network(), arn=ARN, region="nowhere", **OWN_KEYS)

    @pytest.mark.parametrize("keys", [("K\r\nX: 1", "s"), ("☃", "s"), ("K", "☃\r\n")])
    def test_keys_that_cannot_be_sent(self, network, server, keys):
        server.script = lambda _: [aws_error(403, "UnrecognizedClientException")]
        with pytest.raises(ProviderError):
            call("awslambda", network, arn=ARN, awsAccessKeyId=keys[0], awsSecretAccessKey=keys[1])

    def test_empty_name(self, network, server):
        with pytest.raises(FunctionUnreachable, match="ParamValidationError"):
            call("awslambda", network, arn="")


class TestClients:
    def test_number_is_limited(self, network, server):
        for number in range(CLIENT_LIMIT + 2):
            network.clients._clients[("lambda", REGION, Credentials(str(number)), 1.0)] = object()
        call("awslambda", network, arn=ARN)
        call("awslambda", network, arn=ARN)
        assert len(network.clients._clients) <= CLIENT_LIMIT + 2
        assert ("lambda", REGION, Credentials("0"), 1.0) not in network.clients._clients

    @pytest.mark.parametrize("timeout", [0.05, 0.3, 1, 4.9, 27.99, 28, 900])
    def test_time_out_is_never_longer_than_asked_for(self, timeout, network):
        client = network.clients._client(("lambda", REGION, Credentials(), max((s for s in TIMEOUTS if s <= timeout), default=TIMEOUTS[0])))
        config = client.meta.config
        assert config.connect_timeout + config.read_timeout <= max(timeout, TIMEOUTS[0])
        assert config.retries["total_max_attempts"] == 1
