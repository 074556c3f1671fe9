"""Targets on AWS, and the operator's patterns: what stands for what."""

import pytest

from eventgateway import providers
from eventgateway.core.target import Target, TargetPattern

REGISTRY = providers.load()
REGION, ACCOUNT = "eu-west-1", "123456789012"
ARNS = {
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ours": Target("lambda", REGION, "ours", ACCOUNT),
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ours:live": Target("lambda", REGION, "ours:live", ACCOUNT),
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:ours.fifo": Target("sqs", REGION, "ours.fifo", ACCOUNT),
    f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/ours": Target("kinesis", REGION, "ours", ACCOUNT),
    f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/ours": Target("firehose", REGION, "ours", ACCOUNT),
}
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ours"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/ours"
NO_PATTERNS = [
    "", "*", "ours", f" {FUNCTION}", f"{FUNCTION}\n", FUNCTION.replace(ACCOUNT, "*"), FUNCTION.replace(REGION, "*"),
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*", f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:ours", f"arn:aws:sqs:{REGION}:{ACCOUNT}:?",
    f"arn:aws:kinesis:{REGION}:{ACCOUNT}:ours", f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/*", "arn:aws:s3:::ours", FUNCTION.upper(),
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:[a-z]",
]  # fmt: skip


def target(type_, **configuration):
    return REGISTRY[type_].restore({"region": REGION} | configuration).target


@pytest.mark.parametrize(("arn", "its"), ARNS.items())
def test_an_arn_stands_for_its_target_alone(arn, its):
    assert [other for other in ARNS.values() if TargetPattern.parse(arn).fits(other)] == [its]


@pytest.mark.parametrize("arn", NO_PATTERNS)
def test_what_is_no_arn_of_a_target_is_refused(arn):
    with pytest.raises(ValueError, match="is no ARN of a function, queue or stream, with region, account and name") as refused:
        TargetPattern.parse(arn)
    assert repr(arn) in str(refused.value)


@pytest.mark.parametrize(
    ("end", "fitting", "others"),
    [
        ("shop-*", ["shop-a", "shop-a:live", "shop-"], ["shop", "a-shop-a", "Shop-a"]),
        ("shop-?", ["shop-a"], ["shop-", "shop-ab"]),
        ("shop:*", ["shop:1", "shop:$LATEST"], ["shop", "shop2:1"]),
        ("sh.p", ["sh.p"], ["shop"]),
        ("shop", ["shop"], ["shop:live", "shop\n", "SHOP", ""]),
    ],
)
def test_wildcards_are_those_of_iam(end, fitting, others):
    pattern = TargetPattern.parse(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{end}")
    assert [name for name in [*fitting, *others] if pattern.fits(Target("lambda", REGION, name, ACCOUNT))] == fitting


@pytest.mark.parametrize(
    "other",
    [Target("sqs", REGION, "ours", ACCOUNT), Target("lambda", "eu-west-2", "ours", ACCOUNT),
     Target("lambda", REGION, "ours", "210987654321"),
     Target("lambda", REGION, "ours"), Target("lambda", REGION, "", ACCOUNT)],
)  # fmt: skip
def test_service_region_and_account_are_those_of_the_pattern(other):
    assert not TargetPattern.parse(FUNCTION).fits(other)


class TestOfFunctions:
    """What their configuration says of the target; where there is any doubt, it says nothing."""

    @pytest.mark.parametrize("name", ["ours", "ours:live", "ours:$LATEST", "our_s-2:12"])
    def test_a_function_is_named_by_its_whole_arn(self, name):
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
        assert target("awslambda", arn=arn) == Target("lambda", REGION, name, ACCOUNT)

    @pytest.mark.parametrize(
        "arn",
        [
            "ours", "ours:live", "function:ours", f"{ACCOUNT}:function:ours", f"{ACCOUNT}:ours", f"{REGION}:{ACCOUNT}:function:ours",
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:ours", FUNCTION.replace(REGION, "us-east-1"), FUNCTION.replace("lambda", "sqs"),
            f"{FUNCTION}:", f"{FUNCTION}:a:b", f"{FUNCTION}*", f"{FUNCTION}\n", f" {FUNCTION}", f"{FUNCTION}/../theirs", FUNCTION.upper(),
            FUNCTION.replace("ours", "%6furs"), FUNCTION.replace(ACCOUNT, "١٢٣٤٥٦٧٨٩٠١٢"), FUNCTION.replace("ours", "öurs"), "*****",
        ],
    )  # fmt: skip
    def test_other_forms_say_nothing(self, arn):
        assert target("awslambda", arn=arn) == Target("lambda", REGION)

    @pytest.mark.parametrize(
        "url",
        [
            QUEUE,
            QUEUE.replace(".com/", ".com:443/"),
            f"https://{REGION}.queue.amazonaws.com/{ACCOUNT}/ours",
            f"https://sqs.{REGION}.api.aws/{ACCOUNT}/ours",
        ],
    )
    def test_a_queue_is_named_by_a_url_of_sqs(self, url):
        assert target("awssqs", queueUrl=url) == Target("sqs", REGION, "ours", ACCOUNT)

    def test_a_queue_in_order_is_a_queue(self):
        assert target("awssqs", queueUrl=f"{QUEUE}.fifo") == Target("sqs", REGION, "ours.fifo", ACCOUNT)

    @pytest.mark.parametrize(
        "url",
        [
            "ours", f"https://evil.example/{ACCOUNT}/ours", f"https://sqs.{REGION}.amazonaws.com@evil.example/{ACCOUNT}/ours",
            f"https://user:pw@sqs.{REGION}.amazonaws.com/{ACCOUNT}/ours", QUEUE.replace(".com", ".com:8443"),
            QUEUE.replace("https", "http"),
            QUEUE.replace("https", "HTTPS"), QUEUE.upper(), QUEUE.replace(REGION, "us-east-1"), QUEUE.replace("sqs", "SQS"),
            QUEUE.replace("ours", "%6Furs"), f"{QUEUE}/", f"{QUEUE}/theirs", f"{QUEUE}?Action=DeleteQueue", f"{QUEUE}#theirs", f"{QUEUE}\n",
            QUEUE.replace(ACCOUNT, f"{ACCOUNT}/ours/.."), QUEUE.replace(ACCOUNT, "12345678901"), QUEUE.replace(f"{ACCOUNT}/", ""),
            QUEUE.replace("com/", "com//"), f"https://evil.example/?{QUEUE}", f"{QUEUE}{'s' * 80}", QUEUE.replace("ours", "öurs"), "*****",
        ],
    )  # fmt: skip
    def test_other_urls_say_nothing(self, url):
        assert target("awssqs", queueUrl=url) == Target("sqs", REGION)

    @pytest.mark.parametrize(("type_", "field"), [("awskinesis", "streamName"), ("awsfirehose", "deliveryStreamName")])
    def test_streams_are_in_the_account_that_calls(self, type_, field):
        service = type_.removeprefix("aws")
        assert target(type_, **{field: "our.s_1-2"}) == Target(service, REGION, "our.s_1-2")
        for other in (f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/ours", "ours\n", "our s", "ours*", "öurs", "s" * 129, "%6f"):
            assert target(type_, **{field: other}) == Target(service, REGION)
