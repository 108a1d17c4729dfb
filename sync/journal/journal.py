"""The local journal: what was about to be sent, and what was answered.

Lines of text, each `crc32 length type json`, in segments `wal-<epoch>-<n>.log`. The first says
whose the segment is, and under which lease it was written. An intent is on disk before its batch
leaves; an outcome rides with the next intent, unless it has ids that a vendor gave records: those
are on disk at once. So is a job of the vendor that has taken changes, before it is asked about.
Records name plan numbers and such ids, never identities or values. When a run is settled, its
lease is kept in `settled-<installation>`.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from threading import Lock
from typing import Any

from sync.errors import Problem, StateError
from sync.journal.disk import Disk
from sync.model import InJob, Owner
from sync.state.store import RUNNING, UNKNOWN, UNMARKED, Ack, Mark, in_job, running

FORMAT = 1
Range = tuple[int, int]
"""First and last plan number, both included."""

NOBODY = Owner("", "", "")
_SEGMENT = re.compile(r"wal-(\d+)-(\d+)\.log")


@dataclass(frozen=True, slots=True)
class Past:
    """What a journal tells of the run that wrote it; epoch 0 when there is none."""

    mark: Mark = UNMARKED
    acks: tuple[Ack, ...] = ()
    """Answers that may not have reached the warehouse, and changes that jobs have taken."""
    doubtful: tuple[Range, ...] = ()
    """Batches that may have left, and whose answer is not known."""
    is_damaged: bool = False
    sync: str = ""
    owner: Owner = NOBODY
    """Whose it is; nobody's where an older version wrote it, or the header can't be read."""

    def is_of_another(self, sync: str, owner: Owner) -> bool:
        """Whether it is that of another sync, or of another state schema."""
        here = (self.sync, self.owner.installation)
        return self.owner != NOBODY and here != (sync, owner.installation)

    @property
    def epoch(self) -> int:
        """Of the lease that it was written under."""
        return self.mark.epoch

    def told(self, epoch: int, at: datetime) -> tuple[list[Ack], bool]:
        """What is known of the plan of `epoch`: answers and doubts, and whether they are all.

        If they are not, whatever else the plan holds may have been sent.
        """
        if self.epoch != epoch or self.is_damaged:
            return [], False
        taken = {ack.seq for ack in self.acks if ack.outcome == RUNNING}
        doubts = [ack for ack in _doubts(self.doubtful, at) if ack.seq not in taken]
        return [*self.acks, *doubts], True


class Journal:
    """One run's journal of one sync. One thread uses it; any may tell it of jobs, by `begun`."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.mark = UNMARKED
        self.known = UNMARKED
        """The newest lease that was seen here, of `open_for`'s owner; for the state to have too."""
        self._whose: dict[str, str] = {"sync": "", **NOBODY._asdict()}
        self._segment = 0
        self._number = 0
        self._open: dict[int, Sequence[Range]] = {}
        self._jobs: dict[int, list[Ack]] = {}
        """By batch, changes that jobs have taken and not told of."""
        self._lock = Lock()

    def open_for(self, sync: str, owner: Owner) -> Past:
        """What an older run left; segments that are begun from now on are those of `owner`.

        Raises StateError where another's journal lies here. It is left as it is.
        """
        self._whose = {"sync": sync, **owner._asdict()}
        past = self.past()
        if past.is_of_another(sync, owner):
            raise StateError(_of_another(past, sync, owner, self.disk.place))
        self.known = max(self._settled(), past.mark, key=lambda mark: mark.epoch)
        return past

    def _settled(self) -> Mark:
        """The newest lease of this state that was settled from here."""
        name = self._settled_name()
        line = self.disk.read(name).rstrip(b"\n") if name in self.disk.names() else b""
        record = decode(line)
        return Mark(record[1]["epoch"], record[1]["token"]) if record else UNMARKED

    def _settled_name(self) -> str:
        return f"settled-{self._whose['installation']}"

    def settle(self, mark: Mark) -> None:
        """All that was done under a lease is in the warehouse: keep its mark, and no segment.

        The warehouse alone can't tell that it was restored to an older state.
        """
        name = self._settled_name()
        self.disk.delete(f"{name}.new")
        self.disk.append(f"{name}.new", encode("SETTLED", {**mark._asdict(), **self._whose}))
        self.disk.sync(f"{name}.new")
        self.disk.rename(f"{name}.new", name)
        self.forget()

    def past(self) -> Past:
        """Read what is there."""
        segments = self._segments()
        if not segments:
            return Past()
        epoch = max(found for found, _, _ in segments)
        reading = _Reading(epoch)
        for found, _, name in segments:
            if found == epoch:
                reading.take(self.disk.read(name))
        return reading.past()

    def _segments(self) -> list[tuple[int, int, str]]:
        matches = ((_SEGMENT.fullmatch(name), name) for name in self.disk.names())
        return sorted((int(m[1]), int(m[2]), name) for m, name in matches if m)

    def forget(self) -> None:
        """Delete all segments: what they told is settled."""
        for _, _, name in self._segments():
            self.disk.delete(name)

    def put_aside(self) -> None:
        """Keep a damaged journal for a person to look at; only the newest is kept."""
        for _, _, name in self._segments():
            self.disk.rename(name, name.replace(".log", ".damaged"))

    def begin(self, mark: Mark) -> None:
        """Open a segment with a synced header, before the plan is committed.

        Without it, "nothing was sent yet" and "the journal is lost" would look the same.
        """
        self.mark, self._segment, self._number = mark, 0, 0
        self._open.clear()
        self._jobs.clear()
        self._write_header()
        self.disk.sync(self._name())

    def intend(self, batches: Iterable[tuple[int, Sequence[Range]]]) -> None:
        """Put batches on disk before they leave; several share one sync."""
        with self._lock:
            for number, ranges in batches:
                self._open[number] = ranges
                self._write("INTENT", {"batch": number, "seqs": ranges})
            self.disk.sync(self._name())

    def begun(self, batch: int, taken: Sequence[Ack]) -> None:
        """Put on disk that a job has taken changes of a batch that is open.

        Where the job has no name, that none has them any more.
        """
        with self._lock:
            seqs = {ack.seq for ack in taken}
            left = [ack for ack in self._jobs.pop(batch, []) if ack.seq not in seqs]
            self._jobs[batch] = [*left, *(ack for ack in taken if ack.code)]
            self._write_job(batch, taken)
            self.disk.sync(self._name())

    def _write_job(self, batch: int, taken: Sequence[Ack]) -> None:
        rows = [(ack.seq, at.place, int(at.is_owing)) for ack in taken for at in [in_job(ack)]]
        body = {"batch": batch, "job": taken[0].code, "at": taken[0].answered_at.isoformat()}
        self._write("JOB", {**body, "rows": rows})

    def conclude(self, batch: int, acks: Sequence[Ack]) -> None:
        """Note what was answered; a change of the batch without an ack was not applied.

        Those that are with a job stay so, and all others of the batch are with none.
        """
        with self._lock:
            self._conclude(batch, acks)

    def _conclude(self, batch: int, acks: Sequence[Ack]) -> None:
        self._open.pop(batch, None)
        known = {ack.seq for ack in acks if ack.outcome == RUNNING}
        kept = [ack for ack in self._jobs.pop(batch, ()) if ack.seq in known]
        if kept:
            self._jobs[batch] = kept
        acks = [ack for ack in acks if ack.outcome != RUNNING] if known else acks
        plain: dict[str, list[int]] = {}
        told: list[list[Any]] = []
        for ack in acks:
            if ack.code is None and ack.reason is None:
                plain.setdefault(ack.outcome, []).append(ack.seq)
            else:
                told.append([ack.seq, ack.outcome, ack.code, ack.reason])
        body: dict[str, Any] = {"batch": batch}
        if acks:
            body["at"] = acks[0].answered_at.isoformat()
        body |= {outcome: as_ranges(seqs) for outcome, seqs in plain.items()}
        if told:
            body["told"] = told
        if known:
            body["running"] = as_ranges(sorted(known))
        named = [(ack.seq, ack.remote_id) for ack in acks if ack.remote_id is not None]
        if named:
            body["named"] = named
        self._write("OUTCOME", body)
        if named:
            self.disk.sync(self._name())

    def flushed(self) -> None:
        """All outcomes so far are in the warehouse: start a segment with what is still open."""
        with self._lock:
            self._turn_over()

    def _turn_over(self) -> None:
        old = self._name()
        self._segment += 1
        self._write_header()
        for number, ranges in self._open.items():
            self._write("INTENT", {"batch": number, "seqs": ranges})
        for number, taken in self._jobs.items():
            for _, same in groupby(taken, key=attrgetter("code")):
                self._write_job(number, list(same))
        self.disk.sync(self._name())
        self.disk.delete(old)

    def _write_header(self) -> None:
        self._write("HEADER", {"format": FORMAT, "token": self.mark.token, **self._whose})

    def _name(self) -> str:
        return f"wal-{self.mark.epoch}-{self._segment}.log"

    def _write(self, kind: str, body: dict[str, Any]) -> None:
        self._number += 1
        body = {"epoch": self.mark.epoch, "n": self._number, **body}
        self.disk.append(self._name(), encode(kind, body))


def encode(kind: str, body: dict[str, Any]) -> bytes:
    """One record as a line."""
    rest = f"{kind} {json.dumps(body, separators=(',', ':'))}".encode()
    return b"%08x %08x %s\n" % (zlib.crc32(rest), len(rest), rest)


def decode(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """A record, or None when the line is not a whole, undamaged one."""
    try:
        checksum, length, rest = int(line[:8], 16), int(line[9:17], 16), line[18:]
    except ValueError:
        return None
    if len(rest) != length or zlib.crc32(rest) != checksum:
        return None
    kind, _, body = rest.partition(b" ")
    try:
        return kind.decode(), json.loads(body)
    except ValueError:
        return None


def as_ranges(seqs: Iterable[int]) -> list[Range]:
    """Ascending numbers as inclusive ranges."""
    listed = list(seqs)
    if listed and listed[-1] - listed[0] == len(listed) - 1:  # as nearly all batches are
        return [(listed[0], listed[-1])]
    ranges: list[Range] = []
    for seq in listed:
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1] = (ranges[-1][0], seq)
        else:
            ranges.append((seq, seq))
    return ranges


def numbers(ranges: Iterable[Sequence[int]]) -> list[int]:
    """The numbers in inclusive ranges."""
    return [seq for first, last in ranges for seq in range(first, last + 1)]


@dataclass(slots=True)
class _Reading:
    """Segments of one epoch, replayed in order."""

    epoch: int
    acks: list[Ack] = field(default_factory=list)
    intents: dict[int, Sequence[Range]] = field(default_factory=dict)
    jobs: dict[int, dict[int, Ack]] = field(default_factory=dict)
    """By batch and number, changes that jobs have taken."""
    head: dict[str, Any] = field(default_factory=dict)
    is_damaged: bool = False
    last: int = 0

    def take(self, content: bytes) -> None:
        """A torn tail is dropped: its batch never left. A bad line that is whole is damage.

        Each segment may have a torn tail: the next one is synced before the old one is deleted.
        """
        is_first = True
        for line in content.split(b"\n")[:-1]:
            record = decode(line)
            if (
                record is not None
                and record[1].get("epoch") == self.epoch
                and self._follows(record[1]["n"], is_first)
            ):
                self._replay(*record)
            else:
                self.is_damaged = True
            is_first = False

    def _follows(self, number: int, is_first: bool) -> bool:
        """Within a segment no record is missing; between segments a torn tail may be."""
        return number > self.last if is_first else number == self.last + 1

    def _replay(self, kind: str, body: dict[str, Any]) -> None:
        self.last = body["n"]
        if kind == "HEADER":
            self.head = body  # older versions wrote less
            self.is_damaged |= body["format"] != FORMAT
        elif kind == "INTENT":
            self.intents[body["batch"]] = [(a, b) for a, b in body["seqs"]]
        elif kind == "OUTCOME":
            self.intents.pop(body["batch"], None)
            left = set(numbers(body.get("running", ())))
            taken = self.jobs.pop(body["batch"], {})
            self.jobs[body["batch"]] = {seq: ack for seq, ack in taken.items() if seq in left}
            self.acks.extend(_acks(body))
        elif kind == "JOB":
            taken = self.jobs.setdefault(body["batch"], {})
            for seq, place, is_owing in body["rows"]:
                job, at = InJob(body["job"], place, bool(is_owing)), body["at"]
                taken[seq] = running(seq, job, datetime.fromisoformat(at))

    def past(self) -> Past:
        doubtful = tuple(r for ranges in self.intents.values() for r in ranges)
        # A job without a name: none has the change any more.
        taken = [ack for rows in self.jobs.values() for ack in rows.values() if ack.code]
        is_damaged = self.is_damaged or not self.head
        mark = Mark(self.epoch, self._said("token"))
        owner = Owner(*map(self._said, Owner._fields))
        acks = (*self.acks, *taken)
        return Past(mark, acks, doubtful, is_damaged, self._said("sync"), owner)

    def _said(self, name: str) -> str:
        return str(self.head.get(name, ""))


_PLAIN = ("delivered", "unknown", "rejected", "rejected_partial")


def _acks(body: dict[str, Any]) -> Iterable[Ack]:
    if "at" not in body:
        return
    at = datetime.fromisoformat(body["at"])
    named = dict(body.get("named", ()))
    for outcome in _PLAIN:
        for seq in numbers(body.get(outcome, ())):
            yield Ack(seq, outcome, None, None, at, named.get(seq))
    for seq, outcome, code, reason in body.get("told", ()):
        yield Ack(seq, outcome, code, reason, at, named.get(seq))


def _doubts(ranges: Iterable[Range], at: datetime) -> list[Ack]:
    """Batches in flight when a run ended: nobody read their answer."""
    return [Ack(seq, UNKNOWN, "run-ended", None, at) for seq in numbers(ranges)]


def _of_another(past: Past, sync: str, owner: Owner, place: str) -> Problem:
    is_namesake = past.owner[1:] == owner[1:]
    elsewhere = ", in another state schema than today's" if is_namesake else ""
    return Problem(
        "journal-of-another",
        f"a run of {past.sync} for {past.owner}{elsewhere}, left a journal where that of {sync} for"
        f" {owner} belongs",
        where=place,
        hint="It says what that run may have sent, so it was neither believed nor deleted. Nothing"
        " was sent.",
        fix="run that one again first, or choose another place with --journal-dir; where its state"
        " is gone for good, delete the folder",
    )
