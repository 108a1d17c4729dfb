"""Import jobs: up to 10,000 contacts at once, an answer at once, and a report later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import JSON, Answer, Call
from activation_sandbox.qualtrics.contacts import MailingList, complaint
from activation_sandbox.qualtrics.directory import refused_by_key
from activation_sandbox.qualtrics.envelope import (
    Refusal,
    answer,
    body_of,
    skip,
    skip_token,
    success,
)
from activation_sandbox.qualtrics.transactions import store

if TYPE_CHECKING:
    from activation_sandbox.qualtrics import Qualtrics

MOST_CONTACTS, MOST_BYTES = 10_000, 5_000_000
ROW_KEYS = frozenset({"transactionData"})
FORGOTTEN_SECONDS = 60.0
"""A job that nobody asks about no longer counts as queued after this."""


@dataclass(slots=True)
class Job:
    """One import. `entries` are the rows of its report."""

    id: str
    started_at: float
    polls: int = 0
    """How often it was asked about."""
    entries: list[dict[str, JSON]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    transactions: int = 0
    is_applied: bool = False


class ImportApi:
    """`/mailinglists/{list}/transactioncontacts`, and the report."""

    def __init__(self, vendor: Qualtrics) -> None:
        self.vendor = vendor
        self.jobs: dict[str, Job] = {}
        at = "/mailinglists/{list}/transactioncontacts"
        vendor.in_directory("POST", at, self.start, 100)
        vendor.in_directory("GET", at + "/{job}", self.status)
        vendor.in_directory("GET", "/imports/api-import/jobs/{job}/report", self.report)

    def start(self, call: Call) -> Answer:
        """202 with the places of the rows that are refused at once; an unknown list too."""
        self.vendor.needs_write()
        if len(call.body) > MOST_BYTES:
            raise Refusal(self.vendor.switches.oversize_status, "The import is over 5 MB")
        body = body_of(call)
        rows, meta = body.get("contacts"), body.get("transactionMeta")
        if not isinstance(rows, list) or not rows or set(body) - {"contacts", "transactionMeta"}:
            raise Refusal(400, "contacts must be a list with something in it")
        if len(rows) > MOST_CONTACTS:
            raise Refusal(self.vendor.switches.oversize_status, "More than 10000 contacts")
        has_data = any(isinstance(row, dict) and "transactionData" in row for row in rows)
        if has_data != (meta is not None):
            raise Refusal(400, "transactionMeta goes with transactionData, and only then")
        self._queue(call.now)
        job = Job(f"PGRS_{self.vendor.world.next_number('job'):015d}", call.now)
        self.jobs[job.id] = job
        refused = {i for i, row in enumerate(rows) if self._is_refused(call, row, meta)}
        self._apply(call, job, [(i, r) for i, r in enumerate(rows) if i not in refused])
        url = f"https://{self.vendor.switches.datacenter}.qualtrics.com{call.path}/{job.id}"
        result = {
            "id": job.id,
            "contacts": {"unprocessed": [self._unprocessed(place) for place in sorted(refused)]},
            "tracking": {"url": url},
            "status": "in progress",
        }
        return answer(call, 202, {"result": result}, items=len(rows))

    def _queue(self, now: float) -> None:
        waiting = (
            1
            for j in self.jobs.values()
            if not self._is_done(j, j.polls + 1) and now - j.started_at < FORGOTTEN_SECONDS
        )
        if sum(waiting) >= self.vendor.switches.most_jobs:
            raise Refusal(429, "Too many import jobs are queued", "IMP_1")

    def _is_refused(self, call: Call, row: Any, meta: Any) -> bool:
        if not isinstance(row, dict):
            return True
        data = row.get("transactionData", {})
        fields = meta.get("fields", []) if isinstance(meta, dict) else []
        embedded = row.get("embeddedData") or {}
        if not isinstance(data, dict) or set(data) - set(fields):
            return True
        if "phone" in row and self.vendor.switches.import_phone == "refuse":
            return True
        contact = {name: value for name, value in row.items() if name not in ROW_KEYS}
        if complaint(contact, is_listed=False) or set(embedded) & set(fields):
            return True
        at_once = self.vendor.switches.refusals == "unprocessed"
        return at_once and refused_by_key(call, row) is not None

    def _apply(self, call: Call, job: Job, rows: list[tuple[int, Mapping[str, Any]]]) -> None:
        found = self.vendor.directory.lists.get(call.params["list"])
        job.counts = {"added": 0, "updated": 0, "failed": 0}

        def effect() -> None:
            if found is not None:
                for place, row in rows:
                    self._row(call, job, found, place, row)
            job.is_applied = True

        self.vendor.write(effect)

    def _row(
        self, call: Call, job: Job, found: MailingList, place: int, row: Mapping[str, Any]
    ) -> None:
        directory, switches = self.vendor.directory, self.vendor.switches
        entry: dict[str, JSON] = {
            "sourceIndexId": self._number(place + switches.index_base),
            "email": row.get("email"),
            "phone": row.get("phone"),
        }
        job.entries.append(entry)
        if why := refused_by_key(call, dict(row)):
            job.counts["failed"] += 1
            entry |= {"contactId": None, "importStatus": "failed", "importStatusCode": why}
            return
        contact = {name: value for name, value in row.items() if name not in ROW_KEYS}
        person, effect = directory.upsert(contact, switches, call.now)
        job.counts["added" if effect == "created" else "updated"] += 1
        was_member = person.key in found.contacts
        lookup = directory.join(found, person, contact, call.now)
        effect = effect if was_member or effect == "created" else "joined"
        directory.note(call.number, f"import to {found.id}", person, contact, effect)
        entry |= {"contactId": person.key, "importStatus": "success", "importStatusCode": 0}
        entry |= {"contactListContactId": lookup, "contactListContactStatus": "success"}
        if "transactionData" in row:
            data = row["transactionData"]
            entry["transactionId"] = store(self.vendor, person, data, int(call.now), call.number)
            entry["transactionStatus"] = "success"
            job.transactions += 1

    def _job(self, call: Call) -> Job:
        if call.params["job"] not in self.jobs:
            raise Refusal(404, "Import job not found", "IMP_2")
        return self.jobs[call.params["job"]]

    def _is_done(self, job: Job, polls: int) -> bool:
        """Whether it is applied, and asked about so often that it says so."""
        return job.is_applied and polls > self.vendor.switches.job_polls

    def status(self, call: Call) -> Answer:
        """How far it is; counts are final at 100 percent."""
        job = self._job(call)
        job.polls += 1
        is_done = self._is_done(job, job.polls)
        none = {"added": 0, "updated": 0, "failed": 0}
        result: dict[str, JSON] = {
            "percentComplete": 100.0 if is_done else 50.0,
            "contacts": {"count": job.counts if is_done else none},
            "transactions": {"count": {"created": job.transactions if is_done else 0}},
            "invalidEmails": [],
            "status": self.vendor.switches.done_word if is_done else "in progress",
        }
        return success(call, result)

    def report(self, call: Call) -> Answer:
        """Row by row; the one answer whose top key is `results`."""
        job, start = self._job(call), skip(call)
        size = self.vendor.switches.report_page
        results: dict[str, JSON] = {"importReportEntries": job.entries[start : start + size]}
        body: dict[str, JSON] = {"results": results}
        if start + size < len(job.entries):
            body |= self._following(call, results, skip_token(start + size))
        return answer(call, 200, body)

    def _following(self, call: Call, results: dict[str, JSON], token: str) -> dict[str, JSON]:
        """Name the next page as the switch says; what stands beside `results` is returned."""
        where = self.vendor.switches.skip_token
        if where == "beside":
            return {"skipToken": token}
        if where == "inside":
            results["skipToken"] = token
        else:
            host = f"https://{self.vendor.switches.datacenter}.qualtrics.com"
            path = call.path[call.path.index("/API/v3") :]
            results["nextPage"] = f"{host}{path}?skipToken={token}"
        return {}

    def _number(self, place: int) -> JSON:
        """A row's number as the switch says."""
        return place if self.vendor.switches.row_numbers == "number" else str(place)

    def _unprocessed(self, place: int) -> JSON:
        is_object = self.vendor.switches.row_numbers == "object"
        return {"index": place} if is_object else self._number(place)
