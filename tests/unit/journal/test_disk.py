from __future__ import annotations

import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync.errors import Busy, StateError
from sync.journal.disk import FileDisk

HOLD = """
import sys
from pathlib import Path
from sync.journal.disk import FileDisk
with FileDisk(Path(sys.argv[1])).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_read_the_journal(disk: FileDisk) -> None:
    with disk.lock():
        disk.append("wal-1-0.log", b"x")
        assert mode(disk.directory) == 0o700
        assert {mode(path) for path in disk.directory.iterdir()} == {0o600}


def test_what_is_appended_is_read_back(disk: FileDisk) -> None:
    disk.append("wal-1-0.log", b"one ")
    disk.sync("wal-1-0.log")
    disk.append("wal-1-0.log", b"two")
    assert disk.read("wal-1-0.log") == b"one two"
    assert disk.names() == ["wal-1-0.log"]


def test_a_deleted_file_is_gone_and_deleting_it_again_is_no_error(disk: FileDisk) -> None:
    disk.append("wal-1-0.log", b"x")
    disk.delete("wal-1-0.log")
    disk.delete("wal-1-0.log")
    assert disk.names() == []


def test_a_symbolic_link_is_not_followed(disk: FileDisk, tmp_path: Path) -> None:
    disk.directory.mkdir(parents=True)
    (disk.directory / "wal-1-0.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError):
        disk.append("wal-1-0.log", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_a_symbolic_link_as_lock_is_refused(disk: FileDisk, tmp_path: Path) -> None:
    disk.directory.mkdir(parents=True)
    (disk.directory / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateError), disk.lock():
        pass


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk that takes that many bytes in a file, and then no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("room", [0, 4])
def test_a_full_disk_ends_in_a_state_error_that_says_what_to_do(disk: FileDisk, room: int) -> None:
    """Also after a short write, which the system does not call an error."""
    disk.append("wal-1-0.log", b"1234567890")
    with largest_file(10 + room), pytest.raises(StateError) as told:
        disk.append("wal-1-0.log", b"1234567890")
    assert told.value.exit_code == 7
    assert str(disk.directory) in str(told.value)
    assert "--journal-dir" in str(told.value)


def test_a_device_without_space_ends_in_a_state_error(disk: FileDisk) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    disk.append("wal-1-0.log", b"x")
    with Path("/dev/full").open("wb", buffering=0) as full:
        handle, disk._open["wal-1-0.log"] = disk._open["wal-1-0.log"], full.fileno()
        with pytest.raises(StateError, match="No space left"):
            disk.append("wal-1-0.log", b"x")
        disk._open["wal-1-0.log"] = handle


def test_a_sync_that_fails_is_told(disk: FileDisk) -> None:
    read_end = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE)
    assert read_end.stdin is not None
    disk._open["wal-1-0.log"] = read_end.stdin.fileno()  # a pipe can't be synced
    with pytest.raises(StateError):
        disk.sync("wal-1-0.log")
    del disk._open["wal-1-0.log"]
    read_end.communicate()


def test_a_file_in_the_place_of_the_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("")
    disk = FileDisk(tmp_path / "journal")
    for use in (lambda: disk.append("x", b"x"), disk.names, lambda: disk.delete("x")):
        with pytest.raises(StateError):
            use()


def test_a_second_process_is_told_that_the_sync_is_busy(disk: FileDisk) -> None:
    command = [sys.executable, "-c", HOLD, str(disk.directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy) as busy, disk.lock():
            pass
        assert busy.value.exit_code == 4
        holder.kill()
        holder.wait()
        with disk.lock():
            pass


def test_a_second_run_in_this_process_is_busy_too(disk: FileDisk) -> None:
    with disk.lock(), pytest.raises(Busy), FileDisk(disk.directory).lock():
        pass
