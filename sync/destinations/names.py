"""What a vendor demands of the names of traits and events, checked offline."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sync.errors import Problem
from sync.model import Sync

_EMAIL = re.compile(r"(.*_)?(e_?mail|mail)(_(address|lower|normali[sz]ed|key|id))?")
RENAME = "map the column to another name under `traits`"


@dataclass(frozen=True, slots=True)
class Names:
    """One vendor's rules; `what` is its word for a trait."""

    what: str
    max_bytes: int
    max_names: int | None = None
    reserved: frozenset[str] = frozenset()
    reserved_prefixes: tuple[str, ...] = ()
    forbidden: str = ""
    """Characters that the vendor reads as syntax."""

    def errors(self, names: Sequence[str]) -> Iterable[tuple[str, str]]:
        """(what is wrong, how to mend it), for all names at once."""
        if self.max_names is not None and len(names) > self.max_names:
            many = f"{self.what[:-1]}ies" if self.what.endswith("y") else f"{self.what}s"
            yield f"{len(names)} {many}, the limit is {self.max_names}", "name fewer traits"
        for name in dict.fromkeys(names):
            shown = f"{self.what} `{name}`"
            size = len(name.encode("utf-8", "surrogatepass"))
            if names.count(name) > 1:
                yield f"{shown} would be written twice", RENAME
            if not name.strip() or size > self.max_bytes:
                yield f"{shown} is blank or takes over {self.max_bytes} bytes", RENAME
            if any(character in name for character in self.forbidden):
                yield f"{shown} holds one of `{self.forbidden}`, which has a meaning there", RENAME
            if name in self.reserved or name.startswith(self.reserved_prefixes):
                yield f"{shown} is reserved by the vendor", RENAME


def sounds_like_an_email(column: str) -> bool:
    """Whether a column of this name holds e-mail addresses, as far as names tell."""
    return _EMAIL.fullmatch(column.lower()) is not None


def unknown_identifier(sync: Sync, *known: str, fix: str = "") -> Iterator[tuple[str, str]]:
    """A mistake, if the vendor knows nobody by the sync's `identify_by`."""
    if sync.identify_by not in (None, *known):
        yield f"nobody is known by `{sync.identify_by}`", fix or f"use one of {', '.join(known)}"


def unmarked_email(sync: Sync, identifier: str) -> Iterator[tuple[str, str]]:
    """A hint, if e-mail addresses seem to go out as the vendor's own id."""
    if sync.identify_by is None and sounds_like_an_email(sync.identity):
        text = (
            f"`{sync.identity}` sounds like an e-mail address, and goes out as the `{identifier}`"
        )
        yield text, f"write `identify_by: {{email: {sync.identity}}}`"


def problems(sync: Sync, code: str, errors: Iterable[tuple[str, str]]) -> list[Problem]:
    """Validation errors of a sync's mapping as problems that say where to mend them."""
    where = f"{sync.path or sync.model}, config.meta.activation.destinations ({sync.connection})"
    return [Problem(code, f"{sync.name}: {text}", where, fix=fix) for text, fix in errors]
