import pytest

from eventgateway import providers
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.function import Function

PROVIDERS = providers.load()
INVALID = "Function doesn't validate. Validation error: "
HTTP = {"functionId": "f", "type": "http", "provider": {"url": "http://example.com/path?x=1"}}
LAMBDA = {"functionId": "f", "type": "awslambda", "provider": {"arn": "arn", "region": "us-east-1"}}
KEYS = {"awsAccessKeyId": "AKX", "awsSecretAccessKey": "sec", "awsSessionToken": "tok"}
MASKED = {"awsAccessKeyId": "AKX", "awsSecretAccessKey": "*****", "awsSessionToken": "*****"}


def parse(document, space="default", identifier=None):
    return Function.parse(space, document, PROVIDERS, identifier)


def of(type_, **provider):
    return {"functionId": "f", "type": type_, "provider": provider}


def refusal(document, space="default"):
    with pytest.raises(InvalidRequest) as refused:
        parse(document, space)
    return refused.value.message


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(HTTP, id="http"),
        pytest.param(HTTP | {"metadata": {"a": "b"}}, id="with metadata"),
        pytest.param(of("http", url="http://user:pw@h/p#frag"), id="http with login and fragment"),
        pytest.param(LAMBDA, id="awslambda"),
        pytest.param(of("awslambda", arn="not an arn", region="nowhere"), id="awslambda anywhere"),
        pytest.param(of("awslambda", arn="arn", region="us-east-1", awsAccessKeyId="AKX"), id="awslambda with half a key"),
        pytest.param(of("awskinesis", streamName="s", region="us-east-1"), id="awskinesis"),
        pytest.param(of("awsfirehose", deliveryStreamName="d", region="us-east-1"), id="awsfirehose"),
        pytest.param(of("awssqs", queueUrl="https://sqs.us-east-1.amazonaws.com/1/q", region="us-east-1"), id="awssqs"),
    ],
)
def test_a_function_of_each_type_is_shown_as_it_was_sent(document):
    assert parse(document).shown() == {"space": "default", **document}


@pytest.mark.parametrize(
    ("type_", "own"),
    [
        ("awslambda", {"arn": "arn"}), ("awskinesis", {"streamName": "s"}), ("awsfirehose", {"deliveryStreamName": "d"}),
        ("awssqs", {"queueUrl": "q"}),
    ],
)  # fmt: skip
def test_secrets_are_masked_in_answers_and_in_the_store(type_, own):
    function = parse(of(type_, region="us-east-1", **own, **KEYS, extra=1))
    assert function.shown()["provider"] == function.stored()["provider"] == {**own, "region": "us-east-1", **MASKED}
    assert function.provider.document() == {**own, "region": "us-east-1", **KEYS}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        pytest.param(of("awslambda", region="us-east-1"), "missing required fields for AWS Lambda function", id="no arn"),
        pytest.param(of("awslambda", arn="arn"), "missing required fields for AWS Lambda function", id="no region"),
        pytest.param(of("awslambda"), "missing required fields for AWS Lambda function", id="empty awslambda"),
        pytest.param(of("awskinesis", streamName="s"), "missing required fields for AWS Kinesis function", id="kinesis, no region"),
        pytest.param(of("awskinesis"), "missing required fields for AWS Kinesis function", id="empty awskinesis"),
        pytest.param(
            of("awsfirehose", deliveryStreamName="d"), "missing required fields for AWS Firehose function", id="firehose, no region"
        ),
        pytest.param(of("awsfirehose"), "missing required fields for AWS Firehose function", id="empty awsfirehose"),
        pytest.param(of("awssqs", region="us-east-1"), "missing required fields for AWS SQS function", id="no queue"),
        pytest.param(of("http"), "missing required fields for HTTP endpoint", id="empty http"),
        pytest.param(of("HTTP", url="http://h"), "provider HTTP not supported", id="type in another case"),
        pytest.param({"functionId": "f", "provider": {"url": "http://h"}}, "provider configuration not set", id="no type"),
        pytest.param({"functionId": "f", "type": "http"}, "provider configuration not set", id="no provider"),
        pytest.param({"functionId": "f", "type": "http", "provider": None}, "provider configuration not set", id="provider is null"),
    ],
)
def test_an_incomplete_provider_is_refused(document, reason):
    assert refusal(document) == INVALID + reason


@pytest.mark.parametrize(
    "url", ["example.com", "/path", "//host/path", "http://", "http:/x", "http://%zz", "ftp://h", "mailto:a@b", "javascript:alert(1)", "x"]
)
def test_an_http_function_needs_a_url_that_can_be_called(url):
    assert refusal(of("http", url=url)) == f"{INVALID}missing required fields for HTTP endpoint"


@pytest.mark.parametrize(
    "document",
    [
        HTTP | {"functionId": 1}, HTTP | {"type": 1}, HTTP | {"provider": "x"}, HTTP | {"provider": []}, HTTP | {"metadata": {"a": 1}},
        of("awskinesis", streamName=1, region="r"), of("awsfirehose", deliveryStreamName=1, region="r"),
    ],
)  # fmt: skip
def test_a_field_of_a_wrong_type_is_refused(document):
    assert refusal(document).startswith(f"{INVALID}json: field")


@pytest.mark.parametrize(
    ("identifier", "space", "lines"),
    [
        ("a b", "default", ["Key: 'Function.ID' Error:Field validation for 'ID' failed on the 'functionid' tag"]),
        ("", "default", ["Key: 'Function.ID' Error:Field validation for 'ID' failed on the 'required' tag"]),
        ("f", "ab", ["Key: 'Function.Space' Error:Field validation for 'Space' failed on the 'min' tag"]),
        ("f", "a b c", ["Key: 'Function.Space' Error:Field validation for 'Space' failed on the 'space' tag"]),
        ("a b", "a$", [
            "Key: 'Function.Space' Error:Field validation for 'Space' failed on the 'min' tag",
            "Key: 'Function.ID' Error:Field validation for 'ID' failed on the 'functionid' tag",
        ]),
    ],
)  # fmt: skip
def test_id_and_space_are_names(identifier, space, lines):
    assert refusal(HTTP | {"functionId": identifier}, space) == INVALID + "\n".join(lines)


def test_an_update_takes_the_id_of_the_url():
    assert parse({"type": "http", "provider": {"url": "http://new"}}, identifier="f").id == "f"


@pytest.mark.parametrize("own", [{"sealed": "ciphertext"}, {"sealed": 1}, {"since": 1}])
def test_what_only_the_gateway_sets_cannot_be_sent(own):
    assert parse(HTTP | own) == parse(HTTP)


@pytest.mark.parametrize("own", ["id", 1, None, {}])
def test_the_external_id_cannot_be_sent(own):
    document = of("awslambda", arn="a", region="r", roleArn="arn:aws:iam::123456789012:role/r", externalId=own)
    assert "externalId" not in parse(document).shown()["provider"]


MALFORMED = [
    (of("http", url="http://h", headers={"a b": "x"}), "headers.a b"),
    (of("http", url="http://h", headers={"": "x"}), "headers."),
    (of("http", url="http://h", headers={"X-A": "x", "X-B": "a\r\nX-C: d"}), "headers.X-B"),
    (of("http", url="http://h", headers={"X-A": "x\n"}), "headers.X-A"),
    (of("http", url="http://h", headers={"X-A": " x"}), "headers.X-A"),
    (of("http", url="http://h", headers={"X-A": ""}), "headers.X-A"),
    (of("http", url="http://h", headers={"X-A": None}), "headers.X-A"),
    (of("http", url="http://h", headers={"X-A": "\u2603"}), "headers.X-A"),
    (of("http", url="http://h", headers={"X-A": "\x7f"}), "headers.X-A"),
    (of("http", url="http://h", headers={"X-A": "x" * 1025}), "headers.X-A"),
    (of("http", url="http://h", headers={f"X-{number}": "x" for number in range(21)}), "headers"),
    (of("http", url="http://h", signingSecret="secret"), "signingSecret"),
    (of("http", url="http://h", signingSecret="whsec_c2hvcnQ="), "signingSecret"),
    (of("http", url="http://h", previousSigningSecret="whsec_"), "previousSigningSecret"),
    (of("awslambda", arn="a", region="r", roleArn="arn:aws:iam::123456789012:user/u"), "roleArn"),
    (of("awslambda", arn="a", region="r", roleArn="role"), "roleArn"),
    (of("awslambda", arn="a", region="r", roleArn="arn:aws:iam::12345678901\u0662:role/r"), "roleArn"),
    (of("awssqs", queueUrl="q", region="r", roleArn="arn:aws:iam::123456789012:role/\n"), "roleArn"),
]


@pytest.mark.parametrize(("document", "name"), MALFORMED, ids=lambda value: value if isinstance(value, str) else "")
def test_a_malformed_field_is_named(document, name):
    message = refusal(document)
    assert message.startswith(f"{INVALID}provider field '{name}' is malformed: ")
    values = [value for value in document["provider"].get("headers", document["provider"]).values() if value and len(value) > 10]
    assert not [value for value in values if value in message]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *(
            (name, "cannot be set: the header is the gateway's own")
            for name in ("Host", "content-type", "Content-Length", "TE", "webhook-id")
        ),
        *((name, "cannot be set: the header is the gateway's own") for name in ("Webhook-Anything", "X-Event-Id", "Transfer-Encoding")),
        ("X-a", "is there twice: names of headers are the same in any case"),
    ],
)
def test_a_header_that_is_not_the_owners_to_set(name, reason):
    headers = {name: "x", "X-A": "y"}
    assert refusal(of("http", url="http://h", headers=headers)) == f"{INVALID}provider field 'headers.{name}' {reason}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Basic eA=="},
        {"X-A": "x" * 1024},
        {"X-A": "\u00e9 \u00ff"},
        {f"X-{n}": "x" for n in range(20)},
        {"!#$%&'*+.^_`|~-1a": "x"},
    ],
)
def test_headers(headers):
    assert parse(of("http", url="http://h", headers=headers)).provider.headers == headers


@pytest.mark.parametrize("headers", [None, {}])
def test_no_headers(headers):
    assert parse(of("http", url="http://h", headers=headers)) == parse(of("http", url="http://h"))


@pytest.mark.parametrize("arn", ["arn:aws:iam::123456789012:role/r", "arn:aws-cn:iam::123456789012:role/path/to/r+=,.@-_"])
def test_a_role(arn):
    assert parse(of("awskinesis", streamName="s", region="r", roleArn=arn)).shown()["provider"]["roleArn"] == arn


@pytest.mark.parametrize("document", [HTTP, LAMBDA, of("awslambda", arn="a", region="r"), HTTP | {"metadata": {"a": "b"}}])
def test_a_stored_function_comes_back_as_it_was(document):
    function = parse(document)
    assert Function.restore("default", function.stored(), PROVIDERS) == function
