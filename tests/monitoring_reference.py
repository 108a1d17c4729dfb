"""Every monitoring model counted in plain Python from rows of the state's logs.

Written from docs/monitoring.md, day by day and person by person. A row is a mapping, with the
columns that the page lists.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil, exp, log, sqrt
from statistics import median

from tests.quarter import DAYS, FIRST, IGNORED, LAST, SLAS, Log, Row
from tests.volume_reference import verdict

NOW = datetime.combine(LAST + timedelta(days=1), time())
QUARTER = [FIRST + timedelta(days=n) for n in range(DAYS)]
FATES = (
    "unchanged delivered rejected deferred undecided not_attempted suppressed no_consent held_out"
    " outside_rollout outranked expired invalid"
).split()
WEEK = timedelta(days=7)
Key = tuple[str, ...]


def _is_ignored(sync: str, day: date) -> bool:
    return any(
        mark.get("sync", sync) == sync and mark["from"] <= str(day) <= mark["to"]
        for mark in IGNORED
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _grouped(rows: Sequence[Row], *names: str) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names)].append(row)
    return found


def runs(facts: Log) -> Iterator[Row]:
    whole = {row["run_id"]: row for row in facts.runs}
    settled: Counter[str] = Counter()
    for row in sorted(facts.run_syncs, key=lambda r: (r["started_at"], r["sync"])):
        is_settled = row["status"] in ("success", "rejects")
        settled[row["sync"]] += is_settled
        day = row["started_at"].date()
        sendable = row["unchanged"] + row["adds"] + row["changes"]
        yield {
            **row,
            "dbt_invocation_id": whole[row["run_id"]]["dbt_invocation_id"],
            "git_revision": None,
            "day": day,
            "deferrals": row["deferrals"],
            "built_at": row["built_at"],
            "saved_share": _share(row["unchanged"], sendable),
            "seconds": (row["finished_at"] - row["started_at"]).total_seconds(),
            "contract_version": row["definition_version"],
            "contract_version_before": row["version_before"],
            "is_settled": is_settled,
            "is_baseline": is_settled
            and settled[row["sync"]] > 1
            and not row["is_definition_changed"]
            and not _is_ignored(row["sync"], day),
        }


def membership_changes(facts: Log) -> Iterator[Row]:
    kinds = {row["sync"]: row["kind"] for row in facts.syncs}
    for row in facts.deliveries:
        if row["outcome"] == "delivered" and kinds.get(row["sync"], "events") != "events":
            yield {**row, "kind": kinds[row["sync"]]}


def _histories(facts: Log) -> dict[Key, list[Row]]:
    """The acknowledged changes of each person in each audience, in order."""
    rows = sorted(membership_changes(facts), key=lambda r: (r["epoch"], r["seq"]))
    return _grouped(rows, "sync", "identity")


def memberships(facts: Log) -> Iterator[Row]:
    for (sync, identity), history in _histories(facts).items():
        stays: list[Row] = []
        for change, after in zip(history, [*history[1:], None], strict=True):
            if change["op"] == "remove":
                was_inside = not stays or stays[-1]["is_member"]
                moves = change["cause"] == "moved" and after and after["op"] == "add"
                if (moves and after["run_id"] == change["run_id"]) or not was_inside:
                    continue
                stays = stays or [{"entered_at": None, "entry_reason": None}]
                end = {"exited_at": change["delivered_at"], "exit_cause": change["cause"]}
                stays[-1] |= {"is_member": False, **end}
            elif not stays or not stays[-1]["is_member"]:
                is_known = bool(stays) or change["op"] == "add"
                stays.append(
                    {
                        "is_member": True,
                        "entered_at": change["delivered_at"] if is_known else None,
                        "entry_reason": change["reason"] if is_known else None,
                        "exited_at": None,
                        "exit_cause": None,
                    }
                )
        who = {"sync": sync, "kind": history[0]["kind"], "identity": identity}
        yield from ({**who, "stay": n, **stay} for n, stay in enumerate(stays, 1))


def _members(stays: Sequence[Row], day: date) -> set[str]:
    """Who is inside at the end of a day."""
    return {
        stay["identity"]
        for stay in stays
        if (stay["entered_at"] is None or stay["entered_at"].date() <= day)
        and (stay["exited_at"] is None or stay["exited_at"].date() > day)
    }


def audience_sizes(facts: Log) -> Iterator[Row]:
    stays = _grouped(list(memberships(facts)), "sync")
    settled = _grouped([r for r in runs(facts) if r["is_settled"]], "sync", "day")
    for row in facts.syncs:
        if row["kind"] == "events":
            continue
        sync, own = row["sync"], stays[(row["sync"],)]
        inside = {day: _members(own, day) for day in QUARTER}
        entries = Counter(s["entered_at"].date() for s in own if s["entered_at"])
        again = Counter(s["entered_at"].date() for s in own if s["stay"] > 1)
        exits = Counter(s["exited_at"].date() for s in own if s["exited_at"])
        for day in QUARTER:
            last = max(settled.get((sync, day), []), key=lambda r: r["started_at"], default=None)
            found: Row = {
                "sync": sync,
                "kind": row["kind"],
                "day": day,
                "model_rows": last["model_rows"] if last else None,
                "members": len(inside[day]),
                "entries": entries[day],
                "returns": again[day],
                "exits": exits[day],
            }
            before = inside.get(day - WEEK)
            names = "members_week_ago exits_in_week stayed churn_share stay_share".split()
            if before is None:
                yield found | dict.fromkeys(names)
                continue
            left = sum(exits[day - timedelta(days=n)] for n in range(7))
            stayed = len(before & inside[day])
            shares = _share(left, len(before)), _share(stayed, len(before))
            yield found | dict(zip(names, (len(before), left, stayed, *shares), strict=True))


def _mixes(facts: Log) -> dict[tuple[str, date], Counter[str]]:
    mixes: dict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    for (sync, _), history in _histories(facts).items():
        for day in QUARTER:
            known = [c for c in history if c["delivered_at"].date() <= day]
            if known and known[-1]["op"] != "remove":
                mixes[sync, day][known[-1]["reason"] or "(none)"] += 1
    reasoned = {sync for (sync, _), mix in mixes.items() if set(mix) - {"(none)"}}
    return {key: mix for key, mix in mixes.items() if key[0] in reasoned}


def reason_mix(facts: Log) -> Iterator[Row]:
    for (sync, day), mix in _mixes(facts).items():
        for reason, members in mix.items():
            share = members / mix.total()
            yield dict(sync=sync, reason=reason, day=day, members=members, share=share)


def reason_drift(facts: Log) -> Iterator[Row]:
    mixes = _mixes(facts)
    redefined = {(r["sync"], r["day"]) for r in runs(facts) if r["is_definition_changed"]}
    for (sync, day), now in mixes.items():
        then = mixes.get((sync, day - WEEK), Counter())
        reasons = {*now, *then}
        t, a, b = len(reasons), then.total(), now.total()
        if t < 2 or not a or not b:
            continue
        p = {r: (then[r] + 0.5) / (a + 0.5 * t) for r in reasons}
        q = {r: (now[r] + 0.5) / (b + 0.5 * t) for r in reasons}
        index = sum((p[r] - q[r]) * log(p[r] / q[r]) for r in reasons)
        floor = {2: 10.8276, 3: 13.8155, 4: 16.2662}[t] * (1 / a + 1 / b)
        said = "alarm" if index > max(0.1, floor) else "usual"
        if said == "usual" and index > max(0.02, floor):
            said = "note"
        week = [day - timedelta(days=n) for n in range(7)]
        if any((sync, d) in redefined for d in week) or any(
            _is_ignored(sync, d) for d in (day, day - WEEK)
        ):
            said = "excluded"
        yield {
            "sync": sync,
            "day": day,
            "verdict": said,
            "reasons": t,
            "members": b,
            "members_week_ago": a,
            "stability_index": index,
            "chance_floor": floor,
            "moved_share": 0.5 * sum(abs(then[r] / a - now[r] / b) for r in reasons),
        }


def overlaps(facts: Log) -> Iterator[Row]:
    stays = _grouped(list(memberships(facts)), "sync")
    segments = sorted(row["sync"] for row in facts.syncs if row["kind"] == "segment")
    for n, one in enumerate(segments):
        for other in segments[n + 1 :]:
            for day in QUARTER:
                first, second = _members(stays[(one,)], day), _members(stays[(other,)], day)
                both, smaller = len(first & second), min(len(first), len(second))
                inside = _share(both, smaller)
                is_noted = smaller > 50 and inside is not None and inside >= 0.95
                yield {
                    "destination": "crm",
                    "first_sync": one,
                    "second_sync": other,
                    "day": day,
                    "verdict": "note" if is_noted else "usual",
                    "first_members": len(first),
                    "second_members": len(second),
                    "in_both": both,
                    "jaccard": _share(both, len(first | second)),
                    "containment": inside,
                }


def _by_day(facts: Log) -> dict[Key, list[Row]]:
    settled = [row for row in runs(facts) if row["is_settled"]]
    return _grouped(sorted(settled, key=lambda r: r["started_at"]), "sync", "day")


def fates(facts: Log) -> Iterator[Row]:
    for (sync, day), found in _by_day(facts).items():
        last = found[-1]
        for fate in FATES:
            share = _share(last[fate], last["model_rows"] + last["removals"])
            yield dict(sync=sync, fate=fate, day=day, row_count=last[fate], share=share)


def volumes(facts: Log) -> Iterator[Row]:
    by_day = _by_day(facts)
    for measure in ("adds", "changes", "removes", "model_rows"):
        amounts = {
            key: found[-1][measure] if measure == "model_rows" else sum(r[measure] for r in found)
            for key, found in by_day.items()
        }
        counted: dict[str, dict[date, int]] = defaultdict(dict)
        for (sync, day), amount in amounts.items():
            if all(row["is_baseline"] for row in by_day[sync, day]):
                counted[sync][day] = amount  # type: ignore[index]
        for (sync, day), amount in amounts.items():
            row = dict(sync=sync, measure=measure, day=day, amount=amount)
            days = counted[sync]
            if day not in days:
                yield row | dict(verdict="excluded", history_days=None, expected=None, score=None)
                continue
            known, score, said = verdict(days, day, amount)  # type: ignore[arg-type]
            same = [
                log(size + 1)
                for earlier, size in days.items()
                if 1 <= (ago := (day - earlier).days) <= known and ago % 7 == 0  # type: ignore[operator]
            ]
            expected = exp(median(same)) - 1 if same else None
            yield row | dict(verdict=said, history_days=known, expected=expected, score=score)


def freshness(facts: Log) -> Iterator[Row]:
    recorded = {row["sync"] for row in facts.syncs}
    for (sync,), found in _grouped(list(runs(facts)), "sync").items():
        if sync not in recorded:
            continue
        last = max(found, key=lambda r: r["started_at"])
        settled_at = max((r["finished_at"] for r in found if r["is_settled"]), default=None)
        age = (NOW - settled_at).total_seconds() / 60
        sla = SLAS.get(last["model"])
        allowed = int(sla.split()[0]) * (60 if "hour" in sla else 1) if sla else None
        built_at = max(
            (r["built_at"] for r in found if r["is_settled"] and r["built_at"]), default=None
        )
        data_age = (NOW - built_at).total_seconds() / 60 if built_at else None
        used = max(age, data_age or 0) / allowed if allowed else None
        said = (
            None if used is None else "alarm" if used >= 1 else "note" if used >= 0.8 else "usual"
        )
        yield {
            "sync": sync,
            "model": last["model"],
            "destination": "crm",
            "sla": sla,
            "last_status": last["status"],
            "verdict": said,
            "age_minutes": age,
            "data_age_minutes": data_age,
            "sla_minutes": allowed,
            "sla_share": used,
            "built_at": built_at,
            "settled_at": settled_at,
            "last_run_at": last["finished_at"],
        }


TRAITS: Mapping[str, Sequence[str]] = {
    "seg_trial": ("trial_reason", "score"),
    "traits": ("plan", "old_plan", "city"),
    "orders": ("amount",),
}
"""By model: what the metadata of today sends."""


def trait_freshness(facts: Log) -> Iterator[Row]:
    for row in freshness(facts):
        for trait in TRAITS.get(row["model"], ()):
            yield {**row, "trait": trait}


def trait_volumes(facts: Log) -> Iterator[Row]:
    of_run = {(r["run_id"], r["sync"]): r for r in runs(facts)}
    by_day = _grouped(list(of_run.values()), "sync", "day")
    sent: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for row in facts.deliveries:
        if row["outcome"] == "delivered" and row["op"] in ("add", "change"):
            sent[row["sync"], of_run[row["run_id"], row["sync"]]["day"]].append(row)
    for (sync, day), rows in sent.items():
        own = TRAITS.get(sync.removesuffix("__crm"), ())
        changes = [row for row in rows if row["cause"] == "changed"]
        delivered = sum(run["delivered"] for run in by_day[sync, day])

        def carried(row: Row, own: Sequence[str] = own) -> list[str]:
            names = row["changed"].split(",")[:-1]
            return list(own) if row["changed"] == "*" else names

        for trait in own:
            with_it = [row for row in rows if trait in carried(row)]
            if not with_it:
                continue
            changed = [row for row in changes if trait in carried(row)]
            alone = sum(carried(row) == [trait] for row in changed)
            yield {
                "sync": sync,
                "trait": trait,
                "day": day,
                "deliveries": len(with_it),
                "changes": len(changed),
                "changes_alone": alone,
                "change_share": _share(len(changed), len(changes)),
                "requests_alone": _share(
                    alone * sum(r["requests"] for r in by_day[sync, day]), delivered
                ),
                "bytes_alone": _share(
                    alone * sum(r["bytes_sent"] for r in by_day[sync, day]), delivered
                ),
            }


def deferrals(facts: Log) -> Iterator[Row]:
    for (sync, day), found in _by_day(facts).items():
        last = found[-1]
        pairs = [one.split(":") for one in (last["deferrals"] or "").split(",") if one]
        counts = {reason: int(rows) for reason, rows in pairs}
        counts["other"] = last["deferred"] - sum(counts.values())
        for reason, rows in counts.items():
            if rows:
                yield dict(sync=sync, reason=reason, day=day, row_count=rows)


def field_drift(facts: Log) -> Iterator[Row]:
    last_of_day = {
        (row["sync"], row["field"], row["checked_at"].date()): row
        for row in sorted(facts.checked_fields, key=lambda r: r["checked_at"])
    }
    some = {
        (row["sync"], row["field"], row["checked_at"].date())
        for row in facts.checked_fields
        if row["missing"] < row["held"]
    }
    shown: dict[Key, date] = {}
    for (sync, name, day), row in last_of_day.items():
        held, missing = row["held"], row["missing"]
        if (sync, name, day) in some:
            shown[sync, name] = day
        said = "alarm" if missing == held else "note" if missing >= held / 2 else "usual"
        yield {
            "sync": sync,
            "field": name,
            "day": day,
            "verdict": said if held >= 10 else "learning",
            "held": held,
            "missing": missing,
            "differing": row["differing"],
            "missing_share": missing / held,
            "differing_share": row["differing"] / held,
            "last_shown_on": shown.get((sync, name)),
        }


def _whole_seconds(since: datetime, until: datetime) -> int:
    return int((until.replace(microsecond=0) - since.replace(microsecond=0)).total_seconds())


def _nearest_rank(values: Sequence[int], percent: int) -> int | None:
    return sorted(values)[ceil(percent * len(values) / 100) - 1] if values else None


HOPS = {
    "event_to_build": ("occurred_at", "built_at"),
    "build_to_run": ("built_at", "started_at"),
    "run_to_acknowledgement": ("started_at", "delivered_at"),
    "build_to_acknowledgement": ("built_at", "delivered_at"),
    "event_to_acknowledgement": ("occurred_at", "delivered_at"),
}


def latencies(facts: Log) -> Iterator[Row]:
    started = {(r["run_id"], r["sync"]): r for r in runs(facts)}
    waited: dict[tuple[str, date, str], list[int]] = defaultdict(list)
    for row in facts.deliveries:
        run = started[row["run_id"], row["sync"]]
        if row["outcome"] != "delivered" or row["delivered_at"] < run["started_at"]:
            continue
        for hop, (begin, end) in HOPS.items():
            moments = {**run, **row}
            since, until = moments[begin], moments[end]
            if since is not None and until is not None and since <= until:
                waited[row["sync"], run["day"], hop].append(_whole_seconds(since, until))
    for (sync,), found in _grouped(list(runs(facts)), "sync").items():
        first = None
        for run, after in zip(found, [*found[1:], None], strict=True):
            left = run["undecided"] + run["not_attempted"]
            first = (first or run) if left else None
            if after is not None and after["day"] == run["day"]:
                continue
            midnight = datetime.combine(run["day"] + timedelta(days=1), time())
            for hop, (begin, end) in HOPS.items():
                since = first[begin] if first and end == "delivered_at" and begin in first else None
                late = [_whole_seconds(since, midnight)] * left if since else []
                acknowledged = waited[sync, run["day"], hop]
                items = [*acknowledged, *late]
                if not items and hop != "run_to_acknowledgement":
                    continue
                yield {
                    "sync": sync,
                    "hop": hop,
                    "day": run["day"],
                    "acknowledged": len(acknowledged),
                    "unfinished": len(late),
                    "p50_seconds": _nearest_rank(items, 50),
                    "p95_seconds": _nearest_rank(items, 95) if len(items) >= 20 else None,
                    "max_seconds": max(items, default=None),
                }


def rejects(facts: Log) -> Iterator[Row]:
    outcomes = ("delivered", "rejected", "rejected_partial")
    answers = [
        {**r, "day": r["delivered_at"].date(), "code": r["code"] or "(none)"}
        for r in facts.deliveries
        if r["outcome"] in outcomes
    ]
    everybody = _grouped(answers, "sync", "day")
    codes = _grouped([r for r in answers if r["outcome"] != "delivered"], "sync", "code", "day")
    for (sync, code, day), found in codes.items():
        people = {r["identity"] for r in everybody[sync, day]}
        refused = {r["identity"] for r in everybody[sync, day] if r["outcome"] != "delivered"}
        earlier = [day - timedelta(days=n) for n in range(1, 29)]  # type: ignore[operator]
        is_new = not any((sync, code, d) in codes for d in earlier)  # type: ignore[comparison-overlap]
        identities = len({r["identity"] for r in found})
        share = len(refused) / len(people)
        yield {
            "sync": sync,
            "code": code,
            "day": day,
            "verdict": "alarm" if share > 0.05 or (is_new and identities >= 5) else "usual",
            "answers": len(found),
            "identities": identities,
            "refused_identities": len(refused),
            "answered_identities": len(people),
            "refused_share": share,
            "is_new": is_new,
        }


def dead_letters(facts: Log) -> Iterator[Row]:
    named = [{**r, "reason": r["reason"] or "(none)"} for r in facts.dead_letters]
    for (sync, code, reason), found in _grouped(named, "sync", "code", "reason").items():
        yield {
            "sync": sync,
            "code": code,
            "reason": reason,
            "row_count": sum(r["model_rows"] for r in found),
            "identities": len(found),
            "most_attempts": max(r["attempts"] for r in found),
            "first_rejected_at": min(r["first_rejected_at"] for r in found),
            "last_rejected_at": max(r["last_rejected_at"] for r in found),
        }


def read_backs(facts: Log) -> Iterator[Row]:
    for row in facts.checks:
        yield {
            **row,
            "destination": "crm",
            "day": row["checked_at"].date(),
            "checked": row["sent"],
            "missing": row["sent"] - row["found"],
            "differing": row["found"] - row["matched"],
            "match_rate": row["matched"] / row["sent"],
        }


def match_rates(facts: Log) -> Iterator[Row]:
    by_day = _grouped(list(read_backs(facts)), "day")
    for (day,), found in by_day.items():
        past = [
            row
            for (earlier,), rows in by_day.items()
            if 1 <= (day - earlier).days <= 28  # type: ignore[operator]
            for row in rows
            if not _is_ignored(row["sync"], earlier)  # type: ignore[arg-type]
        ]
        n, nb = sum(r["checked"] for r in found), sum(r["checked"] for r in past)
        c = sum(r["matched"] for r in found) / n
        row = {
            "destination": "crm",
            "day": day,
            "verdict": "learning",
            "checked": n,
            "found": sum(r["found"] for r in found),
            "matched": sum(r["matched"] for r in found),
            "match_rate": c,
            "baseline_checked": nb or None,
            "baseline_rate": None,
            "score": None,
        }
        if nb:
            b = sum(r["matched"] for r in past) / nb
            score = (b - c) / sqrt(b * (1 - b) * (1 / n + 1 / nb) + 0.0001)
            is_far = score > 3.29 and b - c >= 0.02 and n >= 50
            row |= {"baseline_rate": b, "score": score, "verdict": "alarm" if is_far else "usual"}
        yield row


MODELS: Mapping[str, Callable[[Log], Iterator[Row]]] = {
    f"activation__{count.__name__}": count
    for count in (
        runs,
        membership_changes,
        memberships,
        audience_sizes,
        reason_mix,
        reason_drift,
        overlaps,
        fates,
        volumes,
        freshness,
        trait_freshness,
        trait_volumes,
        deferrals,
        field_drift,
        latencies,
        rejects,
        dead_letters,
        read_backs,
        match_rates,
    )
}
