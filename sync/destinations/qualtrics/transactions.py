"""Transactions, in groups: what was not processed is told apart by our own key for each."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from sync.destinations.qualtrics.wire import inside, message, pages, result_of
from sync.destinations.spec import (
    JSON,
    BatchRefused,
    Conversation,
    Request,
    Response,
    UnreadableAnswer,
)

GROUP = 50


def send(wanted: Mapping[str, JSON]) -> Conversation[Mapping[str, str]]:
    """Create these, by event id. Answers whom Qualtrics refused, each with its reason.

    It notices no repetition, so none of the requests is ever sent twice.
    """
    names = list(wanted)
    groups = deque(names[at : at + GROUP] for at in range(0, len(names), GROUP))
    refused: dict[str, str] = {}
    while groups:
        group = groups.popleft()
        body = {name: wanted[name] for name in group}
        request = Request("POST", "/transactions", json=body, is_repeatable=False)
        try:
            response = yield request
        except BatchRefused as e:
            why = e.reason or e.code
        else:
            if response.status < 400:
                refused |= _unprocessed(group, response)
                continue
            why = message(response)
        if len(group) > 1:
            middle = len(group) // 2
            groups.extendleft((group[middle:], group[:middle]))
        else:
            refused[group[0]] = why
    return refused


def _unprocessed(group: Sequence[str], response: Response) -> dict[str, str]:
    result = result_of(response)
    created = inside(result, "createdTransactions")
    refused = inside(result, "unprocessedTransactions")
    if not all(name in created or name in refused for name in group):
        raise UnreadableAnswer("a transaction without an answer")
    return {name: _reason(refused[name]) for name in group if name in refused}


def _reason(why: JSON) -> str:
    said = why.get("errorMessage") if isinstance(why, dict) else why
    return str(said or "the transaction was not processed")


def event_ids(contact: str) -> Conversation[frozenset[str]]:
    """What we wrote as `event_id` into the transactions of the contact with this path."""
    found: set[str] = set()
    path = f"{contact}/transactions?withData=true&pageSize=100"
    yield from pages(path, lambda one: found.add(str(inside(one, "data").get("event_id"))))
    return frozenset(found)
