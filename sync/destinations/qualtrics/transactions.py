"""Transactions, in groups: what was not processed is told apart by our own key for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sync.destinations.answers import UnreadableAnswer, chunks, inside
from sync.destinations.exchange import JSON, BatchRefused, Conversation, Request, Response
from sync.destinations.qualtrics.wire import message, pages, result_of
from sync.destinations.stages import Row, in_halves
from sync.model import DELIVERED, Outcome, Rejected

GROUP = 50


class Transaction(NamedTuple):
    """One event of a row on its way, under its own id."""

    id: str
    row: Row
    body: JSON


def send(wanted: Sequence[Transaction]) -> Conversation[None]:
    """Create these, and keep what came of each row.

    Qualtrics notices no repetition, so none of the requests is ever sent twice.
    """
    for group in chunks(wanted, GROUP):
        outcomes = yield from in_halves(group, _create, lambda one: False)
        for one, outcome in zip(group, outcomes, strict=True):
            one.row.ends(outcome)


def _create(group: Sequence[Transaction]) -> Conversation[Sequence[Outcome]]:
    body = {one.id: one.body for one in group}
    try:
        response = yield Request("POST", "/transactions", json=body, is_repeatable=False)
    except BatchRefused as e:
        raise BatchRefused("qualtrics-transaction", e.reason or e.code) from None
    if response.status >= 400:
        raise BatchRefused("qualtrics-transaction", message(response))
    return _outcomes([*body], response)


def _outcomes(names: Sequence[str], response: Response) -> list[Outcome]:
    result = result_of(response)
    created = inside(result, "createdTransactions")
    refused = inside(result, "unprocessedTransactions")
    if not all(name in created or name in refused for name in names):
        raise UnreadableAnswer("a transaction without an answer")
    return [_refusal(refused[name]) if name in refused else DELIVERED for name in names]


def _refusal(why: JSON) -> Rejected:
    said = why.get("errorMessage") if isinstance(why, dict) else why
    return Rejected("qualtrics-transaction", str(said or "the transaction was not processed"))


def event_ids(contact: str) -> Conversation[Collection[str]]:
    """What we wrote as `event_id` into the transactions of the contact with this path."""
    found = yield from pages(f"{contact}/transactions?withData=true&pageSize=100")
    return {str(inside(one, "data").get("event_id")) for one in found}
