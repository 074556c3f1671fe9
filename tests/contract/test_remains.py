"""What is left of spaces in the two tables and in the bucket, and how it is deleted."""

import ast
import re
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from eventgateway.core.claim import Claim
from eventgateway.core.dead_letter import DeadLetter, LetterFilter
from eventgateway.core.errors import Unavailable
from eventgateway.core.redrive import Redrive
from eventgateway.storage import records, remains
from eventgateway.storage.attempts import DynamoAttempts
from eventgateway.storage.claims import DynamoClaims
from eventgateway.storage.dead_letters import DynamoDeadLetters
from eventgateway.storage.dynamodb import DynamoConfigStore
from eventgateway.storage.payloads import S3Payloads
from eventgateway.storage.records import Record, partition, space_of
from eventgateway.storage.redrives import DynamoRedrives
from eventgateway.storage.remains import ConfigurationRemains, RecordRemains
from eventgateway.storage.usage import DynamoUsage
from tests.contract.samples import NOON, delivery
from tests.loopback import Loopback, answer
from tests.records import MemoryPayloads

STORAGE = Path(records.__file__).parent
OF_CONFIGURATION = {"dynamodb.py", "tenants.py", "erasures.py"}
GONE, ALIKE, STAYS = "a-b", "a-b-c", "a"
WRITERS = {
    Record.ATTEMPT: lambda table, space: DynamoAttempts(table).begin(delivery(space=space)),
    Record.CLAIM: lambda table, space: DynamoClaims(table).create(Claim.new(space, "fingerprint", 60, "owner", NOON)),
    Record.DEAD_LETTER: lambda table, space: DynamoDeadLetters(table, MemoryPayloads()).put(DeadLetter(delivery(space=space), "x", NOON)),
    Record.REDRIVE: lambda table, space: DynamoRedrives(table).save(Redrive.start(space, "1", LetterFilter(), NOON)),
    Record.USAGE: lambda table, space: DynamoUsage(table).add(space, {"x": 1}),
}


def keys(table):
    return {(each["pk"], each["sk"]) for each in table.scan(ConsistentRead=True)["Items"]}


def sweep_all(remains, *spaces):
    """How much there was, and in how many steps it was deleted."""
    counted, steps, position = 0, 0, ""
    while True:
        swept = remains.sweep(spaces, position)
        counted, steps, position = counted + swept.count, steps + 1, swept.position
        if not position:
            return counted, steps
        assert steps < 1000


class TestRecords:
    @pytest.fixture
    def filled(self, table):
        with table.batch_writer() as batch:
            for key in keys(table):
                batch.delete_item(Key=dict(zip(("pk", "sk"), key, strict=True)))
        for space in (GONE, ALIKE, STAYS, ""):
            for write in WRITERS.values():
                write(table.name, space)
        return table

    def test_every_kind_is_deleted_and_nothing_of_others(self, filled):
        """A kind that is new needs a writer here."""
        assert set(WRITERS) == set(Record)
        before = keys(filled)
        own = {key for key in before if space_of(key[0]) == GONE}
        assert {key[0].partition("#")[0] for key in own} == set(Record)
        assert sweep_all(RecordRemains(filled.name), GONE) == (len(own), 1)
        assert keys(filled) == before - own

    @pytest.mark.parametrize("rows", [1, 2, 3])
    def test_page_by_page(self, filled, monkeypatch, rows):
        monkeypatch.setattr(remains, "PAGE_ROWS", rows)
        before = keys(filled)
        count, steps = sweep_all(RecordRemains(filled.name), GONE, STAYS)
        assert (count, steps >= len(before) // rows) == (12, True)
        assert {space_of(pk) for pk, _ in keys(filled)} == {ALIKE, ""}

    def test_twice_does_no_harm(self, filled):
        sweep_all(RecordRemains(filled.name), GONE)
        left = keys(filled)
        assert sweep_all(RecordRemains(filled.name), GONE) == (0, 1)
        assert keys(filled) == left

    def test_without_spaces_nothing_is_read(self):
        assert sweep_all(RecordRemains("no table")) == (0, 1)

    def test_the_space_is_always_at_the_same_place(self):
        assert [space_of(partition(kind, "s", "x#y", 7)) for kind in Record] == ["s"] * len(Record)
        assert space_of(partition(Record.USAGE, "s")) == "s"
        assert space_of("made by hand") == ""

    def test_no_other_module_makes_keys_of_records(self):
        """Else what is under them would outlive its space."""
        for path in STORAGE.glob("*.py"):
            if path.name not in OF_CONFIGURATION | {"records.py"}:
                texts = [each.value for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Constant)]
                assert [each for each in texts if isinstance(each, str) and re.match("[a-z]+#", each)] == [], path.name


class TestConfiguration:
    @pytest.fixture
    def filled(self, table):
        for space in (GONE, ALIKE, STAYS):
            for sk in ("meta", "identity", "change#0000000000000001", "function#f", "eventtype#u", "zebra#new kind"):
                table.put_item(Item={"pk": f"space#{space}", "sk": sk, "version": 1})
        return table

    @pytest.mark.parametrize("rows", [2, 1000])
    def test_all_but_what_holds_the_name_is_deleted(self, filled, monkeypatch, rows):
        monkeypatch.setattr(remains, "PAGE_ROWS", rows)
        before = keys(filled)
        assert sweep_all(ConfigurationRemains(filled.name), GONE, STAYS)[0] == 10
        left = {key for key in before if key[0] == f"space#{ALIKE}" or key[1] == "meta" or not key[0].startswith("space#")}
        assert keys(filled) == left
        assert DynamoConfigStore(filled.name, shared=False).head(GONE).version == 1

    def test_without_spaces_nothing_is_read(self):
        assert sweep_all(ConfigurationRemains("no table")) == (0, 1)


class TestPayloads:
    @pytest.fixture(params=["no versions", "versions"])
    def bucket(self, emulator, request):
        name, s3 = f"bucket-{uuid4()}", boto3.client("s3")
        s3.create_bucket(Bucket=name)
        if request.param == "versions":
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        store = S3Payloads(name)
        for space in (GONE, ALIKE, STAYS):
            for event in (b"1", b"2", b"3"):
                store.put(space, event)
        s3.delete_object(Bucket=name, Key=store.put(GONE, b"4"))
        return name

    def test_all_versions_are_deleted_and_nothing_of_others(self, bucket):
        count, _ = sweep_all(S3Payloads(bucket), "no-events", GONE, STAYS)
        versions = boto3.client("s3").list_object_versions(Bucket=bucket)
        left = [each["Key"] for name in ("Versions", "DeleteMarkers") for each in versions.get(name, ())]
        assert (count in {6, 8}, len(left)) == (True, 3)
        assert {each.partition("/")[0] for each in left} == {ALIKE}

    def test_page_by_page(self, bucket, monkeypatch):
        s3 = boto3.client("s3")
        pages = s3.list_object_versions
        monkeypatch.setattr(s3, "list_object_versions", lambda **given: pages(**given, MaxKeys=2))
        _, steps = sweep_all(S3Payloads(bucket, s3), GONE)
        assert steps >= 2
        monkeypatch.undo()
        assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix=f"{GONE}/")

    def test_without_spaces_nothing_is_asked(self):
        assert sweep_all(S3Payloads("no-bucket")) == (0, 1)


class Refusing:
    """An S3 that does not delete one object."""

    def list_object_versions(self, **_):
        return {"Versions": [{"Key": "a/1", "VersionId": "null"}], "IsTruncated": False}

    def delete_objects(self, **_):
        return {"Errors": [{"Key": "a/1", "Code": "InternalError"}]}


def test_an_object_that_could_not_be_deleted_is_not_forgotten():
    with pytest.raises(Unavailable, match="store of large events"):
        S3Payloads("bucket", Refusing()).sweep(["a"], "")


@pytest.mark.parametrize("store", [ConfigurationRemains, RecordRemains, S3Payloads])
def test_what_is_not_there_is_unavailable(emulator, store):
    with pytest.raises(Unavailable):
        store(f"gone-{uuid4()}").sweep(["a"], "")


@pytest.mark.parametrize("store", [ConfigurationRemains, RecordRemains])
def test_a_row_that_cannot_be_deleted_is_unavailable(aws_environment, monkeypatch, store):
    found = answer(b'{"Items":[{"pk":{"S":"usage#a"},"sk":{"S":"total"}}],"Count":1,"ScannedCount":1}')
    refused = answer(b'{"__type":"AccessDeniedException"}', status="400 Bad Request")
    with Loopback(lambda request: [refused if request.headers["x-amz-target"].endswith("DeleteItem") else found]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url())
        with pytest.raises(Unavailable):
            store("records").sweep(["a"], "")
