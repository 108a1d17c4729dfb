"""What a destination is: declared limits and a conversation, without I/O.

The engine encodes, batches, sends, signs, paces, retries, bisects, redacts and journals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel

from sync.destinations.credentials import Basic as Basic
from sync.destinations.credentials import ClientCredentials as ClientCredentials
from sync.destinations.credentials import Header as Header
from sync.destinations.credentials import Signed as Signed
from sync.destinations.erasure import Erased as Erased
from sync.destinations.erasure import Known as Known
from sync.destinations.exchange import JSON as JSON
from sync.destinations.exchange import NOTHING as NOTHING
from sync.destinations.exchange import BatchRefused as BatchRefused
from sync.destinations.exchange import Begun as Begun
from sync.destinations.exchange import Conversation as Conversation
from sync.destinations.exchange import Endpoint as Endpoint
from sync.destinations.exchange import Item as Item
from sync.destinations.exchange import Limits as Limits
from sync.destinations.exchange import NoAnswer as NoAnswer
from sync.destinations.exchange import Piece as Piece
from sync.destinations.exchange import Request as Request
from sync.destinations.exchange import Response as Response
from sync.destinations.exchange import UnreadableAnswer as UnreadableAnswer
from sync.destinations.exchange import Verdict as Verdict
from sync.destinations.exchange import Wait as Wait
from sync.destinations.exchange import listed as listed
from sync.destinations.names import problems
from sync.destinations.opting_out import opt_out_errors
from sync.destinations.options import misplaced
from sync.destinations.read_back import Expected as Expected
from sync.destinations.read_back import Found as Found
from sync.destinations.read_back import ReadBack as ReadBack
from sync.destinations.read_back import compare
from sync.destinations.stages import Stage, in_stages
from sync.errors import Problem
from sync.model import Change, JobRow, Kind, Outcome, Sync, Unknown


@dataclass(frozen=True, slots=True)
class Health:
    """What a connection check found. `account` identifies the workspace and must never change."""

    account: str
    facts: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()


class Lag(NamedTuple):
    """How long after an acknowledged write a vendor may still show what was there before."""

    seconds: float
    why: str
    """In words, for users who ask why a person was not compared."""


@dataclass(frozen=True, slots=True)
class Page:
    """Records pulled from a vendor. `cursor` continues after them and is kept in the state.

    Each record is a flat mapping with at least `record_id` and `recorded_at` (ISO 8601, UTC).
    """

    records: Sequence[Mapping[str, JSON]]
    cursor: str
    has_more: bool


class Destination:
    """One vendor. Built from its validated settings; holds no state of its own.

    A subclass declares what it is, and overrides what it can do. A public method that is none of
    these is a TypeError when the class is made: helpers begin with an underscore.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]]
    """The connection in profiles.yml: region, keys, base_url."""
    stand_in: ClassVar[Mapping[str, str]] = {}
    """Settings that the sandbox takes, `base_url` as a path there; empty where it has no such."""
    options: ClassVar[type[BaseModel]]
    """The entry in a model's metadata: what only this vendor knows."""
    verdicts: ClassVar[Mapping[int, Verdict]] = {}
    """Statuses this vendor uses differently from the engine's table."""
    coalesces: ClassVar[bool] = False
    """All pending changes of one identity, across syncs, become one item."""
    names_records: ClassVar[bool] = False
    """The vendor gives records ids of its own: `Delivered(remote_id)` is kept, and handed back as
    `change.remote_id` and `expected.remote_id`."""
    normal_forms: ClassVar[Mapping[str, str]] = {}
    """By `identify_by`, empty where there is none: when two spellings are one to the vendor
    (`identifiers.NORMAL_FORMS`)."""
    lag: ClassVar[Lag | None] = None
    """A vendor that shows writes late: `read_back` is not asked about fresh ones."""
    opt_outs: ClassVar[Mapping[str, bool]] = {}
    """The vendor's opt-out fields of people, each with the value that opts out; a name that ends in
    `*` stands for all that begin so. They are written by `consent` alone, and never taken back."""
    person_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields of a pulled record that name who it is about, beside those that are called as a
    sync's columns of people are: where `forget` looks."""
    answer_fields: ClassVar[frozenset[str]] = frozenset()
    """Fields of a pulled record with what people wrote, where `forget` does not look."""
    abilities: ClassVar[frozenset[str]] = frozenset()
    """The names of the methods that a subclass overrides."""
    limits: Limits
    endpoints: Mapping[str, Endpoint]
    """Hosts by name; the first is the default for `Request.to == ""`."""
    has_read_back: bool = False

    def __init__(self, settings: Any = None) -> None:
        """From the connection's settings, an instance of `settings`."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        known = {name for name in vars(Destination) if not name.startswith("_")}
        own = {name for name, value in vars(cls).items() if _is_a_method(name, value)}
        for name in sorted(own - known):
            near = get_close_matches(name, known, 1)
            meant = f"; did you mean `{near[0]}`?" if near else "; helpers begin with `_`"
            raise TypeError(f"{cls.__qualname__}: no destination has a method `{name}`{meant}")
        cls.abilities |= own

    @classmethod
    def validate(cls, sync: Sync) -> Sequence[Problem]:
        """Offline: names, sizes and reserved words this vendor won't take; empty when fine."""
        found = [*misplaced(sync), *opt_out_errors(sync, cls.opt_outs), *cls.mapping_errors(sync)]
        return problems(sync, cls._code("mapping"), found)

    @classmethod
    def _code(cls, what: str) -> str:
        return f"{cls.name.replace('_', '-')}-{what}"

    @staticmethod
    def mapping_errors(sync: Sync) -> Iterable[tuple[str, str]]:
        """(what is wrong, how to mend it) for all that `validate` finds."""
        return ()

    @classmethod
    def hints(cls, sync: Sync) -> Sequence[Problem]:
        """Offline: what users regret later. Shown by `check`, and not refused."""
        return problems(sync, cls._code("hint"), cls.mapping_hints(sync))

    @staticmethod
    def mapping_hints(sync: Sync) -> Iterable[tuple[str, str]]:
        """(what will be regretted, how to avoid it) for all that `hints` shows."""
        return ()

    @staticmethod
    def ignores_unknown(sync: Sync) -> bool:
        """Whether the vendor takes changes of people who are not there, and does nothing."""
        return False

    def limits_for(self, syncs: Sequence[Sync]) -> Limits:
        """For a delivery of these syncs: one, or all that are coalesced with it. Pure."""
        return self.limits

    def encode(self, sync: Sync, change: Change) -> Sequence[JSON]:
        """The JSON values of one item, one per stage, None where it skips one. Pure.

        Raises ValueError, without the value in its text, when a trait can't be expressed.
        """
        raise NotImplementedError

    def encode_together(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """The same for all pending changes of one identity, where the destination coalesces."""
        ((sync, change),) = pieces
        return self.encode(sync, change)

    def stages(self) -> Sequence[Stage]:
        """How a batch is sent: state, then membership, then events, for example."""
        raise NotImplementedError

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """Send one batch; answer one outcome per item, in order. All items are of one kind."""
        return (yield from in_stages(batch, self.stages(), self.names_records))

    def resume(self, job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
        """What a job did that an earlier run began: one outcome for each of `rows`, in order.

        None while the vendor still works on it; `Unknown` where it can't tell any more. Reads only.
        A destination that yields `Begun` has it.
        """
        yield from ()
        return [Unknown("job-lost")] * len(rows)

    def check(self) -> Conversation[Health]:
        """Credentials, region, workspace. Never writes."""
        raise NotImplementedError

    def unready(self, sync: Sync) -> Conversation[Sequence[Problem]]:
        """What is missing or unfit, each with the exact thing to create or change. Reads only.

        Asked by `debug`, `verify` and a run before its first change: problems hold the sync.
        """
        yield from ()
        return ()

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """Compare what the vendor holds with what was acknowledged; empty when it can't be asked.

        As `find` and `matches` say, one for each of `expected`.
        """
        found = yield from self.find(sync, expected)
        answers = zip(expected, found, strict=True) if found else ()
        return [compare(one, shown, self.matches) for one, shown in answers]

    def find(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[Found | None]]:
        """What the vendor holds for each, None where it has none; empty if it can't be asked."""
        yield from ()
        return ()

    @staticmethod
    def matches(wanted: JSON, shown: JSON) -> bool:
        """Whether a value is shown as it was written; None is a trait without a value."""
        return bool(wanted == shown)

    def audit(self, syncs: Sequence[Sync]) -> Conversation[Sequence[Problem]]:
        """A problem for each thing to mend at the vendor, of what depends on these syncs."""
        yield from ()
        return ()

    @staticmethod
    def login_url(settings: Mapping[str, str]) -> str | None:
        """Where users log in. Of `settings`, expressions in profiles.yml are empty here. Pure."""
        return None

    def person_url(self, address: str) -> str | None:
        """Where a user who may log in sees that person; None where there is no such page. Pure."""
        return None

    def forget(self, how: str, known: Known, syncs: Sequence[Sync]) -> Conversation[Erased]:
        """Erase one person, in a way that the connection's setting `forget` may name.

        `syncs` are those of the connection. May be asked again: who is gone already is done.
        """
        raise NotImplementedError

    def pull(self, cursor: str | None) -> Conversation[Page]:
        """The records after `cursor`, oldest first; all of them when it is None."""
        raise NotImplementedError


def _is_a_method(name: str, value: object) -> bool:
    if name.startswith("_") or isinstance(value, type):
        return False
    return callable(value) or isinstance(value, staticmethod | classmethod | property)
