"""Seeded protocol bugs: each is one edit of production code, or of the store it stands on."""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from sync.http import client
from sync.http.client import Client
from sync.journal.journal import Journal, Past, _Reading
from sync.run import protocol as run
from sync.run import source as delivering
from sync.run.engine import Engine
from sync.run.source import Source
from sync.state.store import Ack, Leftover, PlanSummary, SyncReport
from tests.faults import memory, reference
from tests.faults.memory import MemoryStore
from tests.faults.reference import Planned
from tests.faults.world import Rig


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `old` by `new` in the source of one function or property."""

    owner: Any
    function: str
    old: str
    new: str

    def apply(self, monkeypatch: pytest.MonkeyPatch) -> Rig:
        original = getattr(self.owner, self.function)
        function = getattr(original, "fget", original)
        source = textwrap.dedent(inspect.getsource(function))
        assert source.count(self.old) == 1, f"the code has changed: {self.function}, {self.old}"
        module = sys.modules[function.__module__]
        names: dict[str, Any] = {}
        exec(source.replace(self.old, self.new), vars(module), names)
        monkeypatch.setattr(self.owner, self.function, names[self.function])
        return Rig()


@dataclass(frozen=True, slots=True)
class Swap:
    """Another store."""

    store: type[MemoryStore]

    def apply(self, monkeypatch: pytest.MonkeyPatch) -> Rig:
        return Rig(store=self.store)


class ForgetsBeforeItDoubts(MemoryStore):
    """Recovery clears the plan in one step and marks the doubts in the next."""

    def settle(self, *args: Any, **named: Any) -> None:
        before = self.tables.copy()
        self._clear()
        self.fuse.passed("clear")
        self.tables.plan, self.tables.acks = before.plan, before.acks
        MemoryStore.settle(self, *args, **named)


class CommitsLate(MemoryStore):
    """The plan stays in the process until its first outcomes are recorded."""

    __slots__ = ("late",)
    late: tuple[tuple[Planned, ...], int]

    def plan(self, epoch: int) -> PlanSummary:
        self.fuse.check()
        watch, self.fuse.watch = self.fuse.watch, lambda: None
        before = self.tables.plan, self.tables.plan_epoch
        summary = MemoryStore.plan(self, epoch)
        self.late = self.tables.plan, self.tables.plan_epoch
        self.tables.plan, self.tables.plan_epoch = before
        self.fuse.watch = watch
        watch()
        return summary

    def changes(self, epoch: int, keep: Any = None) -> Any:
        return [[p.change(self.sync, epoch) for p in self.late[0]]]

    def record(self, epoch: int, flush_id: int, acks: Sequence[Ack]) -> None:
        self.tables.plan, self.tables.plan_epoch = self.late
        MemoryStore.record(self, epoch, flush_id, acks)

    def finish(self, epoch: int, report: SyncReport) -> None:
        self.tables.plan, self.tables.plan_epoch = self.late
        MemoryStore.finish(self, epoch, report)


class SeesNoLeftover(MemoryStore):
    """What an older run left is overwritten by the next plan."""

    def leftover(self) -> Leftover | None:
        return None


SEEDS: dict[str, Edit | Swap] = {
    "the intent is not synced before the send": Edit(
        Journal, "intend", "self.disk.sync(self._name())", "pass"
    ),
    "there is no header": Edit(
        Journal,
        "begin",
        "self._write_header()",
        "return",
    ),
    "the header is not synced before the plan": Edit(
        Journal, "begin", "self.disk.sync(self._name())", "pass"
    ),
    "a new segment does not repeat the open intents": Edit(
        Journal, "_turn_over", "self._open.items()", "()"
    ),
    "a torn tail of an old segment makes the whole journal void": Edit(
        _Reading, "take", "is_first = True", "is_first = not self.last"
    ),
    "an unknown outcome leaves no trace": Edit(
        Source,
        "note",
        "self._keep(change, ack_of(change.seq, ending, at))",
        "isinstance(ending, Unknown) or self._keep(change, ack_of(change.seq, ending, at))",
    ),
    "a partial rejection passes for a refusal": Edit(
        delivering, "ack_of", "REJECTED_PARTIAL if is_partial else REJECTED", "REJECTED"
    ),
    "a refused request takes back what was answered before it": Edit(
        Client, "_step", "return conversation.throw(thrown)", "raise e from None"
    ),
    "a refusal at last takes back a lost answer": Edit(
        client, "_thrown", "may_be_applied or e.how is", "e.how is"
    ),
    "the journal is deleted before the last flush": Edit(
        Engine,
        "deliver",
        "self._flush(is_final=True)",
        "[s.journal.forget() for s in sources]; self._flush(is_final=True)",
    ),
    "the journal forgets outcomes before they are recorded": Edit(
        Engine,
        "_flush",
        "source.store.record(",
        "source.journal.flushed(); source.store.record(",
    ),
    "a mover's removal is not recorded before the add": Edit(
        Engine, "_send", "if any(source.has_movers for source in sources):", "if False:"
    ),
    "a mover is added while the old address is open": Edit(
        Source,
        "waits",
        'if change.cause == "moved" and change.identity in self.stuck:',
        "if False:",
    ),
    "a missing journal reads as nothing was sent": Edit(
        run._Run,
        "_recover",
        "doubt_rest, run_id = not left.knows_all",
        "doubt_rest, run_id = past.epoch > 0 and not left.knows_all",
    ),
    "a journal of another epoch is trusted": Edit(Past, "told", "self.epoch != epoch or", ""),
    "batches in flight at the crash read as not sent": Edit(Past, "told", "*doubts", ""),
    "the journal is forgotten before its answers are settled": Edit(
        run._Run,
        "open",
        "left = find_left(",
        "self.journal.forget(); left = find_left(",
    ),
    "doubts are ignored in the comparison": Edit(
        memory,
        "decide",
        "planned: list[Planned] = []",
        "planned: list[Planned] = []; snapshot = {k: v._replace(doubt=None)"
        " for k, v in snapshot.items()}",
    ),
    "a rejection clears an older doubt": Edit(
        memory,
        "merge",
        "if ack is None or ack.outcome not in",
        "if ack and ack.outcome == 'rejected' and planned.identity in merged:\n"
        "            merged[planned.identity] = merged[planned.identity]._replace(doubt=None)\n"
        "        if ack is None or ack.outcome not in",
    ),
    "a plan is cleared although outcomes are unknown": Edit(
        memory,
        "merge",
        "(DELIVERED, UNKNOWN, REJECTED_PARTIAL)",
        "(DELIVERED, REJECTED_PARTIAL)",
    ),
    "an entry in doubt counts as no entry when it is removed": Edit(
        reference,
        "_decide_one",
        "entries if has_entered or doubt == Op.REMOVE else entries + 1",
        "entries",
    ),
    "a skipped null keeps a value that may be overwritten": Edit(
        reference,
        "_merged",
        "unsure - travelled",
        "frozenset()",
    ),
    "the plan is cleared before its doubts are marked": Swap(ForgetsBeforeItDoubts),
    "the plan is committed after the first send": Swap(CommitsLate),
    "a leftover plan is overwritten": Swap(SeesNoLeftover),
}

TOGETHER: dict[str, Edit] = {
    "only the first sync's intent is journalled": Edit(
        Engine,
        "_start",
        "for source, own in changes:",
        "for source, own in changes[:1]:",
    ),
    "only the first sync hears the answer": Edit(
        Engine,
        "_noted_at_once",
        "for source, changes in flight.changes:",
        "for source, changes in flight.changes[:1]:",
    ),
    "only the first sync's answer is journalled": Edit(
        Engine,
        "_take",
        "source.journal.conclude(",
        "source.sync.model == 'people' and source.journal.conclude(",
    ),
    "what was refused in part is taken apart and sent again": Edit(
        Engine, "_note", "and not ending.is_partial", ""
    ),
    "only the first sync's outcomes are recorded": Edit(
        Engine,
        "_flush",
        "for source in self._sources.values():",
        "for source in [*self._sources.values()][:1]:",
    ),
    "whoever moves arrives before the removal is recorded": Edit(
        Engine, "_send", "if any(source.has_movers for source in sources):", "if False:"
    ),
}
"""Bugs of syncs that are delivered as one."""
