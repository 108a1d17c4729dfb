"""Which syncs may run, going by what is known of their models' builds and tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sync.errors import Problem
from sync.model import Sync
from sync.project.advice import build, or_allow
from sync.project.artifacts import Manifest
from sync.project.evidence import NOTHING, Allowed, Evidence
from sync.project.freshness import Freshness, Load
from sync.project.judging import know
from sync.project.list_evidence import ListEvidence
from sync.project.profiles import Profile
from sync.project.run_results import RunResults
from sync.project.traces import Traces, no_trace
from sync.project.verdicts import LONG_AGO, Known, Status, Verdict

NO_LOADS: Mapping[str, Load] = {}


@dataclass(frozen=True, slots=True)
class Gated:
    """What a gate has to say about one sync: a refusal, or else a warning while it goes on."""

    sync: Sync
    problem: Problem
    is_refused: bool
    exit_code: int = 3
    """Of a run in which it is refused."""


@dataclass(frozen=True, slots=True)
class BuiltFor:
    """The target that a run is for, to tell whether dbt built the same one."""

    profile: str
    target: str
    default_target: str

    @classmethod
    def of(cls, profile: Profile) -> BuiltFor:
        """What a profile says."""
        return cls(profile.name, profile.target.name, profile.default_target)


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the gates found."""

    open: list[Sync]
    gated: list[Gated]
    verdicts: tuple[Verdict, ...] = ()
    """All that is known now, to be remembered by a run that writes."""
    doubts: Mapping[str, Sequence[Problem]] = field(default_factory=dict)
    """By sync, why a model that decides who may be sent can't be relied on; of an open one, also
    why what it sends is too old."""
    doubted: frozenset[str] = frozenset()
    """Unique ids of those models, and of models of exclusive groups that can't be relied on."""
    unproven: frozenset[str] = frozenset()
    """Names of open syncs whose model may have been built again since it was proved."""
    guarded: tuple[Gated, ...] = ()
    """Refusals of syncs from which people who must not be reached leave all the same."""

    def refusal(self, sync: Sync) -> Gated | None:
        """Why a sync is refused that plans the exits of people who must not be reached."""
        return next((one for one in self.guarded if one.sync.name == sync.name), None)

    def built_at(self, sync: Sync) -> datetime | None:
        """When dbt last built the model of a sync, as far as that is known."""
        known = (v.at for v in self.verdicts if v.node == sync.unique_id and v.at != LONG_AGO)
        return next(known, None)

    def hold_removals(self, sync: Sync, removes: int) -> Problem | None:
        """The reason to let removals wait that nothing proves; None when they may go."""
        if not removes or sync.name not in self.unproven:
            return None
        return Problem(
            "removals-unproven",
            f"{removes} removals of {sync.name} wait: a later build of model {sync.model} than the"
            " last known one may have failed",
            where=sync.path,
            hint="Adds and changes are not held.",
            fix=or_allow(build(sync), sync, "unproven"),
        )


def gate(
    manifest: Manifest,
    run_results: RunResults | None,
    syncs: Sequence[Sync],
    is_strict: bool = False,
    built_for: BuiltFor | None = None,
    remembered: Sequence[Verdict] = (),
    traces: Traces = no_trace,
    allowed: Allowed = NOTHING,
    now: datetime | None = None,
    loads: Mapping[str, Load] = NO_LOADS,
    grouped: Sequence[Sync] = (),
) -> Preflight:
    """The syncs that may run, and every refusal and warning.

    `remembered` are the verdicts of earlier runs, `traces` tell when dbt last executed a node,
    `loads` when sources were loaded, by unique id. A model needs a good verdict: from today's
    results, or remembered and not overtaken. What the evidence leaves open warns, and refuses when
    strict. A refused sync is left as it is: no row of its model removes anybody. Of syncs that
    are `grouped`, selected or not, is told whether their models can be relied on.
    """
    other = _other_target(run_results, built_for)
    ours, ours_left = (None, no_trace) if other else (run_results, traces)
    now = now or datetime.now(UTC)
    known = know(manifest, ours, remembered, now, ours_left)
    evidence = Evidence(manifest, run_results, known, traces, allowed, other)
    opened: list[Sync] = []
    gated: list[Gated] = []
    for sync in syncs:
        refusals = list(evidence.refusals(sync))
        doubts = [] if refusals else list(evidence.doubts(sync))
        gated += [Gated(sync, problem, is_refused=True) for problem in refusals]
        gated += [Gated(sync, problem, is_refused=is_strict) for problem in doubts]
        if not refusals and not (doubts and is_strict):
            opened.append(sync)
    unproven = frozenset(s.name for s in opened if not evidence.is_proven(s))
    verdicts = _with_reads(manifest, known, opened)
    asked = ListEvidence(evidence, known, is_strict, now)
    fresh = Freshness(manifest, known, loads, now)
    open_names = set() if allowed.old else {sync.name for sync in opened}
    doubts_of = {
        sync.name: [*asked.doubts(sync), *(fresh.doubts(sync) if sync.name in open_names else ())]
        for sync in syncs
    }
    unsure = {name: told for name, told in doubts_of.items() if told}
    doubted = frozenset(node for sync in syncs for node in asked.doubted(sync))
    doubted |= {sync.unique_id for sync in grouped if _is_refused(sync, evidence, is_strict)}
    return Preflight(opened, gated, verdicts, unsure, doubted, unproven)


def _is_refused(sync: Sync, evidence: Evidence, is_strict: bool) -> bool:
    refused = any(True for _ in evidence.refusals(sync))
    return refused or (is_strict and any(True for _ in evidence.doubts(sync)))


def _other_target(run: RunResults | None, ours: BuiltFor | None) -> str:
    """In words, what dbt last built when it is not what we are about to sync; else empty."""
    if run is None or ours is None:
        return ""
    if run.profile and run.profile != ours.profile:
        return f"dbt last ran with profile {run.profile}, and this run is for {ours.profile}"
    built = run.target or ours.default_target
    if built == ours.target:
        return ""
    how = "" if run.target else " (no --target was given, so the profile's default)"
    return f"dbt last ran for target {built}{how}, and this run is for {ours.target}"


def _with_reads(manifest: Manifest, known: Known, opened: Sequence[Sync]) -> tuple[Verdict, ...]:
    """All verdicts, those of models that are read now with the relation that they are read from."""
    verdicts = dict(known.verdicts)
    for sync in opened:
        node = sync.unique_id
        before = verdicts.get(node) or Verdict(node, sync.model, Status.UNKNOWN, LONG_AGO)
        verdicts[node] = replace(before, read_as=manifest.models[node].relation_name or "")
    return tuple(verdicts.values())
