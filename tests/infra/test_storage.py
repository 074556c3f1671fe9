"""What holds data, in every stack: nothing is lost by accident, read by others, or kept for ever."""

import re

import pytest

from tests.infra.stacks import ROOT, synthesized

pytestmark = pytest.mark.xdist_group("infra")

STATEFUL = {"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Cognito::UserPool"}
NO_DATA = "AlarmsTopicKey"  # what it encrypts is told and forgotten
DAY = 86400


def denials(template, kind, name):
    """The conditions under which the policy of a resource lets nobody do anything."""
    policies = [each["PolicyDocument"] for each in template.of(kind) if name in str(each.get("Queues", each.get("Bucket")))]
    statements = [statement for policy in policies for statement in policy["Statement"]]
    return [each["Condition"] for each in statements if each["Effect"] == "Deny" and each["Principal"] == {"AWS": "*"}]


def test_a_table_can_be_restored_to_any_second_of_the_last_weeks(template):
    for table in template.of("DynamoDB::Table"):
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_rows_that_have_expired_leave_every_table(template):
    for table in template.of("DynamoDB::Table"):
        assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_an_idle_table_costs_nothing_and_a_busy_one_has_no_capacity_to_run_out_of(template):
    for table in template.of("DynamoDB::Table"):
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert "ProvisionedThroughput" not in table.properties


def test_a_table_has_the_keys_that_the_library_reads(template):
    for table in template.of("DynamoDB::Table"):
        assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]


def test_nobody_deletes_a_table_by_mistake_unless_that_was_asked_for(template):
    for table in template.of("DynamoDB::Table"):
        assert table.get("DeletionProtectionEnabled", False) is template.parameters.keeps_data


def test_every_queue_is_encrypted_and_takes_no_request_without_tls(template):
    for queue in template.of("SQS::Queue"):
        assert queue.get("SqsManagedSseEnabled") is True or queue.get("KmsMasterKeyId")
        assert {"Bool": {"aws:SecureTransport": "false"}} in denials(template, "SQS::QueuePolicy", queue.id)


def test_every_queue_keeps_messages_as_long_as_sqs_can(template):
    assert {queue["MessageRetentionPeriod"] for queue in template.of("SQS::Queue")} == {14 * DAY}


def test_every_queue_has_a_dead_letter_queue_that_has_none_itself(template):
    queues = template.of("SQS::Queue")
    redriven = {template.arn(each.id): each["RedrivePolicy"]["deadLetterTargetArn"] for each in queues if each.get("RedrivePolicy")}
    assert redriven
    assert {template.arn(each.id) for each in queues} == set(redriven) | set(redriven.values())
    assert not set(redriven) & set(redriven.values())


def test_messages_that_come_early_or_for_a_suspended_space_are_no_poison(template):
    counts = [each["RedrivePolicy"]["maxReceiveCount"] for each in template.of("SQS::Queue") if each.get("RedrivePolicy")]
    assert set(counts) == {1000}


def test_no_message_is_received_again_while_a_function_still_works_on_it(template):
    for source in template.of("Lambda::EventSourceMapping"):
        [queue] = [each for each in template.of("SQS::Queue") if template.arn(each.id) == source["EventSourceArn"]]
        assert queue["VisibilityTimeout"] >= 6 * template.resources[source["FunctionName"]]["Timeout"]


def test_every_bucket_is_private_encrypted_and_reached_by_tls_of_today_only(template):
    for bucket in template.of("S3::Bucket"):
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        found = denials(template, "S3::BucketPolicy", bucket.id)
        assert {"Bool": {"aws:SecureTransport": "false"}} in found
        assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in found


def test_large_events_are_dropped_when_the_documentation_says(template):
    [documented] = set(re.findall(r"Objects live for (\d+) days", (ROOT / "docs/delivery.md").read_text()))
    for bucket in template.of("S3::Bucket"):
        [rule] = bucket["LifecycleConfiguration"]["Rules"]
        assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", int(documented))
        assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 1
        assert {"Prefix", "Filter", "TagFilters"}.isdisjoint(rule)


def test_every_key_rotates_and_can_be_saved_for_a_while_after_its_deletion(template):
    for key in template.of("KMS::Key"):
        assert key["EnableKeyRotation"] is True
        assert key["PendingWindowInDays"] >= 7
    assert template.one("KMS::Key", "Secrets")["PendingWindowInDays"] == (30 if template.parameters.keeps_data else 7)


def test_data_outlives_the_stack_unless_its_end_was_asked_for(template):
    wanted = "Retain" if template.parameters.keeps_data else "Delete"
    stateful = [each for each in template.resources.values() if each.type in STATEFUL and not each.id.startswith(NO_DATA)]
    assert {each.type for each in stateful} >= STATEFUL - {"AWS::Cognito::UserPool"}
    for each in stateful:
        assert (each.id, each.raw["DeletionPolicy"], each.raw["UpdateReplacePolicy"]) == (each.id, wanted, wanted)
    assert all(pool.get("DeletionProtection") == "ACTIVE" for pool in template.optional("Cognito::UserPool"))


def test_a_bucket_is_emptied_before_its_end_and_only_then(template):
    assert bool(template.document["Resources"].keys() & {"CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F"}) is (
        not template.parameters.keeps_data
    )


def test_what_empties_the_bucket_leaves_no_log_group_behind():
    template = synthesized("destroy")
    [function] = [
        each for each in template.resources.values() if each.id.startswith("CustomS3AutoDelete") and each.type == "AWS::Lambda::Function"
    ]
    assert function["LoggingConfig"]["LogGroup"] == template.one("Logs::LogGroup", "Payloads").id
