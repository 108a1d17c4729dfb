"""What the gates decide, in plain Python: slow, obvious, and written without looking at the SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5

ALL = 10_000
SUPPRESSED, NO_CONSENT, SHRUNK, LEFT = "suppressed", "no_consent", "shrunk", "left"
EXITS = {SUPPRESSED, NO_CONSENT, SHRUNK, LEFT}


def bucket(salt: str, who: str) -> int:
    salted = md5(salt.encode()).hexdigest()
    return int(md5((salted + who).encode()).hexdigest()[:8], 16) % ALL


@dataclass(frozen=True)
class Row:
    """A row of the model; `says` is its own consent."""

    who: str | None
    plan: str | None
    says: bool | None

    @property
    def person(self) -> str | None:
        return (self.who or "").strip() or None


@dataclass(frozen=True)
class Settings:
    suppress: bool = False
    asks_model: bool = False
    asks_list: bool = False
    holdouts: Mapping[str, tuple[int, bool]] = field(default_factory=dict)
    """By name: buckets below the number are held out; whether those outside are let go."""
    ends: Mapping[str, str] = field(default_factory=dict)
    rollout: int | None = None
    has_cohort: bool = False
    may_shrink: bool = False
    after: Mapping[str, str] = field(default_factory=dict)
    """By sync, the one that has to have somebody first."""

    @property
    def has_rollout(self) -> bool:
        return self.rollout is not None


@dataclass(frozen=True)
class Day:
    """What the warehouse holds when a run plans."""

    at: datetime
    rows: Sequence[Row]
    suppressed: Sequence[tuple[str | None, datetime | None]]
    consents: Sequence[tuple[str | None, bool | None]]
    cohort: Sequence[str | None]
    refused: frozenset[str] = frozenset()
    """People whose changes no destination takes that day."""


@dataclass
class Arm:
    arm: str
    bucket: int
    is_released: bool = False


@dataclass
class Member:
    is_in: bool
    plan: str | None


@dataclass(frozen=True)
class Decided:
    fates: Mapping[str, int]
    changes: frozenset[tuple[str, str, str]]
    """(operation, cause, person)."""
    is_doubtful: bool


def named(people: Iterable[str | None]) -> list[str]:
    return [p.strip() for p in people if p is not None and p.strip()]


@dataclass
class Reference:
    """Two syncs of one model, and what is remembered of them."""

    model: str
    members: dict[str, dict[str, Member]] = field(default_factory=dict)
    arms: dict[str, dict[str, Arm]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    was_under: dict[str, list[str]] = field(default_factory=dict)
    was_rolled_out: dict[str, int] = field(default_factory=dict)

    def run(self, sync: str, day: Day, settings: Settings) -> Decided:
        """Decide, remember what a run remembers, and take everything as delivered that may go."""
        members = self.members.setdefault(sync, {})
        decided = self._decide(sync, day, settings, draws=True)
        if sync in settings.after:
            decided = self._in_order(settings.after[sync], day, settings, decided)
        self._deliver(decided, day, members)
        self.was_under[sync] = list(self._holdouts(sync, settings)[0])
        threshold = self._rollout(sync, settings)[0]
        self.was_rolled_out[sync] = ALL if threshold is None else threshold
        return decided

    def _decide(self, sync: str, day: Day, settings: Settings, draws: bool) -> Decided:
        """What the difference is, before anything waits."""
        members = self.members.get(sync, {})
        doubts = self._doubtful_lists(day, settings)
        under, has_dropped = self._holdouts(sync, settings)
        threshold, has_shrunk = self._rollout(sync, settings)
        is_doubtful = bool(doubts) or has_dropped or has_shrunk
        first = [self._first(row, day, settings, doubts) for row in day.rows]
        if draws and not is_doubtful:
            self._draw(day, first, settings, under)
        details = [
            gate or self._later(row, day, settings, under, threshold, doubts)
            for row, gate in zip(day.rows, first, strict=True)
        ]
        causes = {person: self._without_row(person, day, settings, doubts) for person in members}
        return self._compare(day.rows, details, members, causes, is_doubtful)

    def _in_order(self, first: str, day: Day, settings: Settings, decided: Decided) -> Decided:
        """Adds and changes wait for people whom the first sync lacks, or would change today."""
        there = {who for who, member in self.members.get(first, {}).items() if member.is_in}
        pending = {who for *_, who in self._decide(first, day, settings, draws=False).changes}
        waiting = {
            (op, cause, who)
            for op, cause, who in decided.changes
            if op != "remove" and who not in there - pending
        }
        fates = Counter(decided.fates)
        fates["deferred"] += len(waiting)
        found = {name: number for name, number in fates.items() if number}
        return Decided(found, decided.changes - waiting, decided.is_doubtful)

    # What can be relied on

    def _doubtful_lists(self, day: Day, settings: Settings) -> set[str]:
        asked = {
            "suppressed": (settings.suppress, [who for who, _ in day.suppressed]),
            "consents": (settings.asks_list, [who for who, _ in day.consents]),
            "cohort": (settings.has_cohort and settings.has_rollout, list(day.cohort)),
        }
        doubtful: set[str] = set()
        for name, (is_asked, people) in asked.items():
            if not is_asked:
                continue
            count, blank = len(named(people)), len(people) - len(named(people))
            if blank > len(people) * 0.05 or (not count and self.sizes.get(name)):
                doubtful.add(name)
            else:
                self.sizes[name] = count
        return doubtful

    def _holdouts(self, sync: str, settings: Settings) -> tuple[dict[str, int], bool]:
        """Buckets held out by name, None-like 0 for one that is over; whether adds wait."""
        under = {name: number for name, (number, _) in settings.holdouts.items()}
        has_dropped = False
        for name in self.was_under.get(sync, []):
            if name in under or settings.ends.get(name) == "release":
                continue
            held = [a for a in self.arms.get(name, {}).values() if a.arm == "control"]
            if any(not a.is_released for a in held):
                under[name] = -1
                has_dropped = has_dropped or name not in settings.ends
        return under, has_dropped

    def _rollout(self, sync: str, settings: Settings) -> tuple[int | None, bool]:
        if settings.rollout is None:
            return None, False
        before = self.was_rolled_out.get(sync, 0)
        if settings.rollout < before and not settings.may_shrink:
            return before, True
        return settings.rollout, False

    # The gates

    def _first(self, row: Row, day: Day, settings: Settings, doubts: set[str]) -> str | None:
        person = row.person
        if person is None:
            return "invalid"
        if self._is_suppressed(person, day, settings):
            return SUPPRESSED
        if settings.asks_model and row.says is not True:
            return NO_CONSENT
        if settings.asks_list and "consents" not in doubts:
            answers = [yes for who, yes in day.consents if (who or "").strip() == person]
            if not answers or not all(answers):
                return NO_CONSENT
        return "kept" if row.plan is None else None

    def _is_suppressed(self, person: str, day: Day, settings: Settings) -> bool:
        return settings.suppress and any(
            person == (who or "").strip() and (until is None or until > day.at)
            for who, until in day.suppressed
        )

    def _without_row(self, person: str, day: Day, settings: Settings, doubts: set[str]) -> str:
        """Why a member leaves who has no row in the model."""
        if self._is_suppressed(person, day, settings):
            return SUPPRESSED
        says = [yes for who, yes in day.consents if (who or "").strip() == person]
        is_asked = settings.asks_list and "consents" not in doubts
        return NO_CONSENT if is_asked and says and not all(says) else LEFT

    def _draw(
        self,
        day: Day,
        first: Sequence[str | None],
        settings: Settings,
        under: Mapping[str, int],
    ) -> None:
        cohort = self._cohort(day, settings, set())
        for name, threshold in under.items():
            if threshold < 0:
                continue
            arms = self.arms.setdefault(name, {})
            for row, gate in zip(day.rows, first, strict=True):
                if gate is None and row.person is not None and row.person not in arms:
                    drawn = self._drawn(name, threshold, row.person, cohort)
                    arms[row.person] = Arm(drawn, bucket(f"holdout:{name}", row.person))
            for arm in arms.values():
                lets_go = settings.holdouts[name][1] and arm.bucket >= threshold
                arm.is_released = arm.is_released or (lets_go and arm.arm == "control")

    def _cohort(self, day: Day, settings: Settings, doubts: set[str]) -> list[str]:
        is_asked = settings.has_rollout and settings.has_cohort and "cohort" not in doubts
        return named(day.cohort) if is_asked else []

    def _drawn(self, name: str, threshold: int, person: str, cohort: Sequence[str]) -> str:
        if any(person in members for members in self.members.values()):
            return "prior"
        if person in cohort:
            return "excluded"
        is_control = bucket(f"holdout:{name}", person) < threshold
        return "control" if is_control else "treated"

    def _later(
        self,
        row: Row,
        day: Day,
        settings: Settings,
        under: Mapping[str, int],
        threshold: int | None,
        doubts: set[str],
    ) -> str | None:
        person = row.person or ""
        cohort = self._cohort(day, settings, doubts)
        if any(self._is_held(name, person, settings, under[name], cohort) for name in under):
            return "held_out"
        if threshold is None or threshold >= ALL or "cohort" in doubts:
            return None
        is_in = person in cohort or bucket(f"rollout:{self.model}", person) < threshold
        return None if is_in else SHRUNK

    def _is_held(
        self, name: str, person: str, settings: Settings, threshold: int, cohort: Sequence[str]
    ) -> bool:
        stored = self.arms.get(name, {}).get(person)
        if stored is None:
            return threshold >= 0 and self._drawn(name, threshold, person, cohort) == "control"
        releases = name in settings.holdouts and settings.holdouts[name][1]
        is_let_go = stored.is_released or (releases and stored.bucket >= threshold)
        return stored.arm == "control" and not is_let_go

    # The difference

    def _compare(
        self,
        rows: Sequence[Row],
        details: Sequence[str | None],
        members: Mapping[str, Member],
        causes: Mapping[str, str],
        is_doubtful: bool,
    ) -> Decided:
        by_person: dict[str, list[tuple[Row, str | None]]] = {}
        for row, detail in zip(rows, details, strict=True):
            if row.person is not None:
                by_person.setdefault(row.person, []).append((row, detail))
        fates: Counter[str] = Counter()
        changes: set[tuple[str, str, str]] = set()
        names = {"kept": "invalid", SHRUNK: "outside_rollout"}
        for row, detail in zip(rows, details, strict=True):
            is_doubled = row.person is not None and len(by_person[row.person]) > 1
            if detail is not None or is_doubled:
                fates[names.get(detail or "invalid", detail or "invalid")] += 1
        for person in {*by_person, *members}:
            rows_of, member = by_person.get(person, []), members.get(person)
            change = self._change(rows_of, member, causes.get(person, LEFT))
            if change is not None:
                changes.add((*change, person))
        pending = sum(op in ("add", "change") for op, _, _ in changes)
        fates["unchanged"] = len(rows) - sum(fates.values()) - pending
        return Decided({k: n for k, n in fates.items() if n}, frozenset(changes), is_doubtful)

    def _change(
        self, rows: Sequence[tuple[Row, str | None]], member: Member | None, without_row: str
    ) -> tuple[str, str] | None:
        is_in = member is not None and member.is_in
        details = [detail for _, detail in rows]
        for cause in (SUPPRESSED, NO_CONSENT, SHRUNK):
            if cause in details:
                return ("remove", cause) if is_in else None
        if len(rows) > 1:
            return None
        if not rows:
            return ("remove", without_row) if is_in else None
        row, detail = rows[0]
        if detail is not None:
            return None
        if member is None:
            return "add", "new"
        if not member.is_in:
            return "add", "returned"
        return ("change", "changed") if member.plan != row.plan else None

    def _deliver(self, decided: Decided, day: Day, members: dict[str, Member]) -> None:
        plans = {row.person: row.plan for row in day.rows}
        for op, cause, person in decided.changes:
            if person in day.refused or (decided.is_doubtful and cause not in EXITS):
                continue
            if op == "remove":
                members[person].is_in = False
            else:
                members[person] = Member(True, plans[person])
