"""The rules of a sync in words: who is sent, how often, and when."""

from __future__ import annotations

from collections.abc import Iterator

from sync.model import Sync
from sync.rules import Rollout


def conditions(sync: Sync) -> Iterator[str]:
    """One phrase for each rule that decides, beside the model, whether a row is sent."""
    rules = sync.rules
    for listed in rules.suppress:
        yield f"nobody in {listed.model}"
    for consent in rules.requires:
        source = f"{consent.listed.model}." if consent.listed else ""
        yield f"only with consent {source}{consent.column}"
    for holdout in rules.holdouts:
        yield f"holdout {holdout.name}: {_percent(holdout.threshold)} of new people get nothing"
    if rules.rollout:
        yield _rollout(rules.rollout)
    if rules.exclusive:
        place = f"priority {rules.exclusive.priority}"
        yield f"one segment of the group {rules.exclusive.group} at a time, {place}"
    if rules.after:
        lag = f" {rules.after.lag} ago" if rules.after.lag else ""
        late = f", at most {rules.after.timeout}" if rules.after.sends_late else ""
        yield f"only people whom {rules.after.sync} has acknowledged{lag}{late}"
    if rules.cap:
        yield f"at most {rules.cap}"
    for cadence in rules.cadences:
        models = ", ".join(cadence.models)
        yield f"cadence {cadence.name}: at most {cadence.cap} over {models}"
    if rules.min_interval:
        yield f"changes {rules.min_interval} after the last acknowledgement at the earliest"
    if rules.expires:
        yield f"not later than {rules.expires.span} after {rules.expires.column}"
    if rules.window:
        zones = (rules.window.column, rules.window.zone)
        zone = " or ".join(zone for zone in zones if zone)
        yield f"entries from {rules.window.opens:%H:%M} to {rules.window.closes:%H:%M}, {zone}"


def _percent(threshold: int) -> str:
    return f"{threshold / 100:g} %"


def _rollout(rollout: Rollout) -> str:
    reached = [f"the cohort {rollout.cohort.model}"] if rollout.cohort else []
    if rollout.threshold or not reached:
        reached.append(f"{_percent(rollout.threshold)} of people")
    return f"rollout: {' and '.join(reached)}"
