"""A process counts as dead only where its number can be looked up: real namespaces, real files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sync.journal.process import is_dead, own_process

ROOT = Path(__file__).resolve().parents[3]
TELL = "from sync.journal.process import own_process; print(own_process(), flush=True)"
ASK = "import sys; from sync.journal.process import is_dead; print(is_dead(sys.argv[1]))"
LINGER = TELL + "; input()"

OTHER_NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc")
BOOT = "/proc/sys/kernel/random/boot_id"
MACHINES = ("/etc/machine-id", "/var/lib/dbus/machine-id")


def python(code: str, *arguments: str, within: Sequence[str] = ()) -> str:
    """What a program of its own prints, started inside of `within`."""
    done = subprocess.run(
        [*within, sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def seeing(content: Path, *places: str) -> Sequence[str]:
    """A command's beginning, under which that file is seen at these places."""
    binds = [f"mount --bind {content} {place}" for place in places if Path(place).exists()]
    return ("unshare", "-m", "sh", "-c", " && ".join([*binds, 'exec "$@"']), "sh")


@pytest.fixture
def unshare() -> None:
    """Skips where the system does not let this user have namespaces of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here")
    done = subprocess.run([*OTHER_NAMESPACE, "true"], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"unshare is not permitted here: {done.stderr.strip()}")


@pytest.fixture
def living() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that waits, and its name."""
    with subprocess.Popen(
        [sys.executable, "-c", LINGER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def test_a_process_that_ended_is_dead_and_one_that_runs_is_not(
    living: tuple[subprocess.Popen[str], str],
) -> None:
    process, name = living
    assert not is_dead(name)
    assert not is_dead(own_process())
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert is_dead(name), "a zombie holds nothing but its number"
    process.wait()
    assert is_dead(name)


def test_a_process_that_is_stopped_is_not_dead(
    living: tuple[subprocess.Popen[str], str],
) -> None:
    process, name = living
    process.send_signal(signal.SIGSTOP)
    assert not is_dead(name)


def test_a_number_that_another_process_has_by_now_belongs_to_a_dead_one() -> None:
    pid, start, place = own_process().split(":")
    assert is_dead(f"{pid}:{int(start) - 1}:{place}")


@pytest.mark.parametrize("name", ["", "1", "1::", "x:1:", "0:1:", "1:2:3:4", "4194305:1:elsewhere"])
def test_of_a_process_that_can_not_be_placed_nothing_is_certain(name: str) -> None:
    assert not is_dead(name)


@pytest.mark.usefixtures("unshare")
def test_a_process_in_another_pid_namespace_is_never_taken_for_dead() -> None:
    """A container on the same machine: its process 7 is not ours."""
    gone_there = python(TELL, within=OTHER_NAMESPACE)
    assert not is_dead(gone_there)
    gone_here = python(TELL)
    assert is_dead(gone_here)
    assert python(ASK, gone_here, within=OTHER_NAMESPACE) == "False"


@pytest.mark.usefixtures("unshare")
def test_a_process_whose_proc_shows_other_numbers_takes_nothing_for_dead() -> None:
    """A pid namespace of its own, with the /proc of its parent."""
    without_proc = OTHER_NAMESPACE[:3]
    assert python(TELL, within=without_proc).endswith(":")


@pytest.mark.usefixtures("unshare")
def test_a_process_of_another_boot_is_never_taken_for_dead(tmp_path: Path) -> None:
    """Another machine of the same name, or this one before it was restarted."""
    other = tmp_path / "boot_id"
    other.write_text(f"{uuid.uuid4()}\n")
    assert not is_dead(python(TELL, within=seeing(other, BOOT)))
    assert python(ASK, python(TELL), within=seeing(other, BOOT)) == "False"


@pytest.mark.usefixtures("unshare")
@pytest.mark.parametrize("content", ["0123456789abcdef" * 2 + "\n", "", "uninitialized\n"])
def test_a_process_of_another_machine_or_of_one_without_an_id_is_never_taken_for_dead(
    tmp_path: Path, content: str
) -> None:
    other = tmp_path / "machine-id"
    other.write_text(content)
    there = seeing(other, *MACHINES)
    assert not is_dead(python(TELL, within=there))
    assert python(ASK, python(TELL), within=there) == "False"
    has_an_id = content.startswith("0")
    assert python(ASK, python(TELL, within=there), within=there) == str(has_an_id)
