"""`cdk destroy`, last of all: pytest takes files by their names."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def inventory(ministack):
    """All that costs or holds something, as kind and name or id."""
    client = ministack.client
    found = {
        "table": client("dynamodb").list_tables()["TableNames"],
        "queue": client("sqs").list_queues().get("QueueUrls", []),
        "bucket": [each["Name"] for each in client("s3").list_buckets()["Buckets"]],
        "key": [each["KeyId"] for each in client("kms").list_keys()["Keys"] if is_kept(client("kms"), each["KeyId"])],
        "function": [each["FunctionName"] for each in client("lambda").list_functions()["Functions"]],
        "layer": [each["LayerName"] for each in client("lambda").list_layers()["Layers"]],
        "event source": [each["UUID"] for each in client("lambda").list_event_source_mappings()["EventSourceMappings"]],
        "log group": [each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]],
        "API": [each["ApiId"] for each in client("apigatewayv2").get_apis()["Items"]],
        "role": [each["RoleName"] for each in client("iam").list_roles()["Roles"]],
        "secret": [each["Name"] for each in client("secretsmanager").list_secrets()["SecretList"]],
        "user pool": [each["Name"] for each in client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]],
        "alarm": [each["AlarmName"] for each in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboard": [each["DashboardName"] for each in client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "topic": [each["TopicArn"] for each in client("sns").list_topics()["Topics"]],
    }
    return {(kind, name) for kind, names in found.items() for name in names}


def is_kept(kms, key):
    """Whether a key of the account's own is not about to be deleted."""
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    return metadata["KeyManager"] == "CUSTOMER" and metadata["KeyState"] != "PendingDeletion"


def test_destroying_the_stack_leaves_nothing_of_it(cdk, gateway, ministack, target):
    subscribed = gateway.subscribe_http(target, provider={"headers": {"X-Secret": "of the tenant"}})
    subscribed.emit('{"text": "%s"}' % ("z" * 2_000_000))  # which is kept in the bucket
    target.wait()
    before = inventory(ministack)
    cdk.destroy()
    left = inventory(ministack)
    kinds = {kind for kind, _ in before - left}
    assert kinds >= {"table", "queue", "bucket", "key", "function", "layer", "event source", "log group", "API", "role"}
    own = ("eventgateway", "/aws/lambda/eventgateway", "/aws/cloudformation/eventgateway")
    assert [each for each in left if each[1].lower().startswith(own)] == []
    assert [each for each in left if each[0] in {"API", "event source", "key"}] == []
