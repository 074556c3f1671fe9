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
def test_secrets_are_masked_in_answers_and_kept_in_the_store(type_, own):
    function = parse(of(type_, region="us-east-1", **own, **KEYS, extra=1))
    assert function.shown()["provider"] == {**own, "region": "us-east-1", **MASKED}
    assert function.stored()["provider"] == {**own, "region": "us-east-1", **KEYS}


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


def test_an_update_with_masked_secrets_keeps_them():
    old = parse(of("awslambda", arn="arn", region="us-east-1", **KEYS))
    new = parse(of("awslambda", arn="other", region="us-east-1", **MASKED)).updating(old)
    assert new.stored()["provider"] == {"arn": "other", "region": "us-east-1", **KEYS}


def test_an_update_to_another_provider_takes_no_secrets_along():
    old = parse(of("awslambda", arn="arn", region="us-east-1", **KEYS))
    new = parse(of("awskinesis", streamName="s", region="us-east-1", awsSecretAccessKey="*****")).updating(old)
    assert "sec" not in new.stored()["provider"].values()


@pytest.mark.parametrize("document", [HTTP, LAMBDA, of("awslambda", arn="a", region="r", **KEYS), HTTP | {"metadata": {"a": "b"}}])
def test_a_stored_function_comes_back_as_it_was(document):
    function = parse(document)
    assert Function.restore("default", function.stored(), PROVIDERS) == function
