"""Jobs of a vendor that outlive a run, from the answer that begins one to the snapshot."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sync.destinations.spec import Conversation, Request, Response
from sync.destinations.stages import Row, each, settle
from sync.model import DELIVERED, Change, Fate, Kind, Outcome, Sync
from sync.rules import Deferral
from sync.state.columns import trait_column
from sync.state.reading import Standing, standing
from sync.testing import FakeJobs, FakeVendor, Fault, json_response
from sync.warehouse.duckdb import DuckDBWarehouse
from tests.unit.run.test_named_records import Shop
from tests.unit.testing.test_contract import Bulk

PLAN = "plan"


class Mixed(Bulk):
    """Whoever is on the plan `solo` goes alone; all others by job, and then they are told of."""

    tells = False

    def encode(self, sync: Sync, change: Change) -> Sequence[Any]:
        state = super().encode(sync, change)
        return (*state, {"tell": change.external_id} if self.tells else None)

    def stages(self) -> Sequence[Any]:
        return (self._sort, each(self._tell))

    def _sort(self, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        alone = [row for row in rows if row.change.traits.get("plan") == "solo"]
        joint = [row for row in rows if row not in alone]
        if joint:
            yield from self._import(joint)
        yield from settle(alone, each(self._write))
        return [row.outcome for row in rows]

    def _write(self, row: Row) -> Conversation[Outcome]:
        yield Request("PUT", f"/rows/{row.change.external_id}", json=row.part)
        return DELIVERED

    def _tell(self, row: Row) -> Conversation[Outcome]:
        yield Request("PUT", f"/told/{row.change.external_id}", json=row.part)
        return DELIVERED


class Tells(Mixed):
    tells = True


@pytest.fixture
def shop(warehouse: DuckDBWarehouse, people: Sync, tmp_path: Path) -> Shop:
    made = Shop(warehouse, replace(people, kind=Kind.TRAITS), tmp_path, Mixed, FakeJobs(True))

    def answer(request: Request) -> Response:
        found: Response = json_response({}) if request.method == "PUT" else made.crm(request)
        return found

    made.http = FakeVendor(answer)
    made.people(ann="pro", bob="free", eve="solo")
    return made


def members(shop: Shop) -> dict[str, str]:
    query = (
        f'select identity, "{trait_column(PLAN)}" from shop_activation."snapshot_{shop.sync.name}"'
    )
    with shop.access.catalogue(shop.sync.name) as state:
        return dict(state.session.query(f"{query} where is_member"))


def stands(shop: Shop) -> Standing:
    with shop.access.catalogue(shop.sync.name) as state:
        return standing(state)


def logged(shop: Shop) -> list[tuple[Any, ...]]:
    with shop.access.catalogue(shop.sync.name) as state:
        return state.session.query(
            "select run_id, identity, outcome from shop_activation.deliveries order by 1, 2"
        )


def keys(shop: Shop) -> list[list[str]]:
    """Whom each job was given."""
    return [sorted(row["key"] for row in rows) for rows in shop.crm.jobs.values()]


def test_a_job_that_goes_on_when_the_run_ends_is_settled_by_a_later_one(shop: Shop) -> None:
    result = shop.run()
    assert (result.status, result.exit_code, result.running) == ("running", 0, 2)
    assert (result.counts[Fate.DELIVERED], result.counts[Fate.DEFERRED]) == (1, 2)
    assert members(shop) == {"eve": "solo"}
    assert (stands(shop).running, stands(shop).unsettled, stands(shop).doubts) == (2, 0, 0)

    shop.people(ann="team", eve="pro")
    result = shop.run()
    assert (result.status, result.exit_code, result.running) == ("running", 0, 2)
    assert shop.sent() == [("GET", "/jobs/job-1")]

    shop.crm.hold(False)
    result = shop.run()
    assert (result.status, result.exit_code, result.recovered) == ("success", 0, 0)
    assert members(shop) == {"ann": "team", "eve": "pro"}
    assert keys(shop) == [["ann", "bob"], ["bob"], ["ann", "eve"]]
    assert stands(shop).running == 0
    assert logged(shop)[0] == ("run-1", "eve", "delivered")
    assert {("run-3", name, "delivered") for name in ("ann", "bob")} < {*logged(shop)[1:]}


def test_what_a_run_says_of_a_job_is_recorded(shop: Shop) -> None:
    shop.run()
    with shop.access.catalogue(shop.sync.name) as state:
        (row,) = state.session.query(
            "select status, message, deferred, deferrals, undecided from shop_activation.run_syncs"
        )
    assert row == ("running", "", 2, f"{Deferral.JOB}:2", 0)


def test_what_a_job_has_refused_is_a_dead_letter_and_tried_again(shop: Shop) -> None:
    shop.run()
    shop.crm.refused["bob"] = "no such plan"
    shop.crm.hold(False)
    result = shop.run()
    assert (result.status, result.exit_code) == ("rejects", 1)
    assert members(shop) == {"ann": "pro", "eve": "solo"}
    assert keys(shop) == [["ann", "bob"], ["bob"]]
    assert ("run-2", "bob", "rejected") in logged(shop)


def test_a_job_that_is_lost_leaves_its_rows_in_doubt(shop: Shop) -> None:
    class Lost(Mixed):
        def resume(self, job: str, rows: Any) -> Any:
            return (yield from super(Bulk, self).resume(job, rows))

    shop.run()
    shop.destination = Lost
    shop.crm.hold(False)
    result = shop.run()
    assert (result.status, result.counts[Fate.DELIVERED]) == ("success", 2)
    assert result.summary is not None
    assert result.summary.causes == {"in doubt": 2}
    assert keys(shop) == [["ann", "bob"]] * 2


def test_a_job_about_which_nobody_answers_stays(shop: Shop) -> None:
    shop.run()
    result = shop.run(Fault(500))
    assert (result.status, result.exit_code) == ("destination", 6)
    shop.crm.hold(False)
    assert shop.run().exit_code == 0
    assert keys(shop) == [["ann", "bob"]]


def test_another_machine_finds_the_job(shop: Shop) -> None:
    shop.run()
    shutil.rmtree(shop.directory / "journal")
    shop.crm.hold(False)
    result = shop.run()
    assert (result.status, result.counts[Fate.UNCHANGED]) == ("success", 3)
    assert keys(shop) == [["ann", "bob"]]


def test_a_row_of_which_more_is_due_is_asserted_again_after_the_job(shop: Shop) -> None:
    shop.destination = Tells
    shop.run()
    assert [path for _, path in shop.sent() if "told" in path] == ["/told/eve"]
    shop.run()
    assert shop.sent() == [("GET", "/jobs/job-1")]
    shop.crm.hold(False)
    result = shop.run()
    assert result.exit_code == 0
    assert sorted(path for _, path in shop.sent() if "told" in path) == ["/told/ann", "/told/bob"]
    assert keys(shop) == [["ann", "bob"]] * 2


def test_a_destination_whose_job_was_taken_by_its_older_self_says_so(shop: Shop) -> None:
    """What `resume` returns is looked at as what `deliver` does."""

    class Short(Mixed):
        def resume(self, job: str, rows: Any) -> Any:
            return (yield from super().resume(job, rows[1:]))

    shop.run()
    shop.destination = Short
    shop.crm.hold(False)
    result = shop.run()
    assert (result.status, result.exit_code) == ("error", 2)
    shop.destination = Mixed
    assert shop.run().exit_code == 0


def test_a_refused_reason_shows_no_value(shop: Shop) -> None:
    shop.run()
    shop.crm.refused["bob"] = "bob is a bad key"
    shop.crm.hold(False)
    shop.run()
    with shop.access.catalogue(shop.sync.name) as state:
        (reasons,) = state.session.query("select reason from shop_activation.dead_letters")
    assert reasons == ("*** is a bad key",)
