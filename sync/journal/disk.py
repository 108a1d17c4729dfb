"""Where the journal's segments live: one directory per sync, readable by its owner only."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sync.errors import Busy, Problem, StateError


class Disk(Protocol):
    """The seam to the file system. A failed write or sync raises StateError and is final."""

    place: str
    """Where it is, for messages."""

    def names(self) -> list[str]:
        """Files that are there, sorted."""

    def read(self, name: str) -> bytes:
        """A whole file."""

    def append(self, name: str, content: bytes) -> None:
        """Write at the end; without `sync` a power loss may take it away."""

    def sync(self, name: str) -> None:
        """Make everything appended so far outlive a power loss."""

    def delete(self, name: str) -> None:
        """Remove a file; no error when it is gone."""

    def rename(self, name: str, to: str) -> None:
        """Put a file aside."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Keep other processes of this machine out. Raises Busy."""


class FileDisk:
    """The real thing: 0700 directory, 0600 files, no symbolic links, every sync checked.

    `home` is the folder above that holds nothing but journals; it hides itself from git.
    """

    def __init__(self, directory: Path, home: Path | None = None) -> None:
        self.directory = directory
        self.home = home
        self.place = str(directory)
        self._open: dict[str, int] = {}

    def _told(self, error: OSError) -> StateError:
        return StateError(
            Problem(
                "journal-write",
                f"the journal can't be written: {error.strerror or error}",
                where=str(self.directory),
                hint="Sending stopped at once. What was sent is asserted again by the next run.",
                fix="free some space or choose another place with --journal-dir, then run again",
            )
        )

    def _prepare(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.home is not None:
                hide_from_git(self.home)
        except OSError as e:
            raise self._told(e) from e

    def names(self) -> list[str]:
        """Regular files in the directory."""
        try:
            return sorted(p.name for p in self.directory.iterdir() if p.is_file())
        except FileNotFoundError:
            return []
        except OSError as e:
            raise self._told(e) from e

    def read(self, name: str) -> bytes:
        """A whole file."""
        try:
            return (self.directory / name).read_bytes()
        except OSError as e:
            raise self._told(e) from e

    def append(self, name: str, content: bytes) -> None:
        """Write all of `content`; a short write is an error like any other."""
        try:
            written = os.write(self._handle(name), content)
        except OSError as e:
            raise self._told(e) from e
        if written != len(content):
            raise self._told(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def _handle(self, name: str) -> int:
        if name not in self._open:
            self._prepare()
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._open[name] = os.open(self.directory / name, flags, 0o600)
            self._sync_directory()
        return self._open[name]

    def _sync_directory(self) -> None:
        handle = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def sync(self, name: str) -> None:
        """A failed fsync is never retried: the pages may be gone already."""
        try:
            os.fsync(self._handle(name))
        except OSError as e:
            raise self._told(e) from e

    def delete(self, name: str) -> None:
        """Close and remove."""
        self._close(name)
        try:
            (self.directory / name).unlink(missing_ok=True)
        except OSError as e:
            raise self._told(e) from e

    def rename(self, name: str, to: str) -> None:
        """Close and rename."""
        self._close(name)
        try:
            (self.directory / name).replace(self.directory / to)
        except OSError as e:
            raise self._told(e) from e

    def _close(self, name: str) -> None:
        handle = self._open.pop(name, None)
        if handle is not None:
            os.close(handle)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """An advisory lock that the kernel releases when this process ends, however it ends."""
        self._prepare()
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            handle = os.open(self.directory / "lock", flags, 0o600)
        except OSError as e:
            raise self._told(e) from e
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as e:
                raise Busy(_busy(self.directory, os.read(handle, 20))) from e
            except OSError as e:
                raise self._told(e) from e
            with contextlib.suppress(OSError):  # only the run that is turned away reads it
                os.ftruncate(handle, 0)
                os.write(handle, str(os.getpid()).encode())
            yield
        finally:
            os.close(handle)
            for name in list(self._open):
                self._close(name)


def hide_from_git(folder: Path) -> None:
    """Make git ignore a folder with all that is in it, itself included."""
    with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x") as file:
        file.write("*\n")


def _busy(directory: Path, pid: bytes) -> Problem:
    who = f"process {int(pid)}" if pid.isdigit() else "another process"
    return Problem(
        "busy",
        f"{directory.name} is being run by {who} on this machine",
        where=str(directory / "lock"),
        fix="wait for it to end; the lock goes with its process",
    )
