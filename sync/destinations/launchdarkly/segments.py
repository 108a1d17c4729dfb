"""Segments: found or created, and filled by one request at a time for each, removals first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.destinations.answers import entries, objects, word
from sync.destinations.exchange import (
    BatchRefused,
    Conversation,
    Request,
    UnreadableAnswer,
)
from sync.destinations.launchdarkly.calls import (
    Environment,
    Segment,
    acknowledged,
    read,
    require_segment,
    require_taken,
)
from sync.destinations.launchdarkly.membership import Step, reject, steps
from sync.destinations.launchdarkly.options import Options, context_kind, segment_keys
from sync.destinations.names import problems
from sync.destinations.stages import Row, in_halves
from sync.errors import Problem
from sync.model import Kind, Outcome, Sync

PATCH_KEYS = 1500  # documented, for all instructions of a request together
BIG_KEYS = 1000  # none is documented; the synced-segment endpoint's usual batch
MAX_TARGETS = 15_000
TAG = "managed-by-dbt-activation"
MISSING = "launchdarkly-no-segment"
CREATE_SECONDS = 1.0  # a new segment may be unknown for a moment


@dataclass(slots=True)
class Segments:
    """The segments of one environment. Whether one is big never changes, so it is asked once."""

    env: Environment
    _is_big: dict[str, bool] = field(default_factory=dict)

    def unready(self, sync: Sync) -> Conversation[list[Problem]]:
        """Segments that a sync can't write to; the others are known from then on."""
        found: list[Problem] = []
        for key in segment_keys(sync):
            if obstacle := (yield from self._look(sync, key)):
                code, text, fix = obstacle
                found += problems(sync, code, [(text, fix)])
        return found

    def apply(self, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        """Bring all segments of a batch up to date.

        A refusal after something was written is settled here, so that it is not written again.
        """
        for whole in steps(rows):
            step = whole.open()
            has_begun = any(row.has_begun for row in rows)
            if step.moves and (yield from self._is_usable(step, has_begun)):
                is_big = self._is_big[step.segment]
                for chunk in step.chunks(BIG_KEYS if is_big else PATCH_KEYS):
                    yield from self._settle(chunk, is_big, any(row.has_begun for row in rows))
        return [row.outcome for row in rows]

    def _is_usable(self, step: Step, has_begun: bool) -> Conversation[bool]:
        try:
            return (yield from self._is_there(step))
        except BatchRefused as e:
            if not has_begun:
                raise
            reject([row for row, _ in step.moves], e.code, e.reason)
            return False

    def _settle(self, step: Step, is_big: bool, has_begun: bool) -> Conversation[None]:
        def send(moves: Sequence[tuple[Row, bool]]) -> Conversation[Sequence[Outcome]]:
            yield from self._send(Step(step.segment, moves), is_big)
            return [row.outcome for row, _ in moves]

        if not has_begun:
            yield from send(step.moves)
            return
        ends = yield from in_halves(step.moves, send, lambda move: move[0].has_begun)
        for (row, _), end in zip(step.moves, ends, strict=True):
            row.outcome = end

    def _look(self, sync: Sync, key: str) -> Conversation[tuple[str, str, str] | None]:
        found = yield from find(self.env, key)
        obstacle = obstacle_in(sync, key, found)
        if found is not None and obstacle is None:
            self._is_big[key] = bool(found.get("unbounded"))
        return obstacle

    def _is_there(self, step: Step) -> Conversation[bool]:
        """Find or create a segment; False where there is nothing to send to it."""
        key = step.segment
        if key not in self._is_big:
            obstacle = yield from self._look(step.sync, key)
            if obstacle is not None:
                code, text, fix = obstacle
                # Nobody is in what isn't there.
                refused = [row for row, is_add in step.moves if is_add or code != MISSING]
                reject(refused, code, f"{text}: {fix}")
            elif key not in self._is_big and step.adds:
                yield from self._create(step)
        return key in self._is_big

    def _create(self, step: Step) -> Conversation[None]:
        key, is_big = step.segment, Options.of(step.sync).big
        about = {"description": f"dbt model {step.sync.model}", "unbounded": is_big}
        kind = {"unboundedContextKind": context_kind(step.sync)} if is_big else {}
        body = {"key": key, "name": key, "tags": [TAG], **about, **kind}
        response = yield Request("POST", self.env.segments, body)
        if response.status in (404, 409):  # 409: created meanwhile; the next attempt looks
            return step.retry(CREATE_SECONDS)
        require_segment(key, acknowledged(response, 201))
        self._is_big[key] = is_big
        return None

    def _send(self, step: Step, is_big: bool) -> Conversation[None]:
        both = {"remove": step.removes, "add": step.adds}
        lists = {verb: [row.part for row in rows] for verb, rows in both.items() if rows}
        kind, why = context_kind(step.sync), _comment(step)
        response = yield self.env.moving(step.segment, is_big, kind, lists, why)
        if response.status == 409:  # another writer was faster
            return step.retry()
        if response.status == 404:  # created just now and not known everywhere, or deleted
            self._is_big.pop(step.segment, None)
            return step.retry(CREATE_SECONDS)
        if response.status == 400 and not is_big:
            found = yield from read(Request("GET", f"{self.env.segments}/{step.segment}"))
            if _blame(found, step):
                return step.retry()
        require_taken(step.segment, is_big, response)
        for row, _ in step.moves:
            row.has_begun = True
        return None


def find(env: Environment, key: str) -> Conversation[Segment | None]:
    """A segment as it stands, None where there is none."""
    response = yield Request("GET", f"{env.segments}/{key}")
    if response.status == 404:
        return None
    found = acknowledged(response).object()
    if found.get("key") != key:
        raise UnreadableAnswer("another segment was shown")
    return found


def obstacle_in(sync: Sync, key: str, found: Segment | None) -> tuple[str, str, str] | None:
    """(code, what keeps a sync from writing to a segment, how to mend it), if anything does."""
    options, kind = Options.of(sync), context_kind(sync)
    if found is None:
        size = "big" if options.big else "list"
        fix = f"create a {size} segment `{key}` for {kind} contexts with the tag {TAG}"
        return None if options.create else (MISSING, f"there is no segment `{key}`", fix)
    another = "name another segment in the entry"
    if integration := found.get("_external"):
        text = f"segment `{key}` is kept by the integration {integration}"
        return "launchdarkly-synced-segment", text, another
    if TAG not in entries(found.get("tags")) and not options.adopt:
        fix = f"give it the tag {TAG}, or set `adopt: true`"
        return "launchdarkly-foreign-segment", f"segment `{key}` is not ours", fix
    if options.big and not found.get("unbounded"):
        text = f"segment `{key}` is a standard one and can't become a big one"
        return "launchdarkly-standard-segment", text, f"{another}, or remove `big: true`"
    theirs = found.get("unboundedContextKind") or kind
    if found.get("unbounded") and theirs != kind:
        text = f"segment `{key}` holds {theirs} keys, not {kind} keys"
        return "launchdarkly-context-kind", text, another
    return None


def keys_in(found: Segment, kind: str, which: str = "included") -> frozenset[str]:
    """A standard segment's keys of one context kind; `which` may be `excluded`."""
    keys = set(map(word, entries(found.get(which)))) if kind == "user" else set()
    for entry in objects(found.get(f"{which}Contexts")):
        if entry.get("contextKind") == kind:
            keys.update(map(word, entries(entry.get("values"))))
    return frozenset(keys)


def size_of(found: Segment) -> int:
    """How many keys a standard segment includes, of all kinds."""
    others = objects(found.get("includedContexts"))
    return len(entries(found.get("included"))) + sum(len(entries(e.get("values"))) for e in others)


def _blame(found: Segment, step: Step) -> bool:
    """Reject only the rows that a refused request failed for; False if there are none."""
    key, kind = step.segment, context_kind(step.sync)
    excluded, inside = keys_in(found, kind, "excluded"), keys_in(found, kind)
    if barred := [row for row in step.adds if row.change.external_id in excluded]:
        text = f"somebody excluded this key from segment `{key}` by hand, which is never overridden"
        fix = "remove the exclusion in LaunchDarkly if it is no longer meant"
        reject(barred, "launchdarkly-excluded", f"{text}: {fix}")
        return True
    leaving = sum(row.change.external_id in inside for row in step.removes)
    room = max(0, MAX_TARGETS - size_of(found) + leaving)
    extra = [row for row in step.adds if row.change.external_id not in inside][room:]
    fix = "create a big segment under another name, and set `big: true`"
    reject(extra, "launchdarkly-full", f"segment `{key}` holds its {MAX_TARGETS} keys: {fix}")
    return bool(extra)


def _comment(step: Step) -> str:
    """For the audit log: a segment keeps no reason for each member."""
    sync = step.sync
    text = f"dbt-activation {sync.name}: +{len(step.adds)} -{len(step.removes)}"
    reasons = Counter(row.change.reason for row, _ in step.moves if row.change.reason)
    is_sent = any(trait.column == sync.reason and not trait.is_pii for trait in sync.traits)
    if not reasons or not is_sent or sync.kind is not Kind.SEGMENT:
        return text
    counts = [f"{reason[:60]}={count}" for reason, count in sorted(reasons.items())[:5]]
    return f"{text} ({', '.join(counts)})"
