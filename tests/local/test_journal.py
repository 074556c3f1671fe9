"""The file between runs: one process, one file, and clear words when it cannot be had."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from local.changes import Changes, MasterKey, Message, StoredObject
from local.journal import APPLICATION_ID, FILE, STEPS, Journal, JournalError

KEY = ("config", "space#a", "meta")


def test_changes_come_back_after_a_reopen(tmp_path):
    journal = Journal.open(tmp_path)
    journal.write(Changes(items=[(KEY, '{"v": 1}')], sent=[Message("1", "{}", 1.5, 2.5), Message("2", "{}", 1, 2)]))
    journal.write(Changes(items=[(KEY, '{"v": 2}')], deleted_messages=["1"]))
    journal.close()
    journal = Journal.open(tmp_path)
    assert list(journal.items("config")) == [(KEY, '{"v": 2}')]
    assert list(journal.items("records")) == []
    assert journal.messages() == [Message("2", "{}", 1.0, 2.0)]
    journal.write(Changes(deleted=[KEY]))
    assert list(journal.items("config")) == []
    journal.close()


def test_a_key_that_is_deleted_and_written_stays(journal):
    journal.write(Changes(items=[(KEY, "{}")], deleted=[KEY]))
    assert list(journal.items("config")) == [(KEY, "{}")]


def test_a_change_is_kept_whole_or_not_at_all(journal):
    journal.write(Changes(sent=[Message("1", "{}", 1, 1)]))
    with pytest.raises(sqlite3.IntegrityError):
        journal.write(Changes(items=[(KEY, "{}")], sent=[Message("1", "{}", 1, 1)]))
    assert list(journal.items("config")) == []


def test_messages_come_in_the_order_they_were_sent(journal):
    for name in ("c", "a", "b"):
        journal.write(Changes(sent=[Message(name, "{}", 1, 1)]))
    assert [message.id for message in journal.messages()] == ["c", "a", "b"]


def test_objects_and_the_key_come_back(tmp_path):
    journal = Journal.open(tmp_path)
    assert journal.master_key() is None
    journal.keep_master_key(MasterKey("id", b"\x00material"))
    journal.write(Changes(objects=[StoredObject("a/ä", b"old", 1.0), StoredObject("b", b"\x00\xff", 2.0), StoredObject("c", b"", 3.0)]))
    journal.write(Changes(objects=[StoredObject("a/ä", b"new", 4.0)], deleted_objects=["b"]))
    journal.close()
    journal = Journal.open(tmp_path)
    assert list(journal.objects()) == [StoredObject("c", b"", 3.0), StoredObject("a/ä", b"new", 4.0)]
    assert journal.master_key() == MasterKey("id", b"\x00material")
    journal.drop_objects(before=4.0)
    assert [each.key for each in journal.objects()] == ["a/ä"]
    journal.close()


def test_notes_come_back_as_they_were_last(tmp_path):
    journal = Journal.open(tmp_path)
    assert journal.note("mode") == ""
    for text in ("standalone", "hosted"):
        journal.keep_note("mode", text)
    journal.close()
    journal = Journal.open(tmp_path)
    assert (journal.note("mode"), journal.note("other")) == ("hosted", "")
    journal.close()


def test_a_table_has_items_or_not(journal):
    assert not journal.has_items("config")
    journal.write(Changes(items=[(KEY, "{}")]))
    assert journal.has_items("config")
    assert not journal.has_items("records")


def test_a_journal_of_version_1_is_taken_over(tmp_path):
    connection = sqlite3.connect(tmp_path / FILE)
    connection.executescript(f"{STEPS[0]} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = 1;")
    connection.execute("INSERT INTO item VALUES ('config', 'space#a', 'meta', '{}')")
    connection.execute("INSERT INTO message VALUES (1, 'id', '{}', 1.0, 2.0)")
    connection.commit()
    connection.close()
    for _ in range(2):
        journal = Journal.open(tmp_path)
        journal.write(Changes(objects=[StoredObject("a", b"1", 1.0)]))
        assert list(journal.items("config")) == [(KEY, "{}")]
        assert journal.messages() == [Message("id", "{}", 1.0, 2.0)]
        assert list(journal.objects()) == [StoredObject("a", b"1", 1.0)]
        journal.close()


def test_a_step_to_a_new_version_is_taken_whole_or_not_at_all(tmp_path, monkeypatch):
    Journal.open(tmp_path).close()
    monkeypatch.setattr("local.journal.STEPS", (*STEPS, "CREATE TABLE more (a); CREATE TABLE item (a);"))
    with pytest.raises(JournalError, match="already exists"):
        Journal.open(tmp_path)
    monkeypatch.undo()
    journal = Journal.open(tmp_path)
    assert list(journal.items("config")) == []
    journal.close()


def test_a_second_process_is_refused(journal, tmp_path, monkeypatch):
    monkeypatch.setattr("local.journal.LOCK_SECONDS", 0.05)
    with pytest.raises(JournalError, match="another gateway is using the data directory"):
        Journal.open(tmp_path)


def test_a_really_other_process_is_refused(journal, tmp_path):
    code = f"from pathlib import Path; from local import journal; journal.LOCK_SECONDS = 0; journal.Journal.open(Path({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert "another gateway is using the data directory" in done.stderr


def test_the_folder_is_made(tmp_path):
    Journal.open(tmp_path / "a" / "b").close()
    assert (tmp_path / "a" / "b" / FILE).is_file()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "a").write_text("a file")
    with pytest.raises(JournalError, match="cannot be made"):
        Journal.open(tmp_path / "a")


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalError, match="is damaged"):
        Journal.open(tmp_path)


def test_a_folder_in_the_files_place(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(JournalError, match="cannot be opened"):
        Journal.open(tmp_path)


def test_a_database_of_another_program(tmp_path):
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    with pytest.raises(JournalError, match="database of another program"):
        Journal.open(tmp_path)


def test_a_journal_of_another_version(tmp_path):
    Journal.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(JournalError, match="another version"):
        Journal.open(tmp_path)


@pytest.mark.parametrize("place", [100, 5 * 4096, -4096])
def test_a_damaged_journal(tmp_path, place):
    journal = Journal.open(tmp_path)
    journal.write(Changes(items=[((*KEY[:2], str(number)), "x" * 1000) for number in range(100)]))
    journal.close()
    content = bytearray((tmp_path / FILE).read_bytes())
    content[place : place + 1000] = b"\xff" * 1000
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(JournalError, match="is damaged"):
        Journal.open(tmp_path)
