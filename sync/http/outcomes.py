"""What a destination answered for its items: whether it says anything, and can be kept."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from sync.model import DELIVERED, Delivered, NotAttempted, Outcome, Rejected, Retry, Unknown

LONGEST_ID = 1_000
"""Characters of a record's id."""


def storable(outcome: Outcome) -> Outcome:
    """The outcome; unknown where the id that came with it is none that a warehouse can hold."""
    named = None if isinstance(outcome, Retry | NotAttempted) else outcome.remote_id
    if named is None or (len(named) <= LONGEST_ID and "\0" not in named and _is_text(named)):
        return outcome
    return Unknown("unreadable-answer")


def _is_text(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def fault_in(outcomes: object, count: int, names_records: bool = False) -> str:
    """What is wrong with the outcomes of so many items; empty when nothing is."""
    if not isinstance(outcomes, Sequence) or isinstance(outcomes, str | bytes):
        return f"returned {type(outcomes).__name__} and no list of outcomes"
    if len(outcomes) != count:
        return f"returned {len(outcomes)} outcomes for {count} items"
    strange = [one for one in outcomes if not _is_sound(one)]
    if not strange:
        named = not names_records and any(map(_is_named, outcomes))
        return "answered with ids of records, and names_records is not set" if named else ""
    is_spoilt = " with a field of another type" if isinstance(strange[0], Outcome) else ""
    name = type(strange[0]).__name__
    return f"returned {name}{is_spoilt} for {len(strange)} of {count} items"


def _is_named(outcome: Outcome) -> bool:
    return outcome is not DELIVERED and getattr(outcome, "remote_id", None) is not None


def _is_sound(outcome: object) -> bool:
    """An outcome whose fields are what they are declared as."""
    match outcome:
        case Delivered():
            return outcome.remote_id is None or isinstance(outcome.remote_id, str)
        case Rejected(code, reason, _, named) | Unknown(code, reason, named):
            is_named = named is None or isinstance(named, str)
            return is_named and isinstance(code, str) and isinstance(reason, str)
        case Retry(seconds):
            return isinstance(seconds, int | float) and not isnan(seconds)
        case NotAttempted(code):
            return isinstance(code, str)
    return False
