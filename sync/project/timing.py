"""When each sync's rows expire, and at which hours its people are reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time

from sync.data_types import Family, wire
from sync.errors import Problem
from sync.project.metadata_reader import Activated
from sync.project.policies import Policies
from sync.project.timing_forms import FixedZone
from sync.timing import Expiry, Span, Window


def expiry_of(activated: Activated, policies: Policies) -> Expiry | None:
    """When the rows of a model expire."""
    form = activated.meta.expires
    if form is None:
        return None
    declared = activated.model.columns.get(form.column)
    is_zoned = declared is not None and wire(declared.data_type, declared.dialect).is_zoned
    return Expiry(form.column, Span.parse(form.after, policies.zone), is_zoned)


def window_of(activated: Activated, policies: Policies) -> Window | None:
    """At which hours people may enter."""
    form = activated.meta.window
    if form is None:
        return None
    opens, closes = time.fromisoformat(form.opens), time.fromisoformat(form.closes)
    if form.zone is None:
        return Window(opens, closes, policies.zone)
    if isinstance(form.zone, FixedZone):
        return Window(opens, closes, form.zone.zone)
    return Window(opens, closes, form.zone.default, form.zone.column)


def check_timing(activated: Activated) -> Iterator[Problem]:
    """Columns of another type than they need."""
    expires, window = activated.meta.expires, activated.meta.window
    if expires is not None:
        yield from _column(activated, expires.column, "expires", Family.INSTANT)
    if window is not None and (column := window.zone_column):
        yield from _column(activated, column, "window.zone", Family.TEXT)


def _column(activated: Activated, name: str, key: str, wanted: Family) -> Iterator[Problem]:
    declared = activated.model.columns.get(name)
    if declared is None or not declared.data_type:
        return
    if wire(declared.data_type, declared.dialect).family is not wanted:
        words = "a timestamp" if wanted is Family.INSTANT else "text"
        text = f" needs {words} in `{name}`, which it declares as {declared.data_type}"
        keys, fix = (*key.split("."), "column"), f"make it {words} in the model"
        yield activated.place.problem(f"{keys[0]}-type", text, *keys, fix=fix)
