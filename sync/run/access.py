"""The state of a whole project: one store per sync, and what is written once per run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlglot import exp

from sync.journal.disk import FileDisk
from sync.journal.spool import SPOOL
from sync.model import Sync
from sync.rules import NOW, AsOf
from sync.run.store import SqlStore
from sync.state import installation, lost, whose
from sync.state.catalogue import Catalogue
from sync.state.schema import StateTables
from sync.state.store import TERMS, Terms
from sync.warehouse import sql as e
from sync.warehouse.errors import placing
from sync.warehouse.port import Warehouse
from sync.warehouse.turns import Turns


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A row of `runs`."""

    run_id: str
    started_at: datetime
    finished_at: datetime
    exit_code: int
    version: str
    dbt_invocation_id: str
    git_revision: str
    target: str


@dataclass(frozen=True, slots=True)
class StateAccess:
    """Where the state of a project lives: a schema of the warehouse, and a local directory.

    `project` and `target` are the names in dbt of whom it is used for. `journal_home` holds this
    project's journals alone, `journal_root` those of one target.
    """

    warehouse: Warehouse
    schema: str
    journal_root: Path
    lock_wait: float = 60.0
    project: str = ""
    target: str = ""
    siblings: tuple[Sync, ...] = ()
    """The project's syncs, selected or not: names may go from one to another."""
    terms: Terms = TERMS
    """Of the leases that runs take."""
    journal_home: Path | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    """For a preview: syncs whose state still lies under another name, and that name."""
    as_of: AsOf = NOW
    """What all plans of the run go by."""
    turns: Turns | None = None
    """Where syncs run side by side, and the warehouse lets one of them write at a time."""
    is_stopping: Callable[[], bool] = lambda: False
    """Whether a stop is wanted, which ends the wait for a file that another process holds."""

    def tables(self, sync_name: str = "") -> StateTables:
        """The state's relations, for one sync or for what all share."""
        name = self.renamed.get(sync_name, sync_name)
        return StateTables(None, self.schema, name, self.project, self.target)

    def journal_dir(self, sync: Sync) -> Path:
        """Where one sync's journal lies on this machine."""
        return self.journal_root / sync.name

    def disk(self, sync: Sync) -> FileDisk:
        """The files of one sync's journal."""
        return FileDisk(self.journal_dir(sync), self.journal_home)

    def store(self, sync: Sync) -> SqlStore:
        """The state of one sync."""
        spool_dir = self.journal_dir(sync) / SPOOL
        return SqlStore(
            self.warehouse,
            sync,
            self.tables(sync.name),
            spool_dir,
            self.lock_wait,
            self.siblings,
            self.terms,
            is_stopping=self.is_stopping,
            as_of=self.as_of,
            turns=self.turns,
        )

    @contextmanager
    def opened(self, sync_name: str = "") -> Iterator[Catalogue]:
        """An open session on the state as it is, sound or not."""
        with (
            placing(sync_name),
            self.warehouse.session(self.lock_wait, self.is_stopping) as session,
        ):
            yield Catalogue(session, self.warehouse.dialect, self.tables(sync_name))

    @contextmanager
    def catalogue(self, sync_name: str = "") -> Iterator[Catalogue]:
        """An open session on state that can be read: what all share, or one sync's that is ours.

        Raises StateError where a part of it is gone, or the sync is another project's or target's.
        """
        with self.opened(sync_name) as state:
            found = installation.check(state)
            lost.refuse_own(state)
            if sync_name and found.has(whose.SINCE):
                whose.refuse_other(state)
            yield state

    def log_run(self, record: RunRecord) -> None:
        """Write the row of `runs`, in state that the run's syncs have looked at."""
        values: dict[str, exp.Expr] = {
            "run_id": e.text(record.run_id),
            "started_at": e.moment(record.started_at),
            "finished_at": e.moment(record.finished_at),
            "exit_code": e.number(record.exit_code),
            "version": e.text(record.version),
            "dbt_invocation_id": e.text(record.dbt_invocation_id),
            "git_revision": e.text(record.git_revision),
            "target": e.text(record.target),
        }
        with self.opened() as state:
            rows = exp.select(*values.values())
            state.run(e.insert(state.tables["runs"], list(values), rows))
