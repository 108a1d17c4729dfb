"""Transactions: something that happened to a contact, and batches of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import JSON, Answer, Call
from activation_sandbox.qualtrics.directory import refusal
from activation_sandbox.qualtrics.envelope import Refusal, answer, body_of, page_size, skip, success
from activation_sandbox.world import Applied, Event, Person

if TYPE_CHECKING:
    from activation_sandbox.qualtrics import Qualtrics

FORMAT = "%Y-%m-%d %H:%M:%S"
SCALAR = str | int | float | bool


class TransactionApi:
    """`/directories/{directory}/transactions` and `/transactionbatches`."""

    def __init__(self, vendor: Qualtrics) -> None:
        self.vendor = vendor
        route = vendor.in_directory
        route("POST", "/transactions", self.create)
        route("GET", "/contacts/{contact}/transactions", self.of_contact, 3000)
        route("POST", "/transactionbatches", self.create_batch)

    def create(self, call: Call) -> Answer:
        """200 even where some were not processed; nothing notices a repetition."""
        self.vendor.needs_write()
        entries = body_of(call)
        most = self.vendor.switches.transactions_per_request
        if not entries or (most is not None and len(entries) > most):
            raise Refusal(400, "Too many transactions, or none")
        created: dict[str, JSON] = {}
        refused: dict[str, JSON] = {}
        for name, entry in entries.items():
            try:
                created[name] = {"id": self._create(call, entry)}
            except Refusal as e:
                refused[name] = {"error": e.code, "errorMessage": e.text}
        result = {"createdTransactions": created, "unprocessedTransactions": refused}
        return answer(call, 200, {"result": result}, items=len(entries))

    def _create(self, call: Call, entry: Any) -> str:
        if not isinstance(entry, dict) or set(entry) - {
            "contactId", "mailingListId", "transactionDate", "data"
        }:  # fmt: skip
            raise Refusal(400, "Unexpected key in a transaction")
        self.vendor.directory.list_of(str(entry.get("mailingListId")))
        person = self.vendor.directory.contact(str(entry.get("contactId")))
        if why := refusal(call, person):
            raise Refusal(400, why)
        at = self._seconds(entry.get("transactionDate"), call.now)
        data = entry.get("data", {})
        if not isinstance(data, dict) or not all(isinstance(v, SCALAR) for v in data.values()):
            raise Refusal(400, "data holds strings, numbers and booleans")
        return store(self.vendor, person, data, at, call.number)

    def _seconds(self, text: Any, now: float) -> int:
        if text is None:
            return int(now)
        try:
            return int(datetime.strptime(str(text), FORMAT).replace(tzinfo=UTC).timestamp())
        except ValueError:
            raise Refusal(400, "transactionDate must be YYYY-MM-DD HH:MM:SS") from None

    def of_contact(self, call: Call) -> Answer:
        """A contact's transactions, newest first."""
        person = self.vendor.directory.contact(call.params["contact"])
        found = sorted(
            (e for e in person.events if e.type == "transaction"), key=lambda e: -e.timestamp
        )
        size, start = page_size(call, 100, is_clamped=True), skip(call)
        with_data = call.query.get("withData") == "true"
        rows: list[JSON] = []
        for event in found[start : start + size]:
            when = f"{datetime.fromtimestamp(event.timestamp, UTC):{FORMAT}}"
            row = {"transactionId": f"CTR_{event.number:015d}", "transactionDate": when}
            rows.append({**row, "data": event.data} if with_data else row)
        path = f"/contacts/{person.key}/transactions"
        return self.vendor.page(call, path, rows, start, start + size < len(found))

    def create_batch(self, call: Call) -> Answer:
        """A batch, which an import with transactions must name."""
        self.vendor.needs_write()
        ids = body_of(call).get("transactionIds")
        if not isinstance(ids, list):
            raise Refusal(400, "transactionIds must be a list")
        number = self.vendor.world.next_number("batch")
        return success(call, {"id": f"BT_{number:015d}"})


def store(vendor: Qualtrics, person: Person, data: Mapping[str, Any], at: int, request: int) -> str:
    """Keep one transaction; its id."""
    world = vendor.world
    name = str(data.get("event") or "transaction")
    identity = str(data["event_id"]) if "event_id" in data else None
    number = world.next_number("event")
    person.events.append(
        Event(number, name, "transaction", identity, at, dict(data), False, request)
    )
    person.operations += 1
    entry = (len(world.applied), request, "transaction", "create", "id", person.label)
    world.record(Applied(*entry, tuple(data), identity or "", "stored"))
    return f"CTR_{number:015d}"
