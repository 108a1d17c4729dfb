"""What is left to do of a person who is to be forgotten: by `apply`, by a vendor, by hand."""

from __future__ import annotations

from collections.abc import Collection

from sync.errors import Problem
from sync.model import Kind, Sync


def by_hand(sync: Sync, connections: Collection[str]) -> str:
    """Why no exit takes back what a sync has sent; empty where one does."""
    if sync.kind is Kind.EVENTS:
        return "an event can't be taken back: erase by hand"
    if sync.connection not in connections:
        return f"the target has no connection {sync.connection}: erase by hand"
    if sync.is_gone:
        return "the sync is gone from the project: erase by hand"
    if sync.on_remove == "keep":
        return "`on_remove: keep` sends no exit: erase by hand"
    return ""


def exit_first(sync: Sync) -> Problem:
    """The person is still a member, and leaves with the next run."""
    return Problem(
        "forget-exit",
        f"{sync.name} has not taken back what it sent of the person, and {sync.connection} does not"
        " erase anybody",
        hint="The exit is planned from the state, so the state is erased after it.",
        fix=f"run: python -m sync apply --select {sync.name}; then forget again. Or set `forget` in"
        f" the connection {sync.connection}",
    )


def unsettled(sync: Sync) -> Problem:
    """What a run has sent of them is not known."""
    return Problem(
        "unsettled",
        f"it is not known yet what a run of {sync.name} has sent of the person: it was cut short,"
        " or a job of the destination has it",
        hint="What was sent must be known first.",
        fix=f"run: python -m sync apply --select {sync.model}, until nothing of it is in a job;"
        " then forget again",
    )


def later(connection: str) -> Problem:
    """The vendor works it off."""
    return Problem(
        "forget-asked",
        f"{connection} has taken the order, and is not done",
        fix="forget again later: that asks whether it is done",
    )


def shared(connection: str) -> Problem:
    """What is known by the address may be another person's."""
    return Problem(
        "forget-shared",
        f"{connection} knows another person by the same address, so what it has under that address"
        " was not erased",
        hint="The person's own identities are blocked, and the address is not.",
        fix="forget the other person as well, or end their use of the address; then forget again."
        f" Or, to leave what is there, take `forget` out of the connection {connection}",
    )


def waits() -> Problem:
    """The other steps come first."""
    return Problem(
        "forget-state",
        "the state still has the person's addresses",
        hint="It is erased last, because the other steps need them.",
        fix="mend what is above, and forget again",
    )
