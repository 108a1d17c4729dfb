"""Ids that a vendor gives records, from the answer into the snapshot and back, over real runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from sync.commands import state as commands
from sync.commands.named import Named
from sync.commands.named import _from_snapshots as note_from_snapshots
from sync.destinations.erasure import Known
from sync.destinations.options import Strict
from sync.destinations.spec import Conversation, Request, Response
from sync.destinations.stages import Row
from sync.http.delivery import ask, converse, outcomes_of
from sync.http.pacing import Pacing
from sync.http.retry import RetryPolicy
from sync.journal.process import host, own_process
from sync.model import DELIVERED, Delivered, Kind, Op, Outcome, Sync
from sync.plan.guards import Held
from sync.run.access import StateAccess
from sync.run.engine import Engine
from sync.run.protocol import Hooks, Ports, SyncResult, run_sync
from sync.state import erasing
from sync.state.reading import memberships, page
from sync.state.store import Holder, PlanSummary
from sync.testing import FakeClock, FakeRecords, FakeVendor, Fault
from sync.warehouse.duckdb import DuckDBWarehouse
from tests.faults.memory import Inline
from tests.unit.testing.test_contract import Crm, Sound


class Deleting(Crm):
    """Deletes the record of whoever leaves, and says so."""

    def _write(self, row: Row) -> Conversation[Outcome]:
        if row.change.op is not Op.REMOVE:
            return (yield from super()._write(row))
        yield Request("DELETE", f"/records/{row.remote_id}")
        return Delivered("")


class Silent(Crm):
    """Says nothing more of a record than that it was written."""

    def _write(self, row: Row) -> Conversation[Outcome]:
        outcome = yield from super()._write(row)
        return DELIVERED if row.change.remote_id else outcome


@dataclass
class Shop:
    """A warehouse with people, a sync of them, and a CRM."""

    warehouse: DuckDBWarehouse
    sync: Sync
    directory: Path
    destination: type[Sound] = Silent
    crm: Any = field(default_factory=FakeRecords)
    runs: int = 0

    def __post_init__(self) -> None:
        self.http = FakeVendor(self.crm)

    @property
    def access(self) -> StateAccess:
        return StateAccess(self.warehouse, "shop_activation", self.directory / "journal")

    def people(self, **plans: str) -> None:
        """What the model says: each person's plan."""
        rows = ", ".join(f"('{name}', '{plan}')" for name, plan in plans.items())
        with self.warehouse.session() as session:
            session.execute("delete from people")
            session.execute(f"insert into people values {rows}" if rows else "select 1")

    def run(self, *faults: Fault) -> SyncResult:
        self.runs += 1
        self.http.requests.clear()
        self.http.faults[:] = faults
        clock, destination = FakeClock(), self.destination()
        policy, pace = RetryPolicy(attempts=1), Pacing(clock)

        def send(batch: Any, permit: Any, begun: Any) -> Any:
            return converse(
                destination, batch, self.http, clock, pace, policy, lambda: False, permit, begun
            )

        def resume(known: str | None, job: str, rows: Any, may_wait: Any) -> Any:
            asked = destination.resume(job, rows)
            found = ask(destination, asked, self.http, clock, pace, policy)
            return None if found is None else outcomes_of(destination, rows, found)

        def guard(summary: PlanSummary) -> Held | None:
            return None

        hooks = Hooks(
            guard=guard,
            admit=lambda known, may_wait: "account",
            engine=lambda: Engine(destination, send, Inline(), clock, lambda: None),
            resume=resume,
        )
        holder = Holder("me", host(), own_process(), "1")
        store, disk = self.access.store(self.sync), self.access.disk(self.sync)
        return run_sync(self.sync, Ports(store, disk, clock, holder, f"run-{self.runs}"), hooks)

    def sent(self) -> list[tuple[str, str]]:
        return [(request.method, request.path) for request in self.http.requests]

    def named(self) -> Mapping[str, str | None]:
        """What the snapshot says each record is called."""
        with self.access.catalogue(self.sync.name) as state:
            rows = state.session.query(
                f'select identity, remote_id from shop_activation."snapshot_{self.sync.name}"'
            )
        return dict(rows)


@pytest.fixture
def shop(warehouse: DuckDBWarehouse, people: Sync, tmp_path: Path) -> Shop:
    sync = replace(people, kind=Kind.TRAITS, names_records=True)
    made = Shop(warehouse, sync, tmp_path)
    made.people(ann="pro")
    assert made.run().exit_code == 0
    assert made.named() == {"ann": "rec-1"}
    return made


def test_a_record_is_made_once_and_written_by_its_id_from_then_on(shop: Shop) -> None:
    shop.people(ann="free")
    shop.run()
    assert shop.sent() == [("PATCH", "/records/rec-1")]
    shop.people()
    shop.run()
    assert shop.sent() == [("PATCH", "/records/rec-1")]
    shop.people(ann="pro")
    shop.run()
    assert shop.sent() == [("PATCH", "/records/rec-1")]
    assert (shop.named(), shop.crm.made) == ({"ann": "rec-1"}, 1)


def test_a_refusal_and_a_lost_answer_leave_the_id(shop: Shop) -> None:
    shop.people(ann="free")
    for fault in (Fault(422), Fault(is_lost=True), Fault(500, is_applied=True)):
        assert shop.run(fault).exit_code
        assert shop.named() == {"ann": "rec-1"}
    shop.run()
    assert shop.sent() == [("PATCH", "/records/rec-1")]


def test_a_record_whose_answer_was_lost_is_found_by_the_next_run(shop: Shop) -> None:
    shop.people(ann="pro", bob="free")
    shop.run(Fault(is_lost=True, is_applied=True))
    assert (shop.named()["bob"], shop.crm.made) == (None, 2)
    shop.run()
    assert shop.sent() == [("GET", "/records"), ("PATCH", "/records/rec-2")]
    assert (shop.named()["bob"], shop.crm.made) == ("rec-2", 2)


def test_who_comes_back_to_a_vendor_that_has_deleted_the_record_gets_a_new_one(shop: Shop) -> None:
    shop.destination = Deleting
    shop.people()
    shop.run()
    assert shop.named() == {"ann": None}
    shop.people(ann="pro")
    shop.run()
    assert shop.sent() == [("POST", "/records")]
    assert shop.named() == {"ann": "rec-2"}


def by_address(shop: Shop) -> Shop:
    """The same, of people whose plan is their address at the CRM."""
    shop.sync = replace(shop.sync, name="plans__crm", external_id="plan", identify_by="plan")
    shop.run()
    assert shop.named() == {"ann": "rec-2"}
    return shop


@pytest.mark.parametrize("fault", [None, Fault(is_lost=True, containing="moved")])
def test_who_moves_to_another_address_keeps_the_record(shop: Shop, fault: Fault | None) -> None:
    by_address(shop).people(ann="moved")
    if fault:
        assert shop.run(fault).exit_code == 6
    shop.run()
    assert set(shop.sent()) == {("PATCH", "/records/rec-2")}
    assert shop.crm.records["rec-2"]["key"] == "moved"
    assert shop.named() == {"ann": "rec-2"}


def test_who_moves_and_whose_record_the_removal_has_deleted_gets_a_new_one(shop: Shop) -> None:
    by_address(shop).destination = Deleting
    shop.people(ann="moved")
    shop.run()
    assert shop.sent() == [("DELETE", "/records/rec-2"), ("POST", "/records")]
    assert shop.named() == {"ann": "rec-3"}


def test_an_id_is_of_one_place(shop: Shop) -> None:
    """The old segment is left by it, and the new one is not written by it."""
    shop.sync = replace(
        shop.sync, name="seg__crm", kind=Kind.SEGMENT, segment="old", traits=(), options=Strict()
    )
    shop.run()
    assert shop.named() == {"ann": "rec-2"}
    shop.sync = replace(shop.sync, segment="new")
    shop.run()
    assert shop.sent() == [("PATCH", "/records/rec-2"), ("POST", "/records")]
    assert shop.named() == {"ann": "rec-3"}


def test_an_id_of_a_place_that_was_left_is_not_kept_by_a_silent_answer(shop: Shop) -> None:
    class Mute(Crm):
        def _write(self, row: Row) -> Conversation[Outcome]:
            yield from super()._write(row)
            return DELIVERED

    shop.sync = replace(
        shop.sync, name="seg__crm", kind=Kind.SEGMENT, segment="old", traits=(), options=Strict()
    )
    shop.run()
    shop.sync, shop.destination = replace(shop.sync, segment="new"), Mute
    shop.run()
    assert shop.named() == {"ann": None}


def test_a_record_is_read_back_by_its_id_and_why_has_it(shop: Shop) -> None:
    with shop.access.catalogue(shop.sync.name) as state:
        (member,) = page(state, (), None, 10, names_records=True)
        assert (member.identity, member.remote_id) == ("ann", "rec-1")
        assert page(state, (), None, 10)[0].remote_id is None
        (told,) = memberships(state, ["ann"], 5)
        assert told.remote_id == "rec-1"


def test_state_doubt_keeps_ids_and_reset_forgets_them(shop: Shop) -> None:
    commands.doubt(shop.access, shop.sync, "doubting")
    shop.run()
    assert shop.sent() == [("PATCH", "/records/rec-1")]
    commands.reset(shop.access, shop.sync)
    assert shop.named() == {"ann": None}


def test_who_was_adopted_has_no_id_until_it_is_answered(shop: Shop) -> None:
    shop.people(ann="pro", bob="free")
    commands.adopt(shop.access, shop.sync, FakeClock(), "run")
    assert shop.named() == {"ann": "rec-1", "bob": None}
    shop.people(ann="pro", bob="pro")
    shop.run()
    assert shop.named() == {"ann": "rec-1", "bob": "rec-2"}


def test_the_id_goes_with_the_person_who_is_erased(shop: Shop) -> None:
    with shop.access.opened(shop.sync.name) as state:
        erasing.let_go(state, shop.sync, ["ann"])
        assert shop.named() == {"ann": "rec-1"}, "whoever erases may need it"
        erasing.erase(state, shop.sync, ["ann"], None)
    assert shop.named() == {}


def test_a_destination_that_erases_somebody_is_told_the_id(shop: Shop) -> None:
    person = Named("ann")
    with shop.access.catalogue() as state:
        note_from_snapshots(state, shop.access, [shop.sync], person)
    assert person.known_at([shop.sync]) == [Known("", "ann", "rec-1")]
    by_address(shop)
    with shop.access.catalogue() as state:
        note_from_snapshots(state, shop.access, [shop.sync], person)
    assert person.known_at([shop.sync]) == [Known("plan", "pro", "rec-2")]


def test_state_of_the_format_before_has_no_ids_and_gets_the_columns(shop: Shop) -> None:
    with shop.access.opened() as state:
        for name in ("snapshot", "plan", "acks"):
            relation = f'shop_activation."{name}_{shop.sync.name}"'
            state.session.execute(f"alter table {relation} drop column remote_id")
        state.session.execute("update shop_activation.installation set format_version = 24")
    with shop.access.catalogue(shop.sync.name) as state:
        assert memberships(state, ["ann"], 5)[0].remote_id is None
    shop.people(ann="free")
    assert shop.run().exit_code == 0
    assert shop.named() == {"ann": "rec-2"}


def test_a_vendor_that_names_nothing_is_handed_nothing(shop: Shop) -> None:
    """A connection whose destination does not declare it any more: what is known stays."""

    class Plain(Crm):
        names_records = False

        def _write(self, row: Row) -> Conversation[Outcome]:
            assert row.change.remote_id is None
            yield Request("POST", "/records", json=row.part)
            return DELIVERED

    shop.sync, shop.destination = replace(shop.sync, names_records=False), Plain
    shop.people(ann="free")
    assert shop.run().exit_code == 0
    assert shop.named() == {"ann": "rec-1"}


def test_what_is_held_by_two_at_one_address_stays_with_the_one_who_stays(shop: Shop) -> None:
    """The record is the stayer's: who comes back elsewhere gets another one."""
    by_address(shop)
    with shop.warehouse.session() as session:
        snapshot = f'shop_activation."snapshot_{shop.sync.name}"'
        columns = "* replace ('eve' as identity)"
        session.execute(f"insert into {snapshot} select {columns} from {snapshot}")
    assert shop.named() == {"ann": "rec-2", "eve": "rec-2"}
    shop.run()
    assert shop.named() == {"ann": "rec-2", "eve": None}


def test_a_response_without_an_id_names_no_record(shop: Shop) -> None:
    shop.people(ann="pro", bob="free")
    shop.http.inner = lambda request: Response(200, {}, b'{"id": ""}')
    result = shop.run()
    assert result.exit_code == 0
    assert shop.named() == {"ann": "rec-1", "bob": None}
