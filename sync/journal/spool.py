"""A private copy of the plan beside the journal, so that no cursor stays open while sending."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sync.errors import Busy, Problem, StateError
from sync.journal.disk import FileDisk
from sync.journal.rows import changes_of
from sync.model import Change, Owner, Sync
from sync.state.columns import Column

if TYPE_CHECKING:
    import pyarrow as pa

SPOOL = "spool"
OWNER = "owner.json"
SPOOL_ROWS = 4_000
"""Rows in memory at a time; at 12 traits some 20 MB."""


class Spool:
    """Record batches on disk, one file each, readable by their owner only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._in_memory: pa.RecordBatch | None = None
        self._owner: Owner

    def write(self, batches: Iterable[pa.RecordBatch], owner: Owner) -> None:
        """Copy a plan; one that fits a single batch never touches the disk.

        Raises StateError where another's copy lies here.
        """
        there = owner_of(self.directory)
        if there is not None and there.installation != owner.installation:
            raise StateError(_of_another(self.directory, there))
        self.clear()
        self._owner = owner
        previous: pa.RecordBatch | None = None
        count = 0
        for batch in batches:
            if previous is not None:
                count = self._store(previous, count)
            previous = batch
        if count and previous is not None:
            self._store(previous, count)
            previous = None
        self._in_memory = previous

    def _store(self, batch: pa.RecordBatch, number: int) -> int:
        import pyarrow as pa

        path = self.directory / f"{number:06}.arrow"
        try:
            if not number:
                self._begin()
            with _private(path) as file, pa.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)
        except OSError as e:
            raise StateError(_unwritable(self.directory, e)) from e
        return number + 1

    def _begin(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _private(self.directory / OWNER) as file:
            file.write(json.dumps(self._owner._asdict()).encode())

    def read(self, sync: Sync, columns: Sequence[Column], epoch: int) -> Iterator[Sequence[Change]]:
        """The plan as changes, in order, a list for each record batch."""
        if self._in_memory is not None:
            yield changes_of(self._in_memory, sync, columns, epoch)
            return
        import pyarrow as pa

        for path in sorted(self.directory.glob("*.arrow")):
            with pa.OSFile(str(path)) as file:
                yield changes_of(pa.ipc.open_file(file).get_batch(0), sync, columns, epoch)
            path.unlink()

    def clear(self) -> None:
        """Delete the copy."""
        self._in_memory = None
        shutil.rmtree(self.directory, ignore_errors=True)


def _private(path: Path) -> BinaryIO:
    """A new file that its owner alone can read."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def owner_of(directory: Path) -> Owner | None:
    """Whose a copy is; None where there is none, or it does not say."""
    try:
        return Owner(**json.loads((directory / OWNER).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def sweep(home: Path) -> None:
    """Delete the copies that runs left below `home` when they died: they hold plain values."""
    for directory in home.rglob(SPOOL):
        if directory.is_dir():
            _remove(directory)


def _remove(directory: Path) -> None:
    """Unless its run is alive and holds the lock beside it."""
    with suppress(Busy, StateError), FileDisk(directory.parent).lock():
        shutil.rmtree(directory, ignore_errors=True)


def _of_another(directory: Path, owner: Owner) -> Problem:
    return Problem(
        "spool-of-another",
        f"a copy of a plan of {owner} lies where today's would be written",
        where=str(directory),
        hint="It was neither read nor deleted. Nothing was sent.",
        fix="choose another place with --journal-dir; when no run uses it any more, delete it",
    )


def _unwritable(directory: Path, error: OSError) -> Problem:
    return Problem(
        "spool-write",
        f"the copy of the plan can't be written: {error.strerror or error}",
        where=str(directory),
        hint="Nothing of this plan was sent.",
        fix="free some space or choose another place with --journal-dir, then run again",
    )
