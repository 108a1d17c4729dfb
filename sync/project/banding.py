"""Bands: whether a column can have them."""

from __future__ import annotations

from collections.abc import Iterator

from sync.data_types import NUMBERS, Family, wire
from sync.errors import Problem
from sync.project.metadata_reader import Activated


def check_bands(activated: Activated) -> Iterator[Problem]:
    """Columns under `bands` that are no numbers, or of which no value is kept to compare with."""
    for name in activated.meta.bands:
        column = activated.model.columns.get(name)
        if column is None:
            continue
        place = activated.place
        of = wire(column.data_type, column.dialect)
        if column.data_type and (of.family not in NUMBERS or of.family is Family.DURATION):
            text = f": `{name}` is {column.data_type}, and bands are of numbers"
            fix = "take a column of numbers, or ignore_changes"
            yield place.problem("bands-type", text, "bands", name, fix=fix)
        if activated.columns[name].pii:
            text = (
                f": of `{name}`, which is marked `pii`, only a digest is kept, and it has no band"
            )
            fix = "take it out of `bands`, or the mark from the column if it is harmless"
            yield place.problem("bands-personal", text, "bands", name, fix=fix)
        if name in activated.meta.ignore_changes:
            text = f": `{name}` is under `ignore_changes` too, so it is never a reason to send"
            yield place.problem("bands-ignored", text, "bands", name, fix="remove one of the two")
