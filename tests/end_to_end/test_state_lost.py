"""Tables of the state that are gone: said before anything is sent, and a way out of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs, runner
from e2e.population import SEGMENT, TRAITS_PEOPLE, Population
from e2e.project import SmallProject

from sync.state import schema as t

TRAITS_SYNC, SEGMENT_SYNC = "traits_people__customerio", "seg_active__customerio"
OWN = [f"{kind}{sync}" for sync in (TRAITS_SYNC, SEGMENT_SYNC) for kind in t.OWN]
EVENTS = Model(
    name="events_orders",
    query="select 'o' || n as order_id, person_id, timestamp '2026-11-01' as at from population",
    columns={"order_id": "varchar", "person_id": "varchar", "at": "timestamp"},
    activation={
        "kind": "events",
        "identity": "person_id",
        "event_id": "order_id",
        "event": "ordered",
        "occurred_at": "at",
        "destinations": [{"name": "customerio", "initial": "send"}],
    },
)


@dataclass
class Shop:
    """Four people, all of them in the segment, and a state that knows it."""

    people: Population
    sync: Runs

    @property
    def project(self) -> SmallProject:
        return self.people.project

    def drop(self, *tables: str) -> None:
        state = self.project.state_schema
        self.project.warehouse.run(*(f"drop table {state}.{name}" for name in tables))

    def cut_short(self) -> None:
        """As if a run of each sync had committed its plan and died."""
        state = self.project.state_schema
        self.project.warehouse.run(f"update {state}.syncs set planned_epoch = settled_epoch + 1")

    @contextmanager
    def without(self, table: str) -> Iterator[None]:
        state, run = self.project.state_schema, self.project.warehouse.run
        run(f"alter table {state}.{table} rename to kept")
        yield
        run(f"alter table {state}.kept rename to {table}")

    def entered(self) -> int:
        return sum(e["name"] == "entered_active" for e in self.project.sandbox.events())


@pytest.fixture
def shop(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shop:
    made = Shop(Population(project, 4), runner(project, monkeypatch, capsys))
    made.people.create()
    project.define(TRAITS_PEOPLE, SEGMENT)
    made.sync("apply")
    project.warehouse.run("update population set revision = revision + 2")
    return made


def test_whichever_table_is_gone_it_is_named_and_nothing_is_sent(shop: Shop) -> None:
    sent = len(shop.project.applied())
    shop.cut_short()
    for table in (*t.SHARED, *OWN):
        selected = ("-s", table.partition("_")[2].partition("__")[0]) if table in OWN else ()
        with shop.without(table):
            told = shop.sync("apply", *selected, expect=7).text
            assert "error[state-lost]" in told, table
            assert f" {table}\n" in told, table
            assert "python -m sync state recreate" in told, table
    assert len(shop.project.applied()) == sent
    shop.sync("apply")
    shop.people.assert_converged()


def test_whichever_table_is_gone_it_can_be_made_again(shop: Shop) -> None:
    shop.cut_short()
    for table in (*OWN, *t.SHARED):
        shop.drop(table)
        assert table in shop.sync("state", "recreate", "--yes").text
        shop.cut_short()
    shop.sync("apply")
    shop.people.assert_converged()
    assert shop.entered() == 4
    assert "No changes" in shop.sync("plan").text


def test_the_plan_of_a_settled_run_is_made_again_without_a_question(shop: Shop) -> None:
    shop.drop(*(name for name in OWN if not name.startswith("snapshot_")))
    shop.sync("apply")
    shop.people.assert_converged()


@pytest.mark.parametrize("table", ["dead_letters", OWN[0]])
def test_what_only_reads_names_what_is_gone(shop: Shop, table: str) -> None:
    shop.drop(table)
    assert table in shop.sync("plan", expect=7).text
    assert table in shop.sync("status", expect=7 if table in t.SHARED else 0).text
    assert f"{table:<50} gone" in shop.sync("state", "show").text


def test_all_that_is_gone_is_named_at_once(shop: Shop) -> None:
    shop.cut_short()
    gone = ["leases", "run_syncs", "dead_letters", *OWN]
    shop.drop(*gone)
    sent = len(shop.project.applied())
    told = shop.sync("apply", expect=7).text
    assert all(name in told for name in gone)
    assert len(shop.project.applied()) == sent
    shop.sync("state", "recreate", "--yes")
    shop.sync("apply")
    shop.people.assert_converged()
    assert shop.entered() == 4


def test_a_sync_whose_tables_are_gone_holds_up_no_other(shop: Shop) -> None:
    shop.drop(f"snapshot_{SEGMENT_SYNC}")
    shop.sync("apply", expect=7)
    shop.people.assert_converged()
    assert "No changes" in shop.sync("plan", "--select", "traits_people").text


def test_events_are_not_sent_again_when_their_snapshot_was_lost(shop: Shop) -> None:
    shop.project.define(TRAITS_PEOPLE, SEGMENT, EVENTS)
    shop.sync("apply")
    shop.drop("snapshot_events_orders__customerio")
    sent = len(shop.project.sandbox.events())
    shop.sync("apply", "--select", "events_orders", expect=7)
    shop.sync("state", "recreate", "--yes")
    shop.sync("apply")
    assert len(shop.project.sandbox.events()) == sent
    shop.project.warehouse.run("insert into population values (9, 'p9', true, 0, 'here')")
    shop.sync("apply", "--select", "events_orders")
    assert len(shop.project.sandbox.events()) == sent + 1


def test_starting_afresh_is_a_way_out_too(shop: Shop) -> None:
    shop.project.warehouse.run("update population set revision = 10")  # nobody's `plan` is null
    shop.drop(f"snapshot_{TRAITS_SYNC}")
    shop.sync("state", "reset", TRAITS_SYNC, "--yes")
    shop.sync("apply")
    shop.people.assert_converged()


def test_epochs_go_on_where_they_were_when_the_leases_were_lost(shop: Shop) -> None:
    shop.sync("apply")
    epoch, _ = shop.project.lease(TRAITS_SYNC)
    shop.drop("leases")
    shop.sync("state", "recreate", "--yes")
    shop.sync("apply")
    assert shop.project.lease(TRAITS_SYNC) == (epoch + 1, True)


def test_a_first_run_that_died_while_it_made_the_tables_is_no_loss(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Population(project, 4).create()
    project.define(TRAITS_PEOPLE)
    project.warehouse.run(
        f"create schema {project.state_schema}",
        f"create table {project.state_schema}.leases (sync varchar primary key, epoch bigint,"
        " owner varchar, host varchar, process varchar, version varchar, acquired_at timestamp,"
        " expires_at timestamp, is_released boolean, installation varchar, project varchar,"
        " target varchar)",
    )
    runner(project, monkeypatch, capsys)("apply")
    assert len(project.applied()) == 4
