"""Models with metadata -> draft syncs: compiled as far as they can be, sound or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sync.errors import Problem
from sync.model import Kind, Sync
from sync.project.artifacts import Manifest, Model
from sync.project.connections import DESTINATIONS, PROFILES
from sync.project.consenting import RequiresLevel, consents_of
from sync.project.drafts import Draft
from sync.project.findings import Finding
from sync.project.grouping import check_groups, exclusive_of
from sync.project.guarding import bounds_of
from sync.project.holding_out import check_units, ended, holdouts_of
from sync.project.mapping import (
    never_sent,
    opt_outs_of,
    segment_name,
    traits_of,
    undeclared,
    unfit_consents,
    withdrawn,
)
from sync.project.measuring import check_outcomes
from sync.project.metadata import EntryMetadata
from sync.project.metadata_reader import Activated, read_misplaced, read_model
from sync.project.naming import definition, sync_name
from sync.project.ordering import in_order
from sync.project.pacing import cadences_of, check_cadences
from sync.project.policies import NO_POLICIES, Policies
from sync.project.policy_forms import Requires, Suppress
from sync.project.rolling_out import rollout_of
from sync.project.suggest import did_you_mean
from sync.project.suppressing import Level, suppressions_of
from sync.project.timing import expiry_of, window_of
from sync.project.validation import Place, known_keys
from sync.project.vendors import Registry, Vendor, check_against, load_vendor
from sync.rules import Cap, Rules
from sync.timing import Span


@dataclass(frozen=True, slots=True)
class Drafts:
    """All that could be compiled, the models it came from, and what stood in the way."""

    syncs: list[Draft]
    models: list[Activated]
    findings: list[Finding]


def draft_syncs(
    manifest: Manifest,
    connections: Mapping[str, str],
    registry: Registry,
    policies: Policies = NO_POLICIES,
) -> Drafts:
    """Compile every model that has metadata; `connections` are names -> vendors."""
    drafts: list[Draft] = []
    models: list[Activated] = []
    findings = read_misplaced(manifest)
    for model in sorted(manifest.models.values(), key=lambda m: (m.yaml_path, m.unique_id)):
        if model.activation is None:
            continue
        activated, found = read_model(model)
        if activated:
            models.append(activated)
            found += undeclared(activated) + never_sent(activated)
            drafts += _draft_model(activated, connections, registry, found)
        findings += [Finding(problem, frozenset({model.unique_id})) for problem in found]
    named = {activated.model.name: activated for activated in models}
    findings += check_units(models, policies.holdouts)
    findings += check_cadences(named, policies)
    findings += check_groups(models)
    findings += check_outcomes(named, policies)
    ruled = [_with_rules(draft, named, policies, tuple(connections), findings) for draft in drafts]
    ordered, misplaced = in_order(ruled, policies.zone)
    return Drafts(ordered, models, findings + misplaced)


def _with_rules(
    draft: Draft,
    named: Mapping[str, Activated],
    policies: Policies,
    connections: tuple[str, ...],
    findings: list[Finding],
) -> Draft:
    """The draft, knowing the rules of its project, model and destination."""
    activated, sync = draft.activated, draft.sync
    levels = [
        Level(policies.suppress, policies.place),
        Level(activated.meta.suppress or Suppress(), activated.place),
        Level(draft.entry.suppress or Suppress(), draft.place),
    ]
    suppress, found = suppressions_of(sync, activated, levels, named, policies.zone)
    meta, entry = activated.meta, draft.entry
    own = tuple(other.name for _, other in activated.entries)
    requires, wrong = consents_of(
        sync,
        activated,
        [
            RequiresLevel(policies.requires, policies.place, connections),
            RequiresLevel(meta.requires or Requires(), activated.place, own),
            RequiresLevel(entry.requires or Requires(), draft.place, (entry.name,)),
        ],
        named,
    )
    findings += [one for one in dict.fromkeys([*found, *wrong]) if one not in findings]
    held, misnamed = holdouts_of(sync, activated, policies)
    findings += [one for one in misnamed if one not in findings]
    rollout, unfit = rollout_of(sync, activated, named)
    findings += [one for one in unfit if one not in findings]
    interval = Span.parse(meta.min_interval, policies.zone) if meta.min_interval else None
    cap = Cap(meta.cap.entries, Span.parse(meta.cap.per, policies.zone)) if meta.cap else None
    rules = Rules(
        tuple(suppress),
        tuple(requires),
        tuple(held),
        rollout,
        ended(policies),
        cap=cap,
        cadences=cadences_of(activated, policies),
        min_interval=interval,
        expires=expiry_of(activated, policies),
        window=window_of(activated, policies),
        exclusive=exclusive_of(activated),
    )
    sync = replace(sync, rules=rules)
    return replace(draft, sync=replace(sync, definition=definition(sync, activated.model)))


def _draft_model(
    activated: Activated,
    connections: Mapping[str, str],
    registry: Registry,
    problems: list[Problem],
) -> list[Draft]:
    if activated.meta.kind.sent is None:
        return []
    drafts = []
    for i, entry in activated.entries:
        place = activated.place.below("destinations", i)
        vendor = _vendor(entry, place, connections, registry, problems)
        options = _options(vendor, entry, place, problems) if vendor else None
        if vendor and activated.meta.kind.sent not in vendor.kinds:
            known = ", ".join(sorted(vendor.kinds))
            text = f": {vendor.name} does not take kind {activated.meta.kind}"
            hint = f"kinds it takes: {known}"
            problems.append(place.problem("kind-unsupported", text, "name", hint=hint))
        outs = vendor.opt_outs if vendor else {}
        problems += unfit_consents(activated, entry, place, outs) if vendor else ()
        sync = _sync(activated, entry, connections.get(entry.name, ""), options, outs)
        if vendor and vendor.coalesces:
            sync = replace(sync, is_coalesced=describes_state(sync))
        if vendor:
            sync = replace(sync, normal_form=normal_form_of(vendor, sync))
            sync = replace(sync, ignores_unknown=_ignores_unknown(vendor, sync))
            sync = replace(sync, names_records=vendor.names_records)
        drafts.append(Draft(sync, vendor, activated, place, entry))
    return drafts


def normal_form_of(vendor: type[Vendor], sync: Sync) -> str:
    """The rule by which the vendor tells this sync's identifiers apart."""
    return vendor.normal_forms.get(sync.identify_by or "", "")


def _ignores_unknown(vendor: type[Vendor], sync: Sync) -> bool:
    """Whether the vendor drops what this sync sends of people whom it does not know."""
    is_about_people = sync.kind in (Kind.TRAITS, Kind.SEGMENT) and sync.options is not None
    return is_about_people and vendor.ignores_unknown(sync)


def describes_state(sync: Sync) -> bool:
    """Its rows say what one person or account is like, so that several can be told at once."""
    return sync.kind in (Kind.TRAITS, Kind.SEGMENT) or (
        sync.kind is Kind.OBJECTS and sync.related_id is None
    )


def _vendor(
    entry: EntryMetadata,
    place: Place,
    connections: Mapping[str, str],
    registry: Registry,
    problems: list[Problem],
) -> type[Vendor] | None:
    if entry.name not in connections:
        problems.append(
            place.problem(
                "connection-unknown",
                f" goes to `{entry.name}`, which no target has as a connection",
                "name",
                hint=did_you_mean(entry.name, connections, "connections"),
                fix=f"correct the name, or add it under `{DESTINATIONS}.<target>` in {PROFILES}",
            )
        )
        return None
    vendor = load_vendor(registry, connections[entry.name], entry.name)
    if isinstance(vendor, Problem):
        problems.append(vendor)
        return None
    return vendor


def _options(
    vendor: type[Vendor], entry: EntryMetadata, place: Place, problems: list[Problem]
) -> Any:
    written = dict(entry.model_extra or {})
    checked, found = check_against(vendor.options, written, place, known_keys(EntryMetadata))
    problems += found
    return checked


def _query(model: Model) -> str:
    """The compiled SQL; none of a model that dbt builds in steps, whose SQL has a part of it."""
    is_whole = model.materialized in ("table", "view", "materialized_view")
    return (model.compiled_code or "") if is_whole else ""


def _sync(
    activated: Activated,
    entry: EntryMetadata,
    vendor: str,
    options: Any,
    opt_outs: Mapping[str, bool],
) -> Sync:
    model, meta = activated.model, activated.meta
    assert meta.kind.sent is not None  # consulted kinds are never drafted
    identifier, address = next(iter((entry.identify_by or {}).items()), (None, None))
    sync = Sync(
        name=sync_name(model.name, entry.name),
        model=model.name,
        unique_id=model.unique_id,
        relation=model.relation,
        connection=entry.name,
        vendor=vendor,
        kind=meta.kind.sent,
        identity=meta.identity,
        traits=(*traits_of(activated, entry), *opt_outs_of(activated, entry, opt_outs)),
        identify_by=identifier,
        external_id=None if address == meta.identity else address,
        related_id=meta.relates_to,
        object_type=meta.object_type,
        event=meta.event.text if meta.event else None,
        event_column=meta.event.column if meta.event else None,
        event_id=meta.event_id,
        occurred_at=meta.occurred_at,
        segment=segment_name(activated, entry),
        reason=meta.reason,
        on_remove=entry.on_remove,
        on_drop=entry.on_drop,
        withdrawn=withdrawn(activated, entry),
        initial=entry.initial or meta.initial,
        options=options,
        query=_query(model),
        version=meta.version,
        owner=meta.owner or "",
        sla=meta.sla,
        bounds=bounds_of(meta.guard),
        tags=model.tags,
        path=model.path,
    )
    return replace(sync, definition=definition(sync, model))
