"""The endpoints of import jobs, the same for users and for events."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import JSON, Answer, Call, json_answer
from activation_sandbox.fullstory.answers import Add, body_of, busy, not_found, page, refusal
from activation_sandbox.fullstory.jobs import Job

if TYPE_CHECKING:
    from activation_sandbox.fullstory import Fullstory

Problem = Callable[[Call, Any], tuple[str, str] | None]
Apply = Callable[[Any, int], JSON]
"""Applies a valid item and returns it as the list of imports shows it."""


class Imports:
    """Takes jobs about one resource and tells what became of them."""

    def __init__(
        self, vendor: Fullstory, add: Add, resource: str, problem: Problem, apply: Apply
    ) -> None:
        self.vendor, self.resource = vendor, resource
        self._problem, self._apply = problem, apply
        path = f"/v2/{resource}/batch"
        add("POST", path, self.create)
        add("GET", f"{path}/{{job}}", self.status)
        add("GET", f"{path}/{{job}}/imports", self.imports)
        add("GET", f"{path}/{{job}}/errors", self.errors)

    def create(self, call: Call) -> Answer:
        """Take a job, unless too much is in progress."""
        switches, jobs = self.vendor.switches, self.vendor.jobs
        body = body_of(call) or {}
        items = body.get("requests")
        if not isinstance(items, list) or not items:
            return refusal(400, "required_field", "requests is required")
        if len(items) > switches.batch_items:
            return refusal(400, "invalid_argument", f"at most {switches.batch_items} requests")
        open_jobs = jobs.unfinished
        operations = sum(len(job.items) for job in open_jobs)
        is_full = operations + len(items) > switches.open_operations
        if len(open_jobs) >= switches.open_jobs or is_full:
            return busy()
        shared = body.get("shared") or {}

        def run(item: Any) -> tuple[tuple[str, str] | None, JSON]:
            found = self._problem(call, item)
            if found is None and shared.get("context") and item.get("context"):
                found = "invalid_argument", "context is given twice"
            return found, item if found else self._apply(item, call.number)

        number = self.vendor.world.next_number("job")
        job = Job(
            id=f"job_{number:x}",
            resource=self.resource,
            items=items,
            shared=shared,
            run=run,
            created=call.now,
            polls_wanted=lambda: self.vendor.switches.job_polls,
        )
        jobs.add(job)
        shown = {"id": job.id, "status": "PROCESSING", "created": job.metadata()["created"]}
        self.vendor.settle()
        return json_answer(200, {"job": shown}, len(items))

    def status(self, call: Call) -> Answer:
        """How far a job is."""
        job = self.vendor.jobs.get(self.resource, call.params["job"])
        if job is None:
            return not_found()
        metadata, was_open = job.metadata(), job.is_open
        job.polls += 1
        counts = (0, 0) if was_open else (len(job.imports), len(job.errors))
        return json_answer(200, {"job": metadata, "imports": counts[0], "errors": counts[1]})

    def imports(self, call: Call) -> Answer:
        """The items that were imported, as they were sent."""
        return self._results(call, lambda job: job.imports)

    def errors(self, call: Call) -> Answer:
        """The items that were not, each with the reason."""
        return self._results(call, lambda job: job.errors)

    def _results(self, call: Call, of: Callable[[Job], list[JSON]]) -> Answer:
        vendor = self.vendor
        if vendor.switches.job_results_key == "architect" and not vendor.may_read(call):
            return refusal(403, "forbidden", "insufficient permissions")
        job = vendor.jobs.get(self.resource, call.params["job"])
        if job is None:
            return not_found()
        if job.is_open:
            return Answer(202)
        return json_answer(200, page(call, of(job), vendor.switches.job_page_size))
