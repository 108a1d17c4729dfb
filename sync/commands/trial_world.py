"""Made-up people in a schema of their own, and the syncs that a trial makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sync.journal.process import host, own_process
from sync.model import Change, Counts, Kind, Relation, Sync, Trait
from sync.rules import Holdout, Rules
from sync.run.access import StateAccess
from sync.run.store import SqlStore
from sync.state import ddl
from sync.state import schema as t
from sync.state.store import DELIVERED, Ack, Holder, PlanSummary, SyncReport
from sync.warehouse import sql as e

MODEL, HOLDOUT, PERCENT = "trial_people", "trial", 40
TYPES = {
    "person_id": "varchar",
    "note": "varchar",
    "seats": "integer",
    "clicks": "bigint",
    "spend": "decimal(12, 2)",
    "score": "double precision",
    "is_paying": "boolean",
    "born_on": "date",
    "seen_at": t.MOMENT,
}
"""The columns of the model, in words that every engine is told in its own."""
NOTES = ("plain", "it's", 'a "quote"', "back\\slash", "two\nlines", "zoë, 雪, 🙂", "50 % off", "")
PEOPLE = 60
Row = Mapping[str, Any]


def person(number: int) -> Row:
    """One of the people; every seventh has nothing but a key, every fifth an address for one."""
    key = f"Person{number}@Shop.example" if number % 5 == 0 else f"p{number:03d}"
    if number % 7 == 6:
        return {"person_id": key}
    return {
        "person_id": key,
        "note": NOTES[number % len(NOTES)],
        "seats": number - 30,
        "clicks": 2**53 + number,
        "spend": Decimal(707 + number) / 100,
        "score": number / 8 + 0.125,
        "is_paying": number % 2 == 0,
        "born_on": date(1960, 2, 28) + timedelta(days=397 * number),
        "seen_at": datetime(2026, 3, 29, 1, 59, 59, 999_999 - number),
    }


@dataclass
class Trial:
    """A schema of its own, with a model of people, and the state of its syncs."""

    access: StateAccess
    people: dict[int, Row] = field(default_factory=lambda: {n: person(n) for n in range(PEOPLE)})
    runs: int = 0
    is_made: bool = False
    """The schema was created."""

    @property
    def relation(self) -> Relation:
        """The model."""
        return self.access.tables()[MODEL]

    @property
    def traits(self) -> Sync:
        """All columns, one of them personal."""
        told = [Trait(n, n, is_pii=n == "note") for n in TYPES if n != "person_id"]
        return self._sync("traits", Kind.TRAITS, traits=tuple(told))

    @property
    def segment(self) -> Sync:
        """All people, a share of them held out."""
        rules = Rules(holdouts=(Holdout(HOLDOUT, PERCENT * 100, HOLDOUT),))
        return self._sync("segment", Kind.SEGMENT, segment="trial", initial="send", rules=rules)

    def _sync(self, name: str, kind: Kind, **more: Any) -> Sync:
        return Sync(
            name=f"trial_{name}__nowhere",
            model=MODEL,
            unique_id=f"model.trial.{MODEL}",
            relation=self.relation,
            connection="nowhere",
            vendor="nowhere",
            kind=kind,
            identity="person_id",
            **more,
        )

    def create(self) -> None:
        """The schema and the model."""
        with self.access.opened() as state:
            state.run(ddl.create_schema(state.tables))
            self.is_made = True
            state.run(ddl.create(state.tables[MODEL], TYPES, state.dialect))
        self.write()

    def write(self) -> None:
        """The people as they are now, in place of those before."""
        with self.access.opened() as state:
            rows = [tuple(map(one.get, TYPES)) for one in self.people.values()]
            state.run(e.delete(state.tables[MODEL], e.always()))
            state.append(state.tables[MODEL], list(TYPES), rows)

    def drop(self) -> None:
        """Everything that lies in the schema, and the schema."""
        with self.access.opened() as state:
            for name in sorted(state.present()):
                state.run(e.drop_table(state.tables[name]))
            state.run(ddl.drop_schema(state.tables))

    def tables(self) -> Sequence[str]:
        """The tables that are there."""
        with self.access.opened() as state:
            return sorted(state.present())

    # Runs

    def begin(self, sync: Sync) -> tuple[SqlStore, int]:
        """A run that has the lease: its store and epoch. Raises Busy while another run has it."""
        self.runs += 1
        store = self.access.store(sync)
        store.check()
        holder = Holder(f"trial {self.runs}", host(), own_process(), "trial")
        return store, store.acquire(holder).epoch

    def run(self, sync: Sync) -> tuple[PlanSummary, list[Change]]:
        """Plan, have all of it acknowledged, and settle: what a run sends."""
        store, epoch = self.begin(sync)
        leftover = store.leftover()
        if leftover is not None:
            store.settle(epoch, leftover.epoch, "trial", (), doubt_rest=True)
        summary = store.plan(epoch)
        changes = [c for batch in store.changes(epoch) for c in batch] if summary.total else []
        at = datetime.now().astimezone()
        store.record(epoch, 1, [Ack(c.seq, DELIVERED, None, None, at) for c in changes])
        report = SyncReport("trial", epoch, "success", "", at, at, Counts(), is_complete=True)
        store.finish(epoch, report)
        store.release(epoch)
        return summary, changes
