"""Whatever a vendor's server does, the command line ends honestly and the next run converges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from e2e.command import Finished
from e2e.population import SEGMENT, TRAITS_PEOPLE, Population
from e2e.project import SmallProject

APPLY = ("apply", "--allow-removes")
BATCH = {"path": "v2/batch"}
AFTER = {**BATCH, "when": "after"}


@dataclass
class World:
    """Synced people, half of them in a segment; a third have changed since, in or out of it."""

    people: Population
    expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each person must have been told of each transition."""

    @property
    def project(self) -> SmallProject:
        return self.people.project

    def members(self) -> set[str]:
        return {row[0] for row in self.project.warehouse.rows("select person_id from seg_active")}

    def prepare(self) -> None:
        warehouse = self.project.warehouse
        self.people.create()
        warehouse.run("update population set revision = n % 2")
        self.project.define(TRAITS_PEOPLE, SEGMENT)
        self.project.run(*APPLY, expect=0)
        before = self.members()
        self.expected.update((p, "entered_active") for p in before)
        self.assert_converged()
        warehouse.run("update population set revision = revision + 1 where n % 3 = 0")
        after = self.members()
        self.expected.update((p, "entered_active") for p in after - before)
        self.expected.update((p, "left_active") for p in before - after)

    def run_with(self, *faults: tuple[str, dict[str, Any]]) -> Finished:
        for kind, spec in faults:
            self.project.sandbox.add_fault(kind, spec)
        finished = self.project.run(*APPLY)
        assert "Traceback" not in finished.text
        assert all(fault["struck"] for fault in self.project.sandbox.faults()), finished.text
        self.project.sandbox.clear_faults()
        self.project.last_run_syncs()
        return finished

    def assert_converged(self) -> None:
        self.people.assert_converged()
        sandbox = self.project.sandbox
        held = {
            p["identifiers"]["id"]
            for p in sandbox.people()
            if p["attributes"].get("active") is True
        }
        assert held == self.members()
        events = sandbox.events()
        assert Counter((e["who"], e["name"]) for e in events) == self.expected

    def recover(self) -> None:
        """A clean run, then one that has nothing to do."""
        self.project.run(*APPLY, expect=0)
        self.assert_converged()
        before = self.project.sandbox.counters()["requests"]
        self.project.run(*APPLY, expect=0)
        assert self.project.sandbox.counters()["requests"] == before


@pytest.fixture
def world(project_on: Callable[[str], SmallProject]) -> World:
    """900 people: five batches for the traits, and three rounds of requests for the segment."""
    made = World(Population(project_on("duckdb"), 900))
    made.prepare()
    return made


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("status", {**BATCH, "status": 429, "headers": {"retry-after": "0.2"}, "times": 3}),
        ("status", {**BATCH, "status": 503, "headers": {"retry-after": "0.2"}, "times": 2}),
        ("status", {**AFTER, "status": 500, "times": 2}),
        ("reset", {**BATCH, "times": 2}),
        ("reset", {**AFTER, "times": 2}),
        ("close", {**AFTER, "times": 2}),
        ("truncate", {**BATCH, "times": 2}),
        ("status", {**BATCH, "status": 413, "times": 1}),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.get("status", "")),
)
def test_a_passing_fault_is_ridden_out_within_the_run(
    world: World, kind: str, spec: dict[str, Any]
) -> None:
    finished = world.run_with((kind, spec))
    assert finished.code == 0, finished.text
    world.assert_converged()
    world.recover()


@pytest.mark.parametrize("kind", ["garbage", "html", "empty", "wrong_index"])
def test_an_answer_that_is_none_is_no_success(world: World, kind: str) -> None:
    faults = [(kind, {**BATCH, "times": 2})]
    if kind == "wrong_index":
        faults.insert(0, ("refuse", {"refuse": {"p3": "odd", "p6": "odd", "p9": "odd"}}))
    finished = world.run_with(*faults)
    assert finished.code == 6, finished.text
    counts = world.project.counts()
    assert sum(c["undecided"] for c in counts.values()) > 0
    world.recover()


def test_revoked_credentials_stop_the_run_and_keep_the_rest_for_later(world: World) -> None:
    world.people.edit_everybody()
    world.project.warehouse.run("update population set revision = revision + n % 2")
    before = len(world.project.applied())
    finished = world.run_with(("status", {**BATCH, "status": 401, "skip": 1}))
    assert finished.code == 6, finished.text
    assert "sandbox-track-key" not in finished.text
    sent = len(world.project.applied()) - before
    assert 0 < sent < world.people.size
    assert world.project.counts()["traits_people"]["not_attempted"] > 0
    assert world.project.state("select count(*) from {state}.dead_letters") == [(0,)]
    world.project.run(*APPLY, expect=0)
    world.people.assert_converged()


def test_an_account_that_is_refused_stops_after_a_few_rows_and_leaves_no_dead_letter(
    world: World,
) -> None:
    page = {"status": 403, "body": "<html><title>Blocked</title></html>"}
    for refusal in ({"status": 402}, page):
        world.project.warehouse.run("update population set revision = revision + 1")
        before = world.project.requests()
        finished = world.run_with(("status", {**BATCH, **refusal}))
        assert finished.code == 6, finished.text
        assert f"http-{refusal['status']}" in finished.text
        assert world.project.requests() - before < 60
        counts = world.project.counts()["traits_people"]
        assert counts["not_attempted"] == world.people.size
        assert world.project.state("select * from {state}.dead_letters") == []
    world.project.run(*APPLY, expect=0)
    world.people.assert_converged()


def test_an_account_that_is_suspended_on_the_way_keeps_what_was_delivered(world: World) -> None:
    world.project.warehouse.run("update population set revision = revision + 1")
    finished = world.run_with(("status", {**BATCH, "status": 402, "skip": 2}))
    assert finished.code == 6, finished.text
    counts = world.project.counts()["traits_people"]
    assert counts["delivered"] == 400
    assert counts["not_attempted"] == world.people.size - 400
    assert world.project.state("select * from {state}.dead_letters") == []
    world.project.run(*APPLY, expect=0)
    world.people.assert_converged()


def test_a_redirect_to_what_is_no_address_stops_the_destination_with_a_hint(world: World) -> None:
    for path in ("accounts/region", "v2/batch"):
        world.people.edit_everybody()
        redirect = {"path": path, "status": 302, "location": "http://[x"}
        finished = world.run_with(("redirect", redirect))
        assert finished.code == 6, finished.text
        assert "points to another address" in finished.text
        assert "base_url" in finished.text
        for sync in ("seg_active", "traits_people"):
            assert world.project.lease(f"{sync}__customerio")[1], "the lease was not given back"
    world.project.run(*APPLY, expect=0)
    world.people.assert_converged()


def test_rows_refused_inside_a_batch_are_dead_letters_and_others_arrive(world: World) -> None:
    refused = {"p3": "is odd", "p6": "is odd"}
    finished = world.run_with(("refuse", {"refuse": refused}))
    assert finished.code == 1, finished.text
    letters = world.project.state("select distinct identity from {state}.dead_letters")
    assert {row[0] for row in letters} == refused.keys()
    wanted, arrived = world.people.wanted(), world.people.arrived()
    assert {k for k in wanted if wanted[k] != arrived.get(k)} == refused.keys()
    world.recover()


def test_a_dead_vendor_is_given_up_and_costs_few_requests(world: World) -> None:
    finished = world.run_with(("reset", dict(BATCH)))
    assert finished.code == 6, finished.text
    world.recover()


def test_another_account_is_held_and_nothing_is_sent(world: World) -> None:
    before = len(world.project.applied())
    world.project.sandbox.set_switch("environment_id", 99)
    finished = world.project.run(*APPLY, expect=3)
    assert "4711" in finished.text
    assert world.project.applied(before) == []
    world.project.sandbox.set_switch("environment_id", 4711)
    world.recover()


def test_an_account_of_another_region_is_refused_and_nothing_is_sent(world: World) -> None:
    before = len(world.project.applied())
    world.project.sandbox.set_switch("region", "eu")
    finished = world.project.run(*APPLY)
    assert finished.code in (3, 6), finished.text
    assert "region: eu" in finished.text
    assert world.project.applied(before) == []
    world.project.sandbox.set_switch("region", "us")
    world.recover()


def test_a_wrong_key_is_said_before_anything_is_sent_and_never_shown(world: World) -> None:
    before = len(world.project.applied())
    world.project.write_profiles(api_key="wrong-and-secret-0123456789")
    finished = world.project.run(*APPLY, expect=6)
    assert "wrong-and-secret" not in finished.text
    assert world.project.applied(before) == []
    world.project.write_profiles(api_key="sandbox-track-key")
    world.recover()


@pytest.mark.torture
def test_a_server_that_never_answers_runs_into_the_deadline(world: World) -> None:
    """A deadline is 30 seconds."""
    finished = world.run_with(("hang", {**AFTER, "times": 1}))
    assert finished.code == 0, finished.text
    world.assert_converged()
    world.recover()
