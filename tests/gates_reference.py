"""What the gates decide, in plain Python: slow, obvious, and written without looking at the SQL."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from hashlib import md5
from zoneinfo import ZoneInfo

ALL = 10_000
SUPPRESSED, NO_CONSENT, SHRUNK, LEFT = "suppressed", "no_consent", "shrunk", "left"
OUTRANKED = "outranked"
FORGOTTEN = "forgotten"
EXITS = {FORGOTTEN, SUPPRESSED, NO_CONSENT, SHRUNK, OUTRANKED, LEFT}
ZONE = "America/New_York"
DELIVERED, REJECTED = "delivered", "rejected"


def same(text: str | None) -> str:
    """Whom a text means: an e-mail address in any letter case, another name only as it is."""
    bare = (text or "").strip()
    return bare.lower() if "@" in bare else bare


def bucket(salt: str, who: str) -> int:
    salted = md5(salt.encode()).hexdigest()
    return int(md5((salted + who).encode()).hexdigest()[:8], 16) % ALL


@dataclass(frozen=True)
class Row:
    """A row of the model; `says` is its own consent."""

    who: str | None
    plan: str | None
    says: bool | None
    since: datetime | None = None
    """The moment from which the time counts after which it is too late."""
    zone: str | None = None

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
    may_lack: bool = False
    """It is enough that nothing is pending there."""
    cap: tuple[int, int, str] | None = None
    """Of a segment: so many entries in so many hours or days."""
    expires: int | None = None
    """Of a segment: after how many hours it is too late."""
    window: tuple[time, time, str | None] | None = None
    """Of a segment: when people enter, in their own zone or in this one."""
    limit: int | None = None
    """So many enter in one run."""

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
    answers: Mapping[str, str] = field(default_factory=dict)
    """By person, where a change is not simply delivered: rejected, or nobody knows."""
    forgotten: Sequence[str] = ()
    """Identities that were forgotten so far, as they were written then."""


@dataclass
class Arm:
    arm: str
    bucket: int
    is_released: bool = False
    told_at: datetime | None = None
    """The first run in which everything but the holdout let the person through."""

    @property
    def stored(self) -> tuple[str, int, bool, datetime | None]:
        """As the state has it: moments are in UTC, without a zone."""
        at = self.told_at and self.told_at.astimezone(UTC).replace(tzinfo=None)
        return self.arm, self.bucket, self.is_released, at


@dataclass
class Member:
    is_in: bool = False
    plan: str | None = None
    open: str | None = None
    """The operation that had no usable answer."""
    stays: int = 0
    """How often the person came in, as far as that is certain."""
    came_at: datetime | None = None
    """When that was acknowledged last."""

    @property
    def may_be_in(self) -> bool:
        return self.is_in or self.open is not None

    @property
    def is_seated(self) -> bool:
        """Inside, or perhaps so, and not on the way out."""
        return self.open == "add" or (self.is_in and self.open != "remove")

    @property
    def stay(self) -> int:
        """The number of the stay that an exit ends."""
        is_certain = self.open != "add" and self.may_be_in
        return self.stays if is_certain else self.stays + 1


@dataclass(frozen=True)
class Entry:
    person: str
    stay: int
    at: datetime


@dataclass(frozen=True)
class Decided:
    fates: Mapping[str, int]
    changes: frozenset[tuple[str, str, str]]
    """(operation, cause, person)."""
    is_doubtful: bool


def named(people: Iterable[str | None]) -> list[str]:
    return [same(p) for p in people if same(p)]


def is_expired(row: Row, day: Day, settings: Settings) -> bool:
    if settings.expires is None:
        return False
    return row.since is None or row.since + timedelta(hours=settings.expires) <= day.at


def is_outside(row: Row, day: Day, settings: Settings) -> bool:
    if settings.window is None:
        return False
    opens, closes, default = settings.window
    own = (row.zone or "").strip()
    zone = own if own in ("America/New_York", "Asia/Tokyo") else default
    if zone is None:
        return True
    local = day.at.astimezone(ZoneInfo(zone)).time()
    is_open = opens <= local < closes if opens < closes else local >= opens or local < closes
    return not is_open


@dataclass
class Reference:
    """Two syncs of one model, and what is remembered of them."""

    model: str
    in_any_case: Collection[str] = ()
    """Syncs whose destination takes capitals and small letters of an identity for the same."""
    members: dict[str, dict[str, Member]] = field(default_factory=dict)
    arms: dict[str, dict[str, Arm]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    was_under: dict[str, list[str]] = field(default_factory=dict)
    was_rolled_out: dict[str, int] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    was_capped: dict[str, bool] = field(default_factory=dict)
    was_grouped: dict[str, bool] = field(default_factory=dict)
    group: Group | None = None

    def run(self, sync: str, day: Day, settings: Settings, is_segment: bool = False) -> Decided:
        """Decide, send what may go, and remember what a run remembers."""
        members = self.members.setdefault(sync, {})
        decided = self._decide(sync, day, settings, draws=True)
        cap = settings.cap if is_segment else None
        full = self._full(sync, cap, day.at)
        waiting = self._waiting(sync, day, settings, decided, full)
        expired = set[tuple[str, str, str]]()
        if is_segment:
            expired = self._entering(decided, day, lambda row: is_expired(row, day, settings))
            waiting |= self._entering(decided, day, lambda row: is_outside(row, day, settings))
        waiting |= self._beyond(decided, settings.limit, waiting | expired)
        decided = self._without(decided, expired, waiting - expired, members)
        self._deliver(decided, day, members, self.entries[sync] if cap else None)
        self.was_capped[sync] = cap is not None
        self.was_grouped[sync] = self.group is not None and self.group.has(self)
        self.was_under[sync] = list(self._holdouts(sync, settings)[0])
        threshold = self._rollout(sync, settings)[0]
        self.was_rolled_out[sync] = ALL if threshold is None else threshold
        return decided

    def _decide(self, sync: str, day: Day, settings: Settings, draws: bool) -> Decided:
        """What the difference is, before anything waits."""
        members = self.members.get(sync, {})
        doubts = self._doubtful_lists(day, settings, learns=draws)
        under, has_dropped = self._holdouts(sync, settings)
        threshold, has_shrunk = self._rollout(sync, settings)
        is_doubtful = bool(doubts) or has_dropped or has_shrunk
        first = [self._first(sync, row, day, settings, doubts) for row in day.rows]
        if draws and not is_doubtful:
            self._draw(day, first, settings, under)
        details = [
            gate or self._later(row, day, settings, under, threshold, doubts)
            for row, gate in zip(day.rows, first, strict=True)
        ]
        outranked = self.group.outranked(self) if self.group is not None else set()
        details = [
            gate or (OUTRANKED if row.person in outranked else None)
            for row, gate in zip(day.rows, details, strict=True)
        ]
        if draws and not is_doubtful:
            passing = [
                row
                for row, gate in zip(day.rows, first, strict=True)
                if gate is None and row.person not in outranked
            ]
            self._tell(day, passing, settings, under, threshold)
        causes = {
            person: self._without_row(sync, person, day, settings, doubts) for person in members
        }
        return self._compare(day.rows, details, members, causes, is_doubtful)

    def _waiting(
        self, sync: str, day: Day, settings: Settings, decided: Decided, full: set[str]
    ) -> set[tuple[str, str, str]]:
        """Adds of people who have come in as often as they may; then adds and changes of people
        whom the first sync lacks, or would change today."""
        taken = full | (self.group.occupied(self) if self.group else set())
        found = {
            one for one in decided.changes if one[1] in ("new", "returned") and one[2] in taken
        }
        if sync not in settings.after:
            return found
        first = settings.after[sync]
        members = self.members.get(first, {})
        there = {who for who, member in members.items() if member.is_in and not member.open}
        pending = {who for *_, who in self._decide(first, day, settings, draws=False).changes}
        open_there = {who for who, member in members.items() if member.open}
        held = pending | open_there
        return found | {
            (op, cause, who)
            for op, cause, who in decided.changes
            if op != "remove" and (who in held if settings.may_lack else who not in there - pending)
        }

    def _entering(
        self, decided: Decided, day: Day, when: Callable[[Row], bool]
    ) -> set[tuple[str, str, str]]:
        """Adds of people whose row is one of these."""
        rows = {row.person for row in day.rows if when(row)}
        return {one for one in decided.changes if one[0] == "add" and one[2] in rows}

    def _beyond(
        self, decided: Decided, limit: int | None, held: set[tuple[str, str, str]]
    ) -> set[tuple[str, str, str]]:
        """Entries after the first so many of those that nothing else holds, in their order."""
        entering = [one for one in decided.changes - held if one[1] in ("new", "returned")]
        return set() if limit is None else set(sorted(entering, key=lambda one: one[2])[limit:])

    def _without(
        self,
        decided: Decided,
        expired: set[tuple[str, str, str]],
        waiting: set[tuple[str, str, str]],
        members: Mapping[str, Member],
    ) -> Decided:
        """What waits is deferred; whose exit had no answer is removed again meanwhile."""
        fates = Counter(decided.fates)
        fates["deferred"] += len(waiting)
        fates["expired"] += len(expired)
        waiting = waiting | expired
        again = {
            ("remove", LEFT, who)
            for _, _, who in waiting
            if who in members and members[who].open == "remove"
        }
        found = {name: number for name, number in fates.items() if number}
        return Decided(found, decided.changes - waiting | again, decided.is_doubtful)

    # What can be relied on

    def candidates(self, sync: str, day: Day, settings: Settings) -> list[Row] | None:
        """Rows that every gate but the group's lets through; None while something is doubtful."""
        doubts = self._doubtful_lists(day, settings, learns=False)
        under, has_dropped = self._holdouts(sync, settings)
        threshold, has_shrunk = self._rollout(sync, settings)
        if doubts or has_dropped or has_shrunk:
            return None
        times = Counter(row.person for row in day.rows)
        return [
            row
            for row in day.rows
            if times[row.person] == 1
            and self._first(sync, row, day, settings, doubts) is None
            and self._later(row, day, settings, under, threshold, doubts) is None
        ]

    def is_barred(self, sync: str, row: Row, day: Day, settings: Settings) -> bool:
        """Whether somebody who is not inside can't come in, and leaves the place to the next."""
        if is_expired(row, day, settings):
            return True
        alone = copy.deepcopy(replace(self, group=None))
        alone.members.setdefault(sync, {})
        return row.person in alone._full(sync, settings.cap, day.at)

    def _doubtful_lists(self, day: Day, settings: Settings, learns: bool = True) -> set[str]:
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
            elif learns:
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

    def _first(
        self, sync: str, row: Row, day: Day, settings: Settings, doubts: set[str]
    ) -> str | None:
        person = row.person
        if person is None:
            return "invalid"
        if self._is_forgotten(sync, person, day):
            return FORGOTTEN
        if self._is_suppressed(person, day, settings):
            return SUPPRESSED
        if settings.asks_model and row.says is not True:
            return NO_CONSENT
        if settings.asks_list and "consents" not in doubts:
            answers = [yes for who, yes in day.consents if same(who) == same(person)]
            if not answers or not all(answers):
                return NO_CONSENT
        return "kept" if row.plan is None else None

    def _is_forgotten(self, sync: str, person: str, day: Day) -> bool:
        if sync in self.in_any_case:
            return person.lower() in [who.lower() for who in day.forgotten]
        return same(person) in map(same, day.forgotten)

    def _is_suppressed(self, person: str, day: Day, settings: Settings) -> bool:
        return settings.suppress and any(
            same(person) == same(who) and (until is None or until > day.at)
            for who, until in day.suppressed
        )

    def _without_row(
        self, sync: str, person: str, day: Day, settings: Settings, doubts: set[str]
    ) -> str:
        """Why a member leaves who has no row in the model."""
        if self._is_forgotten(sync, person, day):
            return FORGOTTEN
        if self._is_suppressed(person, day, settings):
            return SUPPRESSED
        says = [yes for who, yes in day.consents if same(who) == same(person)]
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
                who = same(row.person)
                if gate is None and who and who not in arms:
                    drawn = self._drawn(name, threshold, who, cohort)
                    arms[who] = Arm(drawn, bucket(f"holdout:{name}", who))
            for arm in arms.values():
                lets_go = settings.holdouts[name][1] and arm.bucket >= threshold
                arm.is_released = arm.is_released or (lets_go and arm.arm == "control")

    def _tell(
        self,
        day: Day,
        passing: Sequence[Row],
        settings: Settings,
        under: Mapping[str, int],
        threshold: int | None,
    ) -> None:
        """Whom nothing but a holdout keeps out, or nothing at all, is known to it from now on."""
        cohort = self._cohort(day, settings, set())
        for name in under:
            others = [other for other in under if other != name]
            for row in passing:
                person = same(row.person)
                arm = self.arms.get(name, {}).get(person)
                if arm is None or self._is_outside(person, threshold, cohort):
                    continue
                if not any(self._is_held(o, person, settings, under[o], cohort) for o in others):
                    arm.told_at = arm.told_at or day.at

    def _cohort(self, day: Day, settings: Settings, doubts: set[str]) -> list[str]:
        is_asked = settings.has_rollout and settings.has_cohort and "cohort" not in doubts
        return named(day.cohort) if is_asked else []

    def _drawn(self, name: str, threshold: int, person: str, cohort: Sequence[str]) -> str:
        reached = self.group.under(self, name) if self.group else self.members.values()
        known = [
            member for members in reached for who, member in members.items() if same(who) == person
        ]
        if any(member.stays or member.open for member in known):
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
        person = same(row.person)
        cohort = self._cohort(day, settings, doubts)
        if any(self._is_held(name, person, settings, under[name], cohort) for name in under):
            return "held_out"
        is_known = "cohort" not in doubts
        return SHRUNK if is_known and self._is_outside(person, threshold, cohort) else None

    def _is_outside(self, person: str, threshold: int | None, cohort: Sequence[str]) -> bool:
        if threshold is None or threshold >= ALL or person in cohort:
            return False
        return bucket(f"rollout:{self.model}", person) >= threshold

    def _is_held(
        self, name: str, person: str, settings: Settings, threshold: int, cohort: Sequence[str]
    ) -> bool:
        stored = self.arms.get(name, {}).get(person)
        if stored is None:
            return threshold >= 0 and self._drawn(name, threshold, person, cohort) == "control"
        releases = name in settings.holdouts and settings.holdouts[name][1]
        is_let_go = stored.is_released or (releases and stored.bucket >= threshold)
        return stored.arm == "control" and not is_let_go

    # How often

    def _full(self, sync: str, cap: tuple[int, int, str] | None, at: datetime) -> set[str]:
        """Who has come in as often as they may."""
        entries = self.entries.setdefault(sync, [])
        if cap is None:
            return set()
        if not self.was_capped.get(sync):
            for person, member in self.members[sync].items():
                is_known = any((e.person, e.stay) == (person, member.stays) for e in entries)
                if member.came_at and member.stays and not is_known:
                    entries.append(Entry(person, member.stays, member.came_at))
        most, number, unit = cap
        counted = Counter(e.person for e in entries if self._counts(e.at, at, number, unit))
        return {person for person, times in counted.items() if times >= most}

    def _counts(self, entered_at: datetime, at: datetime, number: int, unit: str) -> bool:
        if unit == "hour":
            return entered_at + timedelta(hours=number) > at
        zone = ZoneInfo(ZONE)
        first_day = at.astimezone(zone).date() - timedelta(days=number - 1)
        return entered_at >= datetime.combine(first_day, time(), zone)

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
        names = {"kept": "invalid", SHRUNK: "outside_rollout", FORGOTTEN: "suppressed"}
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
        is_in = member is not None and member.may_be_in
        details = [detail for _, detail in rows]
        for cause in (FORGOTTEN, SUPPRESSED, NO_CONSENT, SHRUNK, OUTRANKED):
            if cause in details:
                return ("remove", cause) if is_in else None
        if len(rows) > 1:
            return None
        if not rows:
            return ("remove", without_row) if is_in else None
        row, detail = rows[0]
        if detail is not None:
            return None
        if member is None or not member.may_be_in:
            return "add", "returned" if member and member.stays else "new"
        if member.open == "remove":
            return "add", "returned"
        if member.open is not None:
            return member.open, "in doubt"
        return ("change", "changed") if member.plan != row.plan else None

    def _deliver(
        self,
        decided: Decided,
        day: Day,
        members: dict[str, Member],
        entries: list[Entry] | None,
    ) -> None:
        plans = {row.person: row.plan for row in day.rows}
        for op, cause, person in decided.changes:
            if decided.is_doubtful and cause not in EXITS:
                continue
            member = members.setdefault(person, Member())
            answer = day.answers.get(person, DELIVERED)
            stay = member.stays + 1 if op == "add" else member.stay
            if answer == REJECTED:
                continue
            if op == "add" and entries is not None:
                is_again = cause == "in doubt"
                is_known = any((e.person, e.stay) == (person, stay) for e in entries)
                if not (is_again and is_known):
                    entries.append(Entry(person, stay, day.at))
            if answer == DELIVERED:
                self._acknowledge(member, op, stay, plans.get(person), day.at)
            else:
                member.open = op
                member.stays = stay if op == "remove" else member.stays

    def _acknowledge(
        self, member: Member, op: str, stay: int, plan: str | None, at: datetime
    ) -> None:
        member.open, member.stays = None, stay
        member.is_in, member.plan = op != "remove", None if op == "remove" else plan
        if op == "add":
            member.came_at = at


@dataclass
class Today:
    """One model of a group, on one day."""

    day: Day
    settings: Settings
    priority: int
    is_doubted: bool = False
    is_gone: bool = False
    """The project does not have it."""
    is_apart: bool = False
    """It does not name the group."""
    takes_over: bool = True


@dataclass
class Group:
    """Models of which a person is in one at a time."""

    syncs: Mapping[str, Sequence[str]]
    """By model."""
    models: dict[str, Reference] = field(default_factory=dict)
    today: Mapping[str, Today] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        arms: dict[str, dict[str, Arm]] = {}
        for name in self.syncs:
            self.models[name] = Reference(name, sizes=sizes, arms=arms, group=self)

    def has(self, model: Reference) -> bool:
        return not self.today[model.model].is_apart

    def _rivals(self, of: Reference) -> list[Reference]:
        if self.today[of.model].is_apart:
            return []
        now = self.today
        return [m for name, m in self.models.items() if name != of.model and not now[name].is_apart]

    def _members(self, model: Reference) -> list[dict[str, Member]]:
        return [model.members.get(sync, {}) for sync in self.syncs[model.model]]

    def _recorded(self, model: Reference) -> list[dict[str, Member]]:
        """Of a model that is gone, the syncs that were in the group when they ran last."""
        if not self.today[model.model].is_gone:
            return self._members(model)
        return [model.members[sync] for sync, was_in in model.was_grouped.items() if was_in]

    def occupied(self, of: Reference) -> set[str]:
        """People who are in another segment, or may be."""
        return set().union(*(self.perhaps(rival) for rival in self._rivals(of)))

    def perhaps(self, model: Reference) -> set[str]:
        everyone = [m.items() for m in self._recorded(model)]
        return {who for members in everyone for who, member in members if member.may_be_in}

    def outranked(self, of: Reference) -> set[str]:
        """People whom a model with a smaller number has, or would let in."""
        found: set[str] = set()
        for rival in self._rivals(of):
            now = self.today[rival.model]
            if not now.is_gone and now.priority < self.today[of.model].priority:
                found |= self._held_by(rival, of)
        return found

    def _held_by(self, rival: Reference, of: Reference) -> set[str]:
        now = self.today[rival.model]
        wanted = {
            sync: rival.candidates(sync, now.day, now.settings) for sync in self.syncs[rival.model]
        }
        if now.is_doubted or None in wanted.values():
            return self.perhaps(rival) - self.perhaps(of)
        seated = self._seated(rival)
        staying = set() if now.takes_over else self._seated(of) - seated
        return {
            row.person or ""
            for sync, rows in wanted.items()
            for row in rows or ()
            if row.person in seated or not rival.is_barred(sync, row, now.day, now.settings)
        } - staying

    def _seated(self, model: Reference) -> set[str]:
        members = self._members(model)
        return {who for each in members for who, member in each.items() if member.is_seated}

    def under(self, of: Reference, holdout: str) -> list[dict[str, Member]]:
        """Whom each sync under a holdout has reached, the model's own among them."""
        return [
            members
            for name, model in self.models.items()
            if name == of.model
            or (not self.today[name].is_gone and holdout in self.today[name].settings.holdouts)
            for members in self._members(model)
        ]
