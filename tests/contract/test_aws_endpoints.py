"""Where requests to AWS go: regions become part of host names and so have their form, URLs of queues lead nowhere."""

import pytest

from eventgateway import providers
from eventgateway.core.errors import FunctionUnreachable, InvalidRequest
from eventgateway.core.provider import Call, Credentials, Purpose
from eventgateway.outbound import Network
from tests.contract.backends import ENTRIES

REGISTRY = providers.load()
AWS = [type_ for type_ in REGISTRY if type_.startswith("aws")]
NO_REGIONS = [
    "EU-WEST-1", "eu_west_1", "us-east-1.evil.test", "us-east-1@evil.test", "evil.test#", "a b", "us-east-1\n", "us-east-1/", "\u00fc",
    "\u0663", "us-east-1:80", "*****",
]  # fmt: skip


@pytest.fixture
def network(aws_environment):
    return Network()


@pytest.fixture
def looked_up(monkeypatch):
    """The hosts that were looked up; there are none."""
    hosts = []

    def look_up(host, *_, **__):
        hosts.append(host)
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return hosts


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/1/q", "https://evil.test/1/q", "http://localhost:4566/1/q", "https://sqs.eu-west-1.amazonaws.com/1/q",
        "https://sqs.us-east-1.amazonaws.com@evil.test/1/q", "q",
    ],
)  # fmt: skip
def test_a_queue_url_leads_signed_requests_nowhere_else(network, looked_up, url):
    """Older SDKs took its host for the endpoint."""
    queue = REGISTRY["awssqs"].restore({"region": "us-east-1", "queueUrl": url})
    with pytest.raises(FunctionUnreachable, match="EndpointConnectionError"):
        queue.call(Call(b"{}", Purpose.ASYNC, 2.0), network)
    assert set(looked_up) == {"sqs.us-east-1.amazonaws.com"}


@pytest.mark.parametrize("service", ["sqs", "kinesis", "firehose", "lambda"])
@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "nowhere", "x-1"])
def test_a_region_is_one_label_of_a_host_of_aws(network, service, region):
    client = network.clients._client((service, region, Credentials(), 1))
    assert client.meta.endpoint_url == f"https://{service}.{region}.amazonaws.com"


@pytest.mark.parametrize("type_", AWS)
@pytest.mark.parametrize("region", NO_REGIONS)
def test_what_has_not_the_form_of_a_region_is_refused(type_, region):
    provider = REGISTRY[type_].restore(ENTRIES[type_].document("") | {"region": region})
    with pytest.raises(InvalidRequest) as refused:
        provider.validate()
    assert refused.value.message == "provider field 'region' is malformed: AWS region, such as us-east-1"
