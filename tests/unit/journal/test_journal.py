from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import StateError
from sync.journal.disk import FileDisk
from sync.journal.journal import Journal, Past, as_ranges, decode, encode, numbers
from sync.model import InJob, Owner
from sync.state.store import DELIVERED, REJECTED, UNKNOWN, Ack, Mark, in_job, running

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
MARK = Mark(7, "token")


def ack(seq: int, outcome: str = DELIVERED, code: str | None = None) -> Ack:
    return Ack(seq, outcome, code, None, AT)


def written(disk: FileDisk) -> Journal:
    """Two batches: the first answered in part, the second on its way."""
    journal = Journal(disk)
    journal.begin(MARK)
    journal.intend([(1, [(1, 3)])])
    journal.conclude(1, [ack(1), ack(2, REJECTED, "bad-email")])
    journal.intend([(2, [(4, 5)])])
    return journal


def segment(disk: FileDisk) -> Path:
    (path,) = disk.directory.glob("wal-*.log")
    return path


def past(disk: FileDisk) -> Past:
    return Journal(disk).past()


def test_an_empty_directory_tells_nothing(disk: FileDisk) -> None:
    assert Journal(disk).past() == Past()


def test_a_header_alone_says_that_nothing_was_sent(disk: FileDisk) -> None:
    Journal(disk).begin(MARK)
    assert past(disk) == Past(MARK)


def test_answers_and_open_intents_come_back(disk: FileDisk) -> None:
    written(disk)
    assert past(disk) == Past(MARK, (ack(1), ack(2, REJECTED, "bad-email")), ((4, 5),))


def test_ids_of_records_come_back_and_outlive_a_power_loss(disk: FileDisk) -> None:
    """They are on disk before anything else is sent."""
    journal, synced = Journal(disk), list[bytes]()
    journal.begin(MARK)
    journal.intend([(1, [(1, 4)])])
    disk.sync = lambda name: synced.append(segment(disk).read_bytes())  # type: ignore[method-assign]
    acks = (
        ack(1)._replace(remote_id="r-1"),
        ack(2),
        ack(4)._replace(remote_id=""),
        ack(3, UNKNOWN, "timeout")._replace(remote_id='"r\u2028'),
    )
    journal.conclude(1, acks)
    assert past(disk) == Past(MARK, acks)
    assert synced == [segment(disk).read_bytes()]


def taken(seq: int, place: int, job: str = "job-1") -> Ack:
    return running(seq, InJob(job, place, is_owing=seq == 3), AT)


def with_jobs(disk: FileDisk) -> Journal:
    """A batch of four, two of which a job has taken in another order."""
    journal = Journal(disk)
    journal.begin(MARK)
    journal.intend([(1, [(1, 4)])])
    journal.begun(1, [taken(3, 0), taken(2, 1)])
    return journal


def test_a_job_is_on_disk_at_once_and_what_it_has_taken_is_in_no_doubt(disk: FileDisk) -> None:
    synced: list[bytes] = []
    disk.sync = lambda name: synced.append(segment(disk).read_bytes())  # type: ignore[method-assign]
    with_jobs(disk)
    assert synced[-1] == segment(disk).read_bytes()
    told, knows_all = past(disk).told(7, AT)
    assert knows_all
    doubts = [ack(seq, UNKNOWN, "run-ended") for seq in (1, 4)]
    assert told == [taken(3, 0), taken(2, 1), *doubts]
    assert in_job(told[0]) == InJob("job-1", 0, is_owing=True)


def test_a_job_stays_until_it_has_told(disk: FileDisk) -> None:
    """Through the end of its batch, a flush and another batch."""
    journal = with_jobs(disk)
    journal.conclude(1, [ack(1), ack(4), taken(3, 0)])
    assert past(disk).acks == (ack(1), ack(4), taken(3, 0)), "2 was not applied after all"
    journal.flushed()
    assert past(disk).acks == (taken(3, 0),)
    journal.intend([(2, [(5, 6)])])
    assert past(disk) == Past(MARK, (taken(3, 0),), ((5, 6),))


def test_a_segment_that_begins_while_a_job_is_polled_has_it(disk: FileDisk) -> None:
    journal = with_jobs(disk)
    journal.begun(1, [taken(1, 0, "job-2"), taken(4, 1, "job-2")])
    before = past(disk)
    journal.flushed()
    assert past(disk) == before
    assert len(before.acks) == 4


def test_what_no_job_has_any_more_is_in_doubt(disk: FileDisk) -> None:
    journal = with_jobs(disk)
    journal.begun(1, [taken(3, 0, ""), taken(2, 1, "")])
    for _ in range(2):
        assert past(disk) == Past(MARK, (), ((1, 4),))
        journal.flushed()
    journal.begun(1, [taken(2, 0, "job-2")])
    assert past(disk).acks == (taken(2, 0, "job-2"),)


def test_a_batch_that_is_answered_is_with_no_job(disk: FileDisk) -> None:
    with_jobs(disk).conclude(1, [ack(1), ack(2), ack(3), ack(4)])
    assert past(disk) == Past(MARK, (ack(1), ack(2), ack(3), ack(4)))


def test_answers_without_ids_wait_for_the_next_intent(disk: FileDisk) -> None:
    journal, synced = Journal(disk), list[str]()
    journal.begin(MARK)
    journal.intend([(1, [(1, 1)])])
    disk.sync = synced.append  # type: ignore[method-assign]
    journal.conclude(1, [ack(1)])
    assert not synced


def test_whoever_of_a_batch_was_not_answered_was_not_applied(disk: FileDisk) -> None:
    journal = written(disk)
    journal.conclude(2, [])
    assert past(disk).doubtful == ()


@pytest.mark.parametrize("lost", range(1, 60))
def test_a_torn_tail_is_dropped(disk: FileDisk, lost: int) -> None:
    """Whatever of the last record is missing: its batch had not left yet."""
    written(disk)
    content = segment(disk).read_bytes()
    last = len(content.splitlines(keepends=True)[-1])
    segment(disk).write_bytes(content[: -min(lost, last)])
    found = past(disk)
    assert not found.is_damaged
    assert (found.acks, found.doubtful) == ((ack(1), ack(2, REJECTED, "bad-email")), ())


def test_a_damaged_line_in_the_middle_is_noticed(disk: FileDisk) -> None:
    written(disk)
    content = bytearray(segment(disk).read_bytes())
    content[content.index(b"INTENT") + 20] ^= 1
    segment(disk).write_bytes(content)
    assert past(disk).is_damaged


def test_a_line_missing_from_the_middle_is_noticed(disk: FileDisk) -> None:
    written(disk)
    lines = segment(disk).read_bytes().splitlines(keepends=True)
    segment(disk).write_bytes(b"".join(lines[:1] + lines[2:]))
    assert past(disk).is_damaged


def test_a_line_that_stands_twice_is_noticed(disk: FileDisk) -> None:
    written(disk)
    lines = segment(disk).read_bytes().splitlines(keepends=True)
    segment(disk).write_bytes(b"".join([*lines, lines[1]]))
    assert past(disk).is_damaged


def test_a_line_of_another_epoch_is_noticed(disk: FileDisk) -> None:
    written(disk)
    lines = segment(disk).read_bytes().splitlines(keepends=True)
    lines[1] = encode("INTENT", {"epoch": 6, "n": 2, "batch": 1, "seqs": [[1, 3]]})
    segment(disk).write_bytes(b"".join(lines))
    assert past(disk).is_damaged


def test_a_journal_without_its_header_is_damaged(disk: FileDisk) -> None:
    written(disk)
    segment(disk).write_bytes(b"")
    assert past(disk).is_damaged


def test_a_journal_of_a_newer_format_is_not_trusted(disk: FileDisk) -> None:
    disk.append("wal-7-0.log", encode("HEADER", {"epoch": 7, "n": 1, "format": 2}))
    assert past(disk).is_damaged


def test_a_new_segment_repeats_the_intents_that_are_still_open(disk: FileDisk) -> None:
    journal = written(disk)
    journal.flushed()
    assert [p.name for p in disk.directory.glob("wal-*")] == ["wal-7-1.log"]
    assert past(disk) == Past(MARK, (), ((4, 5),))


def test_a_torn_tail_of_the_old_segment_does_not_spoil_the_new_one(disk: FileDisk) -> None:
    """The machine stopped between syncing the new segment and deleting the old one."""
    journal = written(disk)
    journal.conclude(2, [ack(4), ack(5)])
    old = segment(disk).read_bytes()
    journal.flushed()
    (disk.directory / "wal-7-0.log").write_bytes(old[:-9])
    found = past(disk)
    assert not found.is_damaged
    assert found.doubtful == ((4, 5),)


def test_the_newest_epoch_counts(disk: FileDisk) -> None:
    written(disk)
    Journal(disk).begin(Mark(9, "nine"))
    assert past(disk) == Past(Mark(9, "nine"))


def test_a_damaged_journal_is_put_aside_and_the_next_one_starts_clean(disk: FileDisk) -> None:
    journal = written(disk)
    journal.put_aside()
    assert Journal(disk).past() == Past()
    assert [p.name for p in disk.directory.iterdir()] == ["wal-7-0.damaged"]


def test_forgetting_deletes_every_segment_and_nothing_else(disk: FileDisk) -> None:
    written(disk)
    (disk.directory / "notes.txt").write_text("mine")
    Journal(disk).forget()
    assert [p.name for p in disk.directory.iterdir()] == ["notes.txt"]


def test_records_hold_plan_numbers_and_answers_and_nothing_else(disk: FileDisk) -> None:
    written(disk)
    bodies = [decode(line) for line in segment(disk).read_bytes().splitlines()]
    keys = {(kind, key) for kind, body in filter(None, bodies) for key in body}
    assert keys == {
        *(("HEADER", k) for k in ("epoch", "n", "format", "token")),
        *(("HEADER", k) for k in ("sync", "project", "target", "installation")),
        *(("INTENT", k) for k in ("epoch", "n", "batch", "seqs")),
        *(("OUTCOME", k) for k in ("epoch", "n", "batch", "at", "delivered", "told")),
    }


def test_batches_in_flight_when_a_run_ended_are_unknown() -> None:
    doubts = [ack(4, UNKNOWN, "run-ended"), ack(5, UNKNOWN, "run-ended")]
    assert Past(MARK, (ack(1),), ((4, 5),)).told(7, AT) == ([ack(1), *doubts], True)


@pytest.mark.parametrize(
    "past", [Past(), Past(Mark(6, "six"), (ack(1),)), Past(MARK, (ack(1),), (), True)]
)
def test_a_journal_that_is_missing_damaged_or_of_another_run_tells_nothing(past: Past) -> None:
    assert past.told(7, AT) == ([], False)


@given(st.sets(st.integers(1, 200)))
def test_ranges_lose_no_number(found: set[int]) -> None:
    assert numbers(as_ranges(sorted(found))) == sorted(found)


bodies = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9), max_size=4)


@given(kind=st.sampled_from(["HEADER", "INTENT", "OUTCOME"]), body=bodies)
def test_a_record_survives_the_way_to_disk_and_back(kind: str, body: dict[str, object]) -> None:
    line = encode(kind, body)
    assert line.count(b"\n") == 1
    assert decode(line[:-1]) == (kind, json.loads(json.dumps(body)))


@given(line=st.binary(max_size=80))
def test_bytes_that_are_no_record_are_refused(line: bytes) -> None:
    assert decode(line) is None


@given(st.data())
def test_whatever_bytes_a_damaged_journal_holds_no_sent_batch_is_forgotten(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Cut and changed anywhere: what it tells is true, or it is called damaged, or a tail is gone.

    A tail that was synced is not lost by a power loss, so only a change in the middle matters.
    """
    disk = FileDisk(tmp_path_factory.mktemp("journal"))
    written(disk)
    content = bytearray(segment(disk).read_bytes())
    end = len(b"".join(bytes(content).splitlines(keepends=True)[:-1]))
    at = data.draw(st.integers(0, end - 1))
    content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    segment(disk).write_bytes(content)
    found = past(disk)
    assert found.is_damaged or found == Past(
        MARK, (ack(1), ack(2, REJECTED, "bad-email")), ((4, 5),)
    )


@given(content=st.binary(max_size=300))
def test_the_reader_takes_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    disk = FileDisk(tmp_path_factory.mktemp("journal"))
    disk.append("wal-1-0.log", content)
    assert past(disk).is_damaged


OURS = Owner("a1", "shop", "prod")
NAMESAKE = Owner("b2", "shop", "prod")


def opened(disk: FileDisk, owner: Owner = OURS) -> Journal:
    journal = Journal(disk)
    journal.open_for("people__crm", owner)
    return journal


def test_a_journal_of_another_state_schema_is_refused_and_left_as_it_is(disk: FileDisk) -> None:
    opened(disk, NAMESAKE).begin(Mark(3, "t3"))
    before = segment(disk).read_bytes()
    with pytest.raises(StateError) as refused:
        opened(disk)
    assert refused.value.problems[0].code == "journal-of-another"
    assert "project shop, target prod, in another state schema" in str(refused.value)
    assert str(disk.directory) in str(refused.value)
    assert segment(disk).read_bytes() == before


def test_a_journal_of_another_sync_is_refused(disk: FileDisk) -> None:
    opened(disk).begin(Mark(3, "t3"))
    with pytest.raises(StateError):
        Journal(disk).open_for("seg_vip__crm", OURS)


def test_the_journal_of_a_project_that_was_renamed_since_is_read(disk: FileDisk) -> None:
    opened(disk, Owner("a1", "old_shop", "prod")).begin(Mark(3, "t3"))
    assert opened(disk).known == Mark(3, "t3")


def test_a_journal_that_an_older_version_wrote_is_ours_by_its_place(disk: FileDisk) -> None:
    disk.append("wal-7-0.log", encode("HEADER", {"epoch": 7, "n": 1, "format": 1}))
    assert opened(disk).known == Mark(7, "")


def test_the_lease_that_was_settled_last_is_known_when_the_journal_is_gone(disk: FileDisk) -> None:
    journal = opened(disk)
    journal.begin(Mark(5, "t5"))
    journal.settle(Mark(5, "t5"))
    assert disk.names() == ["settled-a1"]
    assert opened(disk).known == Mark(5, "t5")
    opened(disk).begin(Mark(6, "t6"))
    assert opened(disk).known == Mark(6, "t6")


def test_what_is_known_survives_another_installation_and_a_torn_write(disk: FileDisk) -> None:
    opened(disk).settle(Mark(5, "t5"))
    opened(disk, NAMESAKE).settle(Mark(1, "n1"))
    assert opened(disk).known == Mark(5, "t5")
    disk.append("settled-a1.new", b"torn")
    opened(disk).settle(Mark(6, "t6"))
    assert opened(disk).known == Mark(6, "t6")
    (disk.directory / "settled-b2").write_bytes(b"damaged")
    assert opened(disk, NAMESAKE).known == Mark()
