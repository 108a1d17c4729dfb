"""Everything that can be known to be wrong before a warehouse or a vendor is touched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from sync.data_types import MOMENTS, NO_KEYS, Family, Wire, wire
from sync.errors import Problem, unexpected
from sync.model import Kind
from sync.project.artifacts import Manifest
from sync.project.banding import check_bands
from sync.project.compile import Drafts, draft_syncs
from sync.project.defaults import fits, wanted
from sync.project.drafts import Draft
from sync.project.findings import Finding
from sync.project.metadata_reader import Activated
from sync.project.pii import looks_personal
from sync.project.policies import NO_POLICIES, Policies
from sync.project.suppressing import check_suppression
from sync.project.timing import check_timing
from sync.project.vendors import Registry, Vendor


def check_project(
    manifest: Manifest,
    connections: Mapping[str, str],
    registry: Registry,
    policies: Policies = NO_POLICIES,
) -> list[Problem]:
    """All problems of all models, in the order of their files. No network, no warehouse.

    `connections` are names -> vendors of all targets: metadata may name any of them.
    """
    drafts = draft_syncs(manifest, connections, registry, policies)
    return [finding.problem for finding in drafts.findings + check_drafts(drafts)]


def check_drafts(drafts: Drafts) -> list[Finding]:
    """What drafting itself does not need to know: contracts, types, personal data, claims."""
    findings = [
        Finding(problem, frozenset({activated.model.unique_id}))
        for activated in drafts.models
        for problem in _check_model(activated)
    ]
    findings += [
        Finding(problem, _models(draft))
        for draft in drafts.syncs
        for problem in _check_draft(draft)
    ]
    return findings + _same_names(drafts.syncs) + _claims(drafts.syncs)


def _models(*drafts: Draft) -> frozenset[str]:
    return frozenset(draft.sync.unique_id for draft in drafts)


def _check_model(activated: Activated) -> Iterator[Problem]:
    model, place = activated.model, activated.place
    config = replace(place, path="config")
    if model.materialized == "ephemeral":
        text = " is ephemeral: it has no relation to read"
        fix = "materialize it as a table, view or incremental model"
        yield config.problem("model-ephemeral", text, "materialized", fix=fix)
    if not model.is_contract_enforced:
        text = " is synced without an enforced contract"
        fix = f"add `contract: {{enforced: true}}` to its config in {place.file}"
        yield config.problem("contract-missing", text, "contract.enforced", fix=fix)
    for name, column in model.columns.items():
        at = replace(place, path=f"columns.{name}")
        if not column.data_type:
            yield at.problem("column-untyped", f": column `{name}` has no data_type", "data_type")
        yield from _check_column(activated, name)
    yield from check_suppression(activated)
    yield from check_bands(activated)
    yield from check_timing(activated)


def _check_column(activated: Activated, name: str) -> Iterator[Problem]:
    data_type, meta = activated.model.columns[name].data_type, activated.columns[name]
    place = activated.column_place(name)
    of = wire(data_type, activated.model.columns[name].dialect)
    if meta.default is not None and data_type and not fits(meta.default, of):
        text = f": the default of `{name}` must be {wanted(of)}, as its data_type is"
        yield place.problem("default-type", f"{text} {data_type}", "default")
    written = activated.model.columns[name].activation
    is_said = isinstance(written, Mapping) and written.get("pii") is not None
    is_kept = name == activated.meta.identity or not meta.send
    if not is_said and not is_kept and looks_personal(name, data_type):
        yield place.problem(
            "pii-unmarked",
            f": column `{name}` sounds personal, and its metadata does not say whether it is",
            "pii",
            fix="mark it `pii: true`; or `pii: false` if it is harmless, or `send: false`",
        )


def _check_draft(draft: Draft) -> Iterator[Problem]:
    yield from _keys(draft)
    yield from _moment(draft)
    yield from _refused(draft)
    yield from _name_twins(draft)
    is_usable = draft.vendor is not None and draft.sync.options is not None
    if draft.vendor and is_usable and draft.sync.kind in draft.vendor.kinds:
        yield from _validated(draft.vendor, draft)


def _validated(vendor: type[Vendor], draft: Draft) -> Iterator[Problem]:
    try:
        problems = list(vendor.validate(draft.sync))
    except Exception as e:  # noqa: BLE001  the other models are checked all the same
        problems = list(unexpected(e, f"the check of {draft.sync.name}").problems)
    for problem in problems:
        yield problem if problem.where else replace(problem, where=draft.place.at())


def _keys(draft: Draft) -> Iterator[Problem]:
    """Columns that tell rows apart and whose types can't."""
    sync = draft.sync
    keys = {
        "identity": sync.identity,
        "event_id": sync.event_id,
        "relates_to": sync.related_id,
        "identify_by": sync.external_id,
    }
    for key, name in keys.items():
        of = _wire(draft, name)
        place = draft.place if key == "identify_by" else draft.activated.place
        what = f": the {key} column `{name}` is {_declared(draft, name)}, which is"
        if of.family in (Family.SINGLE, Family.DOUBLE):
            fix = "cast it to an integer, a decimal or text in the model"
            yield place.problem("identity-float", f"{what} no exact key", key, fix=fix)
        elif of.family in NO_KEYS:
            fix = "take text or a number out of it in the model"
            yield place.problem("identity-nested", f"{what} no plain value", key, fix=fix)


def _moment(draft: Draft) -> Iterator[Problem]:
    name = draft.sync.occurred_at
    if name and _declared(draft, name) and _wire(draft, name).family not in MOMENTS:
        text = (
            f": the occurred_at column `{name}` is {_declared(draft, name)}, no date or timestamp"
        )
        fix = "cast it to a timestamp in the model"
        yield draft.activated.place.problem("occurred-at-type", text, "occurred_at", fix=fix)


def _refused(draft: Draft) -> Iterator[Problem]:
    for name in dict.fromkeys(trait.column for trait in draft.sync.traits):
        if what := _wire(draft, name).refusal:
            text = f": column `{name}` is {_declared(draft, name)}: {what}, which no destination"
            fix = "turn it into text or numbers in the model, or mark it with send: false"
            place = replace(draft.activated.place, path=f"columns.{name}")
            yield place.problem("column-type", f"{text} takes", "data_type", fix=fix)


def _declared(draft: Draft, name: str | None) -> str:
    """The type of a column as its contract says; empty where it says nothing."""
    column = draft.activated.model.columns.get(name or "")
    return column.data_type if column else ""


def _wire(draft: Draft, name: str | None) -> Wire:
    column = draft.activated.model.columns.get(name or "")
    return wire(column.data_type, column.dialect) if column else wire("")


def _name_twins(draft: Draft) -> Iterator[Problem]:
    sync = draft.sync
    seen: dict[str, str] = {}
    for name in ([sync.segment] if sync.segment else []) + [t.name for t in sync.traits]:
        twin = seen.setdefault(name.casefold(), name)
        if twin != name:
            text = f" sends traits that differ only in letter case: `{twin}` and `{name}`"
            yield draft.place.problem("trait-case", text, "traits")
    names = [t.name for t in sync.traits] + ([sync.segment] if sync.segment else [])
    for name in sorted({n for n in names if names.count(n) > 1}):
        text = f" writes `{name}` twice; traits and the segment share one set of names"
        yield draft.place.problem("trait-claimed", text, "traits")


def _same_names(drafts: list[Draft]) -> list[Finding]:
    first: dict[str, Draft] = {}
    findings = []
    for draft in drafts:
        other = first.setdefault(draft.sync.name, draft)
        is_same_model = other.sync.unique_id == draft.sync.unique_id
        if not is_same_model:
            text = f" and {other.sync.unique_id} would both be the sync `{draft.sync.name}`"
            fix = "rename one of the models"
            problem = draft.place.problem("sync-name-taken", text, fix=fix)
            findings.append(Finding(problem, _models(draft, other)))
    return findings


def _claims(drafts: list[Draft]) -> list[Finding]:
    """Two models that would write one trait of one destination, and so undo each other for ever.

    People have one set of traits, whether traits or segments write it, and a segment's own name
    is one of them. Every type of object has its own set. Events write none.
    """
    owners: dict[tuple[str, str, str], tuple[Draft, str]] = {}
    told: set[tuple[str, str, str]] = set()
    findings = []
    for draft in drafts:
        sync = draft.sync
        if sync.kind is Kind.EVENTS:
            continue
        scope = f"object {sync.object_type}" if sync.kind is Kind.OBJECTS else "people"
        names = [trait.name for trait in sync.traits] + ([sync.segment] if sync.segment else [])
        for name in names:
            owner, spelled = owners.setdefault(
                (sync.connection, scope, name.casefold()), (draft, name)
            )
            key = (owner.sync.name, sync.name, name.casefold())
            if owner.sync.unique_id != sync.unique_id and key not in told:
                told.add(key)
                problem = _claimed(draft, name, owner, spelled)
                findings.append(Finding(problem, _models(draft, owner)))
    return findings


def _claimed(draft: Draft, name: str, owner: Draft, spelled: str) -> Problem:
    twin = "" if spelled == name else f" (as `{spelled}`, which differs only in letter case)"
    key = "segment" if name == draft.sync.segment else "traits"
    fix = "keep it in one of the two models, or send it under another name"
    if _all_versions(draft) == _all_versions(owner):
        fix = (
            "versions inherit the metadata of their model: take it from there, and write it"
            " under `versions`, as the `config: {meta: {activation: ...}}` of the one to send"
        )
    return draft.place.problem(
        "trait-claimed",
        f": `{name}` of {draft.sync.connection} is already written by model "
        f"{owner.sync.model}{twin}",
        key,
        hint=f"The other one stands in {owner.place.at()}.",
        fix=fix,
    )


def _all_versions(draft: Draft) -> str:
    """The id of a model without its version: `model.<package>.<name>`."""
    return ".".join(draft.sync.unique_id.split(".")[:3])
