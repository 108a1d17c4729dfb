"""A private copy of the plan beside the journal, so that no cursor stays open while sending."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sync.errors import Problem, StateError
from sync.journal.rows import changes_of
from sync.model import Change, Sync
from sync.state.columns import Column

if TYPE_CHECKING:
    import pyarrow as pa

SPOOL_ROWS = 4_000
"""Rows in memory at a time; at 12 traits some 20 MB."""


class Spool:
    """Record batches on disk, one file each, readable by their owner only."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._in_memory: pa.RecordBatch | None = None

    def write(self, batches: Iterable[pa.RecordBatch]) -> None:
        """Copy a plan; one that fits a single batch never touches the disk."""
        self.clear()
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
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
                writer.write_batch(batch)
        except OSError as e:
            raise StateError(_unwritable(self.directory, e)) from e
        return number + 1

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


def _unwritable(directory: Path, error: OSError) -> Problem:
    return Problem(
        "spool-write",
        f"the copy of the plan can't be written: {error.strerror or error}",
        where=str(directory),
        hint="Nothing of this plan was sent.",
        fix="free some space or choose another place with --journal-dir, then run again",
    )
