"""A sync as far as it could be compiled, with the metadata that it came from."""

from __future__ import annotations

from dataclasses import dataclass

from sync.model import Sync
from sync.project.metadata import EntryMetadata
from sync.project.metadata_reader import Activated
from sync.project.validation import Place
from sync.project.vendors import Vendor


@dataclass(frozen=True, slots=True)
class Draft:
    """A compiled sync. `vendor` is None when it can't be loaded; `place` is the entry's."""

    sync: Sync
    vendor: type[Vendor] | None
    activated: Activated
    place: Place
    entry: EntryMetadata
