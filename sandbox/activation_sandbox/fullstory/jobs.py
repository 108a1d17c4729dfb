"""Import jobs: taken at once, run in line, asked about afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from activation_sandbox.call import JSON

Import = Callable[[Any], tuple[tuple[str, str] | None, JSON]]
"""Applies one item: (code, message) why not, and the item as it is listed then."""


@dataclass(slots=True)
class Job:
    """One import, and what became of each item."""

    id: str
    resource: str
    items: Sequence[Any]
    shared: Mapping[str, Any]
    run: Import
    created: float
    polls_wanted: Callable[[], int]
    polls: int = 0
    started: float | None = None
    finished: float | None = None
    imports: list[Any] = field(default_factory=list)
    errors: list[JSON] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether it says that it is still processing."""
        return self.finished is None or self.polls < self.polls_wanted()

    def metadata(self) -> JSON:
        """As the vendor shows it."""
        if self.is_open:
            return {"id": self.id, "status": "PROCESSING", "created": stamp(self.created)}
        status = "FAILED" if self.errors else "COMPLETED"
        finished = stamp(self.finished or 0.0)
        created = stamp(self.created)
        return {"id": self.id, "status": status, "created": created, "finished": finished}

    def finish(self, now: float) -> None:
        """Apply the items, each for itself."""
        thing = "user" if self.resource == "users" else "event"
        for item in self.items:
            refusal, listed = self.run(item)
            if refusal is None:
                self.imports.append(listed)
                continue
            code, message = refusal
            error = {"message": message, "code": code, thing: listed}
            self.errors.append({**error, "shared": dict(self.shared)} if self.shared else error)
        self.finished = now


class Jobs:
    """All jobs of an account, in the order in which they came."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def add(self, job: Job) -> None:
        """Put a job at the end of the line."""
        self._jobs[job.id] = job

    def get(self, resource: str, job_id: str) -> Job | None:
        """The job of this id, if it is about this resource."""
        job = self._jobs.get(job_id)
        return job if job is not None and job.resource == resource else None

    @property
    def unfinished(self) -> list[Job]:
        """Running or waiting."""
        return [job for job in self._jobs.values() if job.finished is None]

    def advance(self, now: float, at_a_time: int, seconds: float, everything: bool = False) -> None:
        """Start what has a slot and finish what is due."""
        while True:
            running = self.unfinished[:at_a_time]
            for job in running:
                if job.started is None:
                    job.started = now
            due = [j for j in running if everything or now >= (j.started or 0.0) + seconds]
            for job in due:
                job.finish(now)
            if not due:
                return


def stamp(at: float) -> str:
    """A point in time as the vendor writes it."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
