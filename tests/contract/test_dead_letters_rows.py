"""Dead letters as rows of DynamoDB: keys, hours, expiry, and how much one answer reads."""

from json import loads

import pytest

from eventgateway.core.dead_letter import DeadLetter, LetterFilter
from eventgateway.core.delivery import Attempt
from eventgateway.core.errors import Unavailable
from eventgateway.core.redrive import Redrive
from eventgateway.storage.dead_letters import LEAST_ROWS, MOST_HOURS, MOST_REQUESTS, DynamoDeadLetters
from eventgateway.storage.redrives import DynamoRedrives
from tests.contract.letters import ALL, DAY, END, dead, every, pages
from tests.contract.samples import BASIC_PLANE, NOON, delivery


class TestDynamoDB:
    @pytest.fixture
    def letters(self, table, payloads, clock):
        return DynamoDeadLetters(table.name, payloads, clock.time)

    def test_row(self, letters, table, space):
        failed = delivery({"a": BASIC_PLANE[:9000]}, space=space, failures=(Attempt(NOON, "HTTP status code: 500", 500),) * 8)
        letters.put(letter := DeadLetter(failed, "HTTP status code: 500", NOON + 100.7))
        [row] = rows_of(table, f"{space}#0500000")
        assert (row["sk"], row["ttl"]) == (letter.key, NOON + 100 + 14 * DAY)
        assert loads(row["document"])["reason"] == "HTTP status code: 500"

    def test_the_hours_of_a_new_life_of_a_space_are_listed_anew(self, letters, table, space):
        """Regression: an instance remembered that it had listed the hour, and the letters of whoever had the name next were not found."""
        letters.put(first := dead(space), 1)
        table.delete_item(Key={"pk": f"deadletter#{space}", "sk": rows_of(table, space)[0]["sk"]})
        letters.delete(space, first.key)
        letters.put(letter := dead(space), 2)
        assert every(letters, space) == [letter]

    def test_any_character_comes_back(self, letters, space):
        letters.put(letter := DeadLetter(delivery({"a": BASIC_PLANE[:9000]}, space=space), "x", NOON))
        assert loads(letters.get(space, letter.key).delivery.event) == loads(letter.delivery.event)

    def test_a_large_event_lies_in_the_payload_store(self, letters, payloads, space):
        """DynamoDB's items end at 400 KB; a dead letter that could not be kept would come again forever."""
        failed = delivery({"a": "\u6f22" * 300_000}, space=space, failures=(Attempt(NOON, "x" * 200),) * 50)
        letters.put(letter := DeadLetter(failed, "x", NOON))
        kept = letters.get(space, letter.key).delivery
        assert payloads.events == {kept.payload: failed.event}
        assert kept == failed.stored_at(kept.payload)

    def test_if_the_event_cannot_be_kept_nothing_is(self, letters, table, payloads, space):
        payloads.away = True
        with pytest.raises(Unavailable):
            letters.put(DeadLetter(delivery("x" * 100_000, space=space), "x", NOON))
        assert rows_of(table, f"{space}#0500000") == rows_of(table, space) == []

    def test_a_space_knows_its_hours_as_long_as_their_letters_are_kept(self, letters, table, space):
        for accepted_at in (NOON, NOON + 1, NOON + 3600):
            letters.put(dead(space, accepted_at, NOON + 9))
        assert hours_of(table, space) == {"0500000": NOON + 3600 + 14 * DAY, "0500001": NOON + 3600 + 14 * DAY}

    def test_the_hour_is_listed_once_for_all_that_die_in_the_same_hour(self, letters, table, space):
        letters.put(dead(space, NOON, NOON + 9))
        unlist(table, space)
        letters.put(dead(space, NOON + 1, NOON + 3599))
        assert hours_of(table, space) == {}
        letters.put(dead(space, NOON + 2, NOON + 3600))
        assert hours_of(table, space) == {"0500000": NOON + 7200 + 14 * DAY}

    def test_no_instance_shortens_what_another_has_listed(self, letters, table, space, payloads):
        letters.put(dead(space, NOON, NOON + 3600))
        DynamoDeadLetters(table.name, payloads).put(dead(space, NOON, NOON + 3599))
        assert hours_of(table, space) == {"0500000": NOON + 7200 + 14 * DAY}

    def test_an_instance_remembers_a_bounded_number_of_hours(self, letters, space):
        letters._listed = {(space, number, 1) for number in range(MOST_HOURS)}
        letters.put(dead(space))
        assert letters._listed == {(space, 0, 500000, 500000)}

    def test_a_page_reads_a_bounded_part_though_nothing_matches(self, letters, space, monkeypatch):
        for number in range(2 * MOST_REQUESTS + 1):
            letters.put(dead(space, NOON + number * 3600))
        read, requests = pages(letters, space, LetterFilter("nobody")), []
        assert read == [[], [], []]
        request = letters._request
        monkeypatch.setattr(letters, "_request", lambda *args: requests.append(args) or request(*args))
        letters.page(space, LetterFilter("nobody"), END, 1)
        assert len(requests) == MOST_REQUESTS + 1
        assert len(every(letters, space)) == 2 * MOST_REQUESTS + 1

    def test_an_hour_with_more_letters_than_a_request_reads(self, letters, space):
        mine = [dead(space, NOON + number) for number in range(LEAST_ROWS + 30)]
        for letter in mine:
            letters.put(letter)
        assert every(letters, space, limit=50) == every(letters, space, limit=1000) == mine[::-1]
        assert every(letters, space, LetterFilter("nobody")) == []

    def test_a_row_of_another_release_hides_no_letters(self, letters, table, space):
        letters.put(one := dead(space))
        letters.put(other := dead(space))
        broken = {"pk": f"deadletter#{space}#0500000", "sk": one.key, "document": '{"version": 9}', "ttl": int(NOON + DAY)}
        table.put_item(Item=broken)
        assert every(letters, space) == [other]
        assert letters.get(space, one.key) is None

    @pytest.mark.parametrize(
        "call",
        [
            lambda letters: letters.put(dead("any")),
            lambda letters: letters.page("any", ALL, END, 1),
            lambda letters: letters.get("any", dead("any").key),
            lambda letters: letters.delete("any", dead("any").key),
        ],
    )
    def test_table_is_gone(self, emulator, payloads, call):
        with pytest.raises(Unavailable, match="The store of dead letters is not available"):
            call(DynamoDeadLetters("gone", payloads))

    @pytest.mark.parametrize(
        "call",
        [
            lambda redrives, one: redrives.save(one),
            lambda redrives, one: redrives.get("any", one.id),
            lambda redrives, one: redrives.latest("any", 1),
            lambda redrives, one: redrives.delete(one),
        ],
    )
    def test_table_of_redrives_is_gone(self, emulator, call):
        with pytest.raises(Unavailable, match="The store of redrives is not available"):
            call(DynamoRedrives("gone"), Redrive.start("any", "a", ALL, NOON))


def rows_of(table, partition):
    key = {":pk": f"deadletter#{partition}"}
    return table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=key)["Items"]


def hours_of(table, space):
    return {row["sk"]: row["ttl"] for row in rows_of(table, space)}


def unlist(table, space):
    for row in rows_of(table, space):
        table.delete_item(Key={"pk": row["pk"], "sk": row["sk"]})
