"""What Customer.io is sent, step by step: states, manual members, events."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sync.destinations.answers import empty
from sync.destinations.customerio.answers import exceptions, refused
from sync.destinations.customerio.operations import options_of
from sync.destinations.groups import in_halves
from sync.destinations.spec import JSON, Conversation, Item, Request
from sync.model import DELIVERED, Op, Outcome


def send(batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
    """One outcome for each item. A step is for those alone whose earlier steps worked, and a later
    one that is refused is halved without sending the earlier ones again."""
    outcomes: list[Outcome] = [DELIVERED] * len(batch)
    for step, one in enumerate(STEPS):
        due = [i for i, item in enumerate(batch) if _has(item, step) and outcomes[i] is DELIVERED]
        rows = [batch[i] for i in due]
        ends = yield from one(rows) if step == 0 else in_halves(rows, one)
        for i, end in zip(due, ends, strict=True):
            outcomes[i] = end
    return outcomes


def _has(item: Item, step: int) -> bool:
    return len(item.parts) > step and item.parts[step] is not None


def _change_members(batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
    calls: dict[tuple[str, str], list[JSON]] = {}
    for item in batch:
        sync, change = item.pieces[0]
        verb = "remove" if change.op is Op.REMOVE else "add"
        path = f"/api/v1/segments/{options_of(sync).manual_segment}/{verb}_customers"
        calls.setdefault((path, sync.identify_by or "id"), []).append(item.parts[1])
    for (path, by), ids in calls.items():
        response = yield Request("POST", path, json={"ids": ids}, query={"id_type": by})
        if response.status == 400:
            raise refused("customerio-manual-segment", response)
        empty(response)
    return [DELIVERED] * len(batch)


def _operations(step: int) -> Callable[[Sequence[Item]], Conversation[Sequence[Outcome]]]:
    """Sends what the items have to say in this step: states, or events that follow them."""

    def send(batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        if not batch:
            return []
        operations = [item.parts[step] for item in batch]
        response = yield Request("POST", "/api/v2/batch", json={"batch": operations})
        found = exceptions(response, len(batch), is_partial=step > 0)
        return [found.get(i, DELIVERED) for i in range(len(batch))]

    return send


STEPS = (_operations(0), _change_members, _operations(2))
