"""What Customer.io takes, and users regret: told by `check`, and no reason to refuse.

Source: https://docs.customer.io/journeys/attributes and /journeys/objects-data (read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sync.data_types import Family, family
from sync.destinations.customerio.operations import options_of
from sync.destinations.names import RENAME, sounds_like_an_email
from sync.model import Kind, Sync, Trait

OBJECT_WORDS = frozenset(
    "object_id object_type_id cio_object_id object_type identifiers relationships".split()
)
"""What an object has of its own; an attribute of that name stands beside it."""

_TIME = re.compile(
    r"(.*_)?(at|date|datetime|timestamp|since|until)|.*(?<!bas)ed_on|(date|time|timestamp)_.*|birthda(y|te)"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


def hints(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what will be regretted, how to avoid it)."""
    for trait in sync.traits:
        if _is_a_time_as_text(trait):
            text = f"`{trait.name}` is text that looks like a time, and arrives as text"
            why = "conditions on dates understand Unix seconds only"
            yield f"{text}: {why}", "cast the column to a date or timestamp in the model"
    if sync.identify_by is None and sync.kind is not Kind.OBJECTS:
        if sounds_like_an_email(sync.identity):
            text = f"`{sync.identity}` sounds like an e-mail address, and goes out as the `id`"
            yield text, f"write `identify_by: {{email: {sync.identity}}}`"
    if sync.kind is Kind.OBJECTS:
        yield from _of_objects(sync)


def _of_objects(sync: Sync) -> Iterator[tuple[str, str]]:
    for trait in sync.traits:
        if trait.name in OBJECT_WORDS:
            text = f"`{trait.name}` is a word of Customer.io's own for objects"
            yield f"{text}, and an attribute of that name is not it", RENAME
    if sync.related and sounds_like_an_email(sync.related) and options_of(sync).relate_by == "id":
        text = f"`{sync.related}` sounds like an e-mail address, and is taken for the person's `id`"
        yield text, "write `relate_by: email`"


def _is_a_time_as_text(trait: Trait) -> bool:
    if family(trait.data_type) is not Family.TEXT:
        return False
    is_iso = isinstance(trait.default, str) and _ISO.fullmatch(trait.default) is not None
    return is_iso or any(_TIME.fullmatch(name.lower()) for name in (trait.name, trait.column))
