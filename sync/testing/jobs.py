"""A vendor that works off what it takes, and what a destination owes to one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.destinations.spec import JSON, Request, Response
from sync.errors import DestinationError
from sync.http.delivery import Exchange
from sync.http.outcomes import fault_in
from sync.model import Change, Delivered, JobRow, Outcome, Unknown
from sync.testing.fakes import Fault, json_response
from sync.testing.world import World


@dataclass
class FakeJobs:
    """A bulk API: `FakeVendor(FakeJobs())`.

    `POST /jobs` takes a list of rows, each with a `key`, and answers `{"id": ...}`. `GET` of
    `/jobs/<id>` answers `{"is_done": false}` while `is_slow`, then `{"is_done": true, "results":
    [...]}` with a text for each row, in order: `ok`, or why it was refused. An id that is not there
    is a 404.
    """

    is_slow: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    """By key, why a row is refused."""
    jobs: dict[str, Sequence[dict[str, JSON]]] = field(default_factory=dict)
    """What each job was given."""
    rows: dict[str, dict[str, JSON]] = field(default_factory=dict)
    """By key, what was worked off."""
    _done: set[str] = field(default_factory=set)

    def hold(self, is_slow: bool) -> None:
        """Let jobs go on for ever, or end."""
        self.is_slow = is_slow

    def __call__(self, request: Request) -> Response:
        """Its answer."""
        if request.method == "POST":
            name = f"job-{len(self.jobs) + 1}"
            self.jobs[name] = json.loads(request.content or b"[]")
            return json_response({"id": name}, 202)
        name = request.path.rpartition("/")[2]
        if name not in self.jobs:
            return json_response({"error": "no such job"}, 404)
        if self.is_slow:
            return json_response({"is_done": False})
        return json_response({"is_done": True, "results": self._results(name)})

    def _results(self, name: str) -> list[str]:
        if name not in self._done:
            self._done.add(name)
            taken = [row for row in self.jobs[name] if row["key"] not in self.refused]
            self.rows.update((row["key"], row) for row in taken)
        return [self.refused.get(row["key"], "ok") for row in self.jobs[name]]


class JobsContract:
    """A part of `DestinationContract`, for those who have `resume`: a job outlives the run that has
    begun it. Needs `World.hold_jobs`, and `World.job_size` where fewer rows make no job."""

    def test_a_job_that_goes_on_is_asked_by_the_next_run(self, world: World) -> None:
        """Which sends nothing: it reads, for each row one outcome."""
        if "resume" not in world.destination.abilities:
            return
        job, rows = _begun(world)
        world.http.requests.clear()
        assert _resumed(world, job, rows) is None, "it goes on"
        world.hold_jobs(False)
        found = _resumed(world, job, rows)
        assert found is not None
        assert [type(outcome) for outcome in found] == [Delivered] * len(rows)
        assert not [request for request in world.http.requests if request.method != "GET"]

    def test_a_job_that_can_not_be_read_delivers_nothing(self, world: World) -> None:
        """Neither one that is gone, nor one of which an answer says anything else."""
        if "resume" not in world.destination.abilities:
            return
        job, rows = _begun(world)
        world.hold_jobs(False)
        for fault in (Fault(404), Fault(200, b""), Fault(200, b"[]"), Fault(200, b'{"ok": false}')):
            world.http.faults[:] = [fault]
            try:
                found = _resumed(world, job, rows)
            except DestinationError:
                continue
            assert all(isinstance(outcome, Unknown) for outcome in found or ()), fault


def _begun(world: World) -> tuple[str, list[JobRow]]:
    """A job that goes on when its run ends, and its rows."""
    world.hold_jobs(True)
    changes = world.rows(world.job_size)
    exchange = world.send(changes)
    assert exchange.running, "the job is begun, yielded, and asked for a while"
    (job,) = {place.job for place in exchange.running.values()}
    return job, _rows(changes, exchange)


def _rows(changes: Sequence[Change], exchange: Exchange) -> list[JobRow]:
    assert all(isinstance(exchange.endings[i], Unknown) for i in exchange.running)
    found = [(at.place, changes[i]) for i, at in exchange.running.items()]
    return [JobRow(place, c.identity, c.external_id) for place, c in sorted(found)]


def _resumed(world: World, job: str, rows: Sequence[JobRow]) -> Sequence[Outcome] | None:
    found: Any = world.ask(lambda destination: destination.resume(job, rows))
    assert found is None or not fault_in(found, len(rows), world.destination.names_records)
    return found  # type: ignore[no-any-return]
