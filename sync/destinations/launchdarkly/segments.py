"""Members in and out of segments: one request at a time for each segment, removals first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.core import DELIVERED, Kind, Outcome, Rejected, Retry, Sync
from sync.destinations.launchdarkly.calls import Busy, Place, api, body_of, exchange, refusal
from sync.destinations.launchdarkly.mapping import context_kind, memberships, options_of
from sync.destinations.spec import JSON, Conversation, Item, UnreadableAnswer

PATCH_KEYS = 1500  # documented, for all instructions of a request together
BIG_KEYS = 1000  # none is documented; the synced-segment endpoint's usual batch
MAX_TARGETS = 15_000
TAG = "managed-by-dbt-activation"
CREATE_SECONDS = 1.0  # a new segment may be unknown for a moment


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch means for one segment; numbers are places in the batch."""

    segment: str
    removes: Sequence[int]
    adds: Sequence[int]

    def chunks(self, size: int) -> Iterator[Step]:
        """Requests' worth of it, removals first."""
        count = len(self.removes)
        both = [*self.removes, *self.adds]
        for start in range(0, len(both), size):
            end = start + size
            removes = both[start : min(end, count)]
            yield Step(self.segment, removes, both[max(start, count) : end])


def steps(batch: Sequence[Item]) -> list[Step]:
    """Who leaves and who joins, by segment. Within a batch all changes are of one sync.

    Removals from all segments come before additions to any, or after them if the entry says so.
    """
    removes: dict[str, list[int]] = {}
    adds: dict[str, list[int]] = {}
    for place, item in enumerate(batch):
        sync, change = item.pieces[0]
        for segment, is_add in memberships(sync, change):
            (adds if is_add else removes).setdefault(segment, []).append(place)
    if not removes or not adds or len(removes.keys() | adds.keys()) == 1:
        return [
            Step(segment, removes.get(segment, ()), adds.get(segment, ()))
            for segment in dict.fromkeys([*removes, *adds])
        ]
    leaving = [Step(segment, places, ()) for segment, places in removes.items()]
    joining = [Step(segment, (), places) for segment, places in adds.items()]
    is_add_first = options_of(batch[0].pieces[0].sync).tier_order == "add_first"
    return [*joining, *leaving] if is_add_first else [*leaving, *joining]


@dataclass(slots=True)
class Progress:
    """Outcomes of a batch on its way; `left` counts the requests an item still waits for."""

    outcomes: list[Outcome]
    left: Counter[int] = field(default_factory=Counter)
    touched: set[int] = field(default_factory=set)

    def is_open(self, place: int) -> bool:
        """Whether nothing has gone wrong with this item so far."""
        return self.outcomes[place] is DELIVERED

    def applied(self, places: Sequence[int]) -> None:
        """One request about these items was acknowledged."""
        self.left.subtract(places)
        self.touched.update(places)

    def reject(self, places: Sequence[int], code: str, reason: str) -> None:
        """Refuse these items, as partial where an earlier segment has already taken them."""
        for place in places:
            self.outcomes[place] = Rejected(code, reason, place in self.touched)

    def retry(self, seconds: float = 0.0, places: Sequence[int] | None = None) -> None:
        """Send these items again, or all that still wait for a request."""
        waiting = [i for i, count in self.left.items() if count > 0] if places is None else places
        for place in waiting:
            if self.is_open(place):
                self.outcomes[place] = Retry(seconds)


@dataclass(slots=True)
class Segments:
    """The segments of one environment.

    What a segment is (big or not, whose) is fixed or moves rarely, so it is asked once.
    """

    place: Place
    _is_big: dict[str, bool] = field(default_factory=dict)

    def apply(self, batch: Sequence[Item], progress: Progress) -> Conversation[None]:
        """Bring all segments of a batch up to date; outcomes go into `progress`."""
        todo = steps(batch)
        for step in todo:
            progress.left.update([*step.removes, *step.adds])
        for step in todo:
            sync = batch[0].pieces[0].sync
            if step.segment not in self._is_big:
                problem = yield from self._learn(step, sync)
                if problem is not None:
                    progress.reject(_open(step.adds, progress), *problem)
                    progress.reject(_open(step.removes, progress), *problem)
                    continue
            if step.segment not in self._is_big:
                progress.left.subtract(step.removes)  # nobody is in what isn't there
                continue
            is_big = self._is_big[step.segment]
            for chunk in step.chunks(BIG_KEYS if is_big else PATCH_KEYS):
                removes, adds = _open(chunk.removes, progress), _open(chunk.adds, progress)
                if removes or adds:
                    send = self._post if is_big else self._patch
                    yield from send(Step(step.segment, removes, adds), batch, progress)

    def _learn(self, step: Step, sync: Sync) -> Conversation[tuple[str, str] | None]:
        """Find or create a segment; (code, reason) when it must not be written to."""
        key, options = step.segment, options_of(sync)
        response = yield from exchange(api("GET", self.place.segment(key)))
        if response.status == 404:
            if not step.adds:
                return None
            if not options.create:
                return "launchdarkly-no-segment", f"there is no segment `{key}`: create it"
            yield from self._create(key, sync)
            self._is_big[key] = options.big
            return None
        found = body_of(response)
        if found.get("key") != key:
            raise UnreadableAnswer("another segment was shown")
        if problem := unwritable(found, sync):
            return problem
        self._is_big[key] = bool(found.get("unbounded"))
        return None

    def _create(self, key: str, sync: Sync) -> Conversation[None]:
        big = options_of(sync).big
        body = {"key": key, "name": key, "description": f"dbt model {sync.model}", "tags": [TAG]}
        kind = {"unboundedContextKind": context_kind(sync)} if big else {}
        request = api("POST", self.place.segment(), {**body, "unbounded": big, **kind})
        response = yield from exchange(request)
        if response.status == 404:
            raise Busy(CREATE_SECONDS)
        # 409: somebody else created it in between; the next attempt reads what it is.
        if response.status == 409:
            raise Busy()
        if body_of(response).get("key") != key:
            raise UnreadableAnswer("another segment was created")

    def _patch(self, step: Step, batch: Sequence[Item], progress: Progress) -> Conversation[None]:
        sync = batch[0].pieces[0].sync
        kind = context_kind(sync)
        instructions = [
            {"kind": verb, "contextKind": kind, "values": [batch[i].parts[0] for i in places]}
            for verb, places in (
                ("removeIncludedTargets", step.removes),
                ("addIncludedTargets", step.adds),
            )
            if places
        ]
        body: dict[str, JSON] = {"environmentKey": self.place.environment}
        body |= {"instructions": instructions, "comment": _comment(sync, step, batch)}
        path = self.place.segment(step.segment)
        response = yield from exchange(api("PATCH", path, body))
        self._again_if_moved(response.status, step.segment)
        if response.status == 400:
            found = body_of((yield from exchange(api("GET", path))))
            if not _explain(found, step, batch, progress):
                raise refusal(response)
            return
        if response.status != 200 or body_of(response).get("key") != step.segment:
            raise UnreadableAnswer("the answer is not the segment that was written")
        progress.applied([*step.removes, *step.adds])

    def _post(self, step: Step, batch: Sequence[Item], progress: Progress) -> Conversation[None]:
        lists = {"remove": step.removes, "add": step.adds}
        included = {k: [batch[i].parts[0] for i in v] for k, v in lists.items() if v}
        path = self.place.segment(step.segment, "contexts")
        response = yield from exchange(api("POST", path, {"included": included}))
        self._again_if_moved(response.status, step.segment)
        if response.status == 400:
            raise refusal(response)
        if response.status != 204:
            raise UnreadableAnswer("big segments answer 204")
        progress.applied([*step.removes, *step.adds])

    def _again_if_moved(self, status: int, segment: str) -> None:
        """409: another writer was faster. 404: just created and not yet known, or deleted."""
        if status == 409:
            raise Busy()
        if status == 404:
            self._is_big.pop(segment, None)
            raise Busy(CREATE_SECONDS)


def unwritable(found: Mapping[str, JSON], sync: Sync) -> tuple[str, str] | None:
    """Why a segment that exists is not ours to write to."""
    key, kind = found.get("key"), context_kind(sync)
    if found.get("_external"):
        text = f"segment `{key}` is kept by the integration {found['_external']}: choose another"
        return "launchdarkly-synced-segment", text
    if TAG not in (found.get("tags") or ()) and not options_of(sync).adopt:
        text = f"segment `{key}` is not ours: give it the tag {TAG}, or set `adopt: true`"
        return "launchdarkly-foreign-segment", text
    theirs = found.get("unboundedContextKind") or kind
    if found.get("unbounded") and theirs != kind:
        return "launchdarkly-context-kind", f"segment `{key}` holds {theirs} keys, not {kind} keys"
    return None


def keys_in(found: Mapping[str, JSON], kind: str, which: str = "included") -> frozenset[str]:
    """A standard segment's keys of one context kind; `which` may be `excluded`."""
    keys = set(found.get(which) or ()) if kind == "user" else set()
    for entry in found.get(f"{which}Contexts") or ():
        if isinstance(entry, dict) and entry.get("contextKind") == kind:
            keys.update(entry.get("values") or ())
    return frozenset(keys)


def size_of(found: Mapping[str, JSON]) -> int:
    """How many keys a standard segment includes, of all kinds."""
    others = sum(len(e.get("values") or ()) for e in found.get("includedContexts") or ())
    return len(found.get("included") or ()) + others


def _explain(
    found: Mapping[str, JSON], step: Step, batch: Sequence[Item], progress: Progress
) -> bool:
    """Find whom a refused request failed for, so that only they are rejected; False if nobody."""
    sync = batch[0].pieces[0].sync
    kind, key = context_kind(sync), step.segment
    address = {i: batch[i].pieces[0].change.address for i in (*step.removes, *step.adds)}
    excluded = keys_in(found, kind, "excluded")
    guilty = [i for i in step.adds if address[i] in excluded]
    progress.reject(
        guilty,
        "launchdarkly-excluded",
        f"somebody excluded this key from segment `{key}` by hand, which is never overridden:"
        " remove the exclusion in LaunchDarkly if it is no longer meant",
    )
    if not guilty:
        inside = keys_in(found, kind)
        leaving = sum(address[i] in inside for i in step.removes)
        room = max(0, MAX_TARGETS - size_of(found) + leaving)
        guilty = [i for i in step.adds if address[i] not in inside][room:]
        progress.reject(
            guilty,
            "launchdarkly-full",
            f"segment `{key}` holds its {MAX_TARGETS} keys: create a big segment under another"
            " name, and set `big: true`",
        )
    if guilty:
        progress.retry(places=[*step.removes, *step.adds])
    return bool(guilty)


def _open(places: Sequence[int], progress: Progress) -> list[int]:
    return [i for i in places if progress.is_open(i)]


def _comment(sync: Sync, step: Step, batch: Sequence[Item]) -> str:
    """For the audit log: a segment keeps no reason for each member."""
    text = f"dbt-activation {sync.name}: +{len(step.adds)} -{len(step.removes)}"
    changes = [batch[i].pieces[0].change for i in (*step.removes, *step.adds)]
    reasons = Counter(c.reason for c in changes if c.reason)
    is_sent = any(trait.column == sync.reason and not trait.is_pii for trait in sync.traits)
    if not reasons or not is_sent or sync.kind is not Kind.SEGMENT:
        return text
    counts = [f"{reason[:60]}={count}" for reason, count in sorted(reasons.items())[:5]]
    return f"{text} ({', '.join(counts)})"
