"""Comparing what a vendor shows with what it acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sync.destinations.exchange import JSON


@dataclass(frozen=True, slots=True)
class Expected:
    """What the acknowledged snapshot says a destination should hold for one identity."""

    external_id: str
    is_member: bool
    traits: Mapping[str, JSON]
    remote_id: str | None = None
    """The id that the vendor gave the record, where it is known."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What was found for one `Expected`; `differing` names the traits that do not match."""

    external_id: str
    is_found: bool
    differing: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    """Traits that have a value which the vendor would show."""
    missing: tuple[str, ...] = ()
    """Those of them for which it shows none."""
    note: str = ""
    """What holds back a row that is as it should be, in words that are the same for many rows."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a vendor shows of one person: `wanted` and `shown` by trait, as the vendor writes them.

    `differing` names what else is not as it should be.
    """

    wanted: Mapping[str, JSON] = field(default_factory=dict)
    shown: Mapping[str, JSON] = field(default_factory=dict)
    differing: Sequence[str] = ()


def compare(
    expected: Expected, found: Found | None, matches: Callable[[JSON, JSON], bool]
) -> ReadBack:
    """Not found, or the traits whose shown value does not match the wanted one."""
    if found is None:
        return ReadBack(expected.external_id, False)
    differing = [n for n, value in found.wanted.items() if not matches(value, found.shown.get(n))]
    held = tuple(n for n, value in found.wanted.items() if not matches(None, value))
    return ReadBack(
        expected.external_id,
        True,
        tuple(dict.fromkeys([*differing, *found.differing])),
        held=held,
        missing=tuple(n for n in held if matches(None, found.shown.get(n))),
    )
