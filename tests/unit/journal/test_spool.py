from __future__ import annotations

import stat
from pathlib import Path

import pyarrow as pa
import pytest

from sync.errors import StateError
from sync.journal.spool import Spool
from sync.model import Op, Owner, Sync
from sync.state.columns import Column

OWNER = Owner("a1", "shop", "prod")


@pytest.fixture
def columns(people: Sync) -> tuple[Column, ...]:
    return tuple(Column(trait, "varchar") for trait in people.traits)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def chunk(first: int, rows: int = 2) -> pa.RecordBatch:
    numbers = range(first, first + rows)
    return pa.RecordBatch.from_pylist(
        [
            {
                "seq": n,
                "op": "add",
                "identity": f"p{n}",
                "external_id": None,
                "related_id": None,
                "reason": None,
                "transition": 1,
                "cause": "new",
                "event": None,
                "occurred_at": None,
                "is_quiet": False,
                "origin_epoch": 1,
                "to_repeat": 0,
                "changed": "1",
                "target_id": 1,
                "expires_from": None,
                "zone": None,
                "t_plan": "pro",
            }
            for n in numbers
        ]
    )


def test_a_plan_of_several_chunks_comes_back_in_order(
    spool: Spool, people: Sync, columns: tuple[Column, ...]
) -> None:
    spool.write(iter([chunk(1), chunk(3), chunk(5, rows=1)]), OWNER)
    read = [[change.seq for change in rows] for rows in spool.read(people, columns, 1)]
    assert read == [[1, 2], [3, 4], [5]]


def test_a_change_has_its_traits_and_its_address(
    spool: Spool, people: Sync, columns: tuple[Column, ...]
) -> None:
    spool.write(iter([chunk(1, rows=1)]), OWNER)
    ((change,),) = spool.read(people, columns, 1)
    assert (change.op, change.external_id, change.traits) == (Op.ADD, "p1", {"plan": "pro"})


def test_a_plan_that_fits_one_chunk_never_touches_the_disk(spool: Spool) -> None:
    spool.write(iter([chunk(1)]), OWNER)
    assert not spool.directory.exists()


def test_only_the_owner_can_read_the_copy(spool: Spool) -> None:
    spool.write(iter([chunk(1), chunk(3)]), OWNER)
    assert stat.S_IMODE(spool.directory.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in spool.directory.iterdir()}
    assert modes == {0o600}


def test_each_chunk_is_deleted_when_it_was_read_and_the_rest_at_the_end(
    spool: Spool, people: Sync, columns: tuple[Column, ...]
) -> None:
    spool.write(iter([chunk(1), chunk(3), chunk(5)]), OWNER)
    reading = spool.read(people, columns, 1)
    next(reading)
    next(reading)
    assert len(list(spool.directory.glob("*.arrow"))) == 2
    spool.clear()
    assert not spool.directory.exists()


def test_what_a_crashed_run_left_is_not_read_by_the_next(
    spool: Spool, people: Sync, columns: tuple[Column, ...]
) -> None:
    spool.write(iter([chunk(1), chunk(3), chunk(5)]), OWNER)
    after = Spool(spool.directory)
    after.write(iter([chunk(7), chunk(9)]), OWNER)
    read = [change.seq for rows in after.read(people, columns, 1) for change in rows]
    assert read == [7, 8, 9, 10]


def test_an_empty_plan_is_no_changes(
    spool: Spool, people: Sync, columns: tuple[Column, ...]
) -> None:
    spool.write(iter([]), OWNER)
    assert list(spool.read(people, columns, 1)) == []


def test_another_states_copy_is_neither_read_nor_deleted(spool: Spool) -> None:
    spool.write(iter([chunk(1), chunk(3)]), Owner("b2", "shop", "prod"))
    before = sorted(path.read_bytes() for path in spool.directory.iterdir())
    with pytest.raises(StateError) as refused:
        Spool(spool.directory).write(iter([chunk(7), chunk(9)]), OWNER)
    assert refused.value.problems[0].code == "spool-of-another"
    assert sorted(path.read_bytes() for path in spool.directory.iterdir()) == before
