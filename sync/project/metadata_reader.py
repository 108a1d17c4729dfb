"""A model's metadata as written -> checked metadata, with every complaint at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from sync.errors import Problem
from sync.project.artifacts import NAMESPACE, Manifest, Misplaced, Model
from sync.project.findings import Finding
from sync.project.metadata import (
    KEYS_OF_KIND,
    MEANT,
    NEEDED_BY_KIND,
    ColumnMetadata,
    EntryMetadata,
    Metadata,
    ModelMetadata,
)
from sync.project.suggest import nearest
from sync.project.validation import Place, complaints, real_keys

META_PATH = f"config.meta.{NAMESPACE}"
M = TypeVar("M", bound=Metadata)


@dataclass(frozen=True, slots=True)
class Activated:
    """A model with checked metadata. Every declared column has its entry in `columns`."""

    model: Model
    meta: ModelMetadata
    columns: Mapping[str, ColumnMetadata]
    place: Place
    entries: tuple[tuple[int, EntryMetadata], ...]
    """The entries under `destinations` with the positions they were written at."""

    def column_place(self, column: str) -> Place:
        """Where that column's metadata stands."""
        return Place(self.place.subject, self.place.file, f"columns.{column}.{META_PATH}")


def place_of(model: Model) -> Place:
    """Where a model's metadata stands."""
    return Place(f"model {model.name}", model.yaml_path, META_PATH)


def read_misplaced(manifest: Manifest) -> list[Finding]:
    """Metadata where nothing reads it: on seeds and sources, under `config`, under a typo."""
    findings = [
        Finding(_on_no_model(node), frozenset({node.unique_id})) for node in manifest.misplaced
    ]
    for model in manifest.models.values():
        if model.has_stray_config:
            findings.append(_misplaced(model, f"config.{NAMESPACE}"))
        for key in model.meta_keys:
            if (
                key != NAMESPACE
                and len(key) > 6
                and nearest(key, [NAMESPACE])
                and not key[:1] == "_"
            ):
                findings.append(_misplaced(model, f"config.meta.{key}"))
    return findings


def _on_no_model(node: Misplaced) -> Problem:
    return Problem(
        "meta-misplaced",
        f"{node.unique_id} carries activation metadata, and only models can be synced",
        where=f"{node.path}, {META_PATH}",
        fix="move it to a model that selects from this node",
    )


def _misplaced(model: Model, path: str) -> Finding:
    problem = Problem(
        "meta-misplaced",
        f"model {model.name} has `{path}`, which nothing reads",
        where=f"{model.yaml_path}, {path}",
        hint=f"did you mean `{META_PATH}`?",
        fix=f"move it to {META_PATH}",
    )
    return Finding(problem, frozenset({model.unique_id}))


def read_model(model: Model) -> tuple[Activated | None, list[Problem]]:
    """Checked metadata and what is wrong with it.

    Parts that are wrong are left out and the rest is read on, so that one run of `check` finds as
    much as it can. Without a usable `kind` and `identity` there is nothing to read on with: None.
    """
    place = place_of(model)
    meta, problems, lost = _read(ModelMetadata, model.activation, place)
    columns: dict[str, ColumnMetadata] = {}
    for name, column in model.columns.items():
        written = {} if column.activation is None else column.activation
        at = Place(place.subject, place.file, f"columns.{name}.{META_PATH}")
        read, found, _ = _read(ColumnMetadata, written, at)
        columns[name] = read or ColumnMetadata.model_validate({})
        problems += found
    if meta is None:
        return None, problems
    kept = [i for i in range(len(meta.destinations) + len(lost)) if ("destinations", i) not in lost]
    entries = tuple(zip(kept, meta.destinations, strict=False))
    activated = Activated(model, meta, columns, place, entries)
    return activated, problems + _check_keys(activated)


Keys = tuple[str | int, ...]


def _read(level: type[M], written: Any, place: Place) -> tuple[M | None, list[Problem], set[Keys]]:
    """What could be read, what is wrong with the rest, and the key paths of the rest."""
    if not isinstance(written, dict):
        problem = place.problem("meta-wrong-value", " must have a mapping of keys here")
        return None, [problem], set()
    try:
        return level.model_validate(written), [], set()
    except ValidationError as e:
        problems = list(complaints(e, place, written, level))
        wrong = {real_keys(found["loc"], written, is_missing=False) for found in e.errors()}
        try:
            return level.model_validate(_without(wrong, written)), problems, wrong
        except ValidationError:
            return None, problems, wrong


def _without(wrong: set[Keys], written: dict[str, Any]) -> dict[str, Any]:
    kept = deepcopy(written)
    # From the back, so that removing one item of a list does not move those still to be removed.
    for path in sorted((p for p in wrong if p), key=lambda p: [str(k).zfill(6) for k in p])[::-1]:
        _remove(kept, path)
    return kept


def _remove(content: Any, path: Sequence[str | int]) -> None:
    try:
        for key in path[:-1]:
            content = content[key]
        del content[path[-1]]
    except (KeyError, IndexError, TypeError):
        return  # went with one of its parents


def _check_keys(activated: Activated) -> list[Problem]:
    meta, place = activated.meta, activated.place
    problems: list[Problem] = []
    kind = meta.kind
    for key, kinds in KEYS_OF_KIND.items():
        if key in _given(meta) and kind not in kinds:
            fitting = " or ".join(sorted(kinds))
            text, hint = f": `{key}` is for kind {fitting}, not {kind}", MEANT.get(key, "")
            problems.append(place.problem("kind-key", text, key, hint=hint))
    for key in NEEDED_BY_KIND.get(kind, ()):
        if key not in _given(meta):
            text = f" lacks `{key}`, which kind {kind} needs"
            problems.append(place.problem("meta-missing-key", text, key))
    return problems + _check_destinations(activated)


def _check_destinations(activated: Activated) -> list[Problem]:
    key, meta, place = "destinations", activated.meta, activated.place
    if meta.kind.sent is None and meta.destinations:
        text = f": kind {meta.kind} is never sent, only consulted; it takes no `{key}`"
        return [place.problem("never-sent", text, key)]
    if meta.kind.sent and key not in activated.model.activation:
        fix = f"name a connection, or write `{key}: []` to send it nowhere"
        return [place.problem("meta-missing-key", f" lacks `{key}`", key, fix=fix)]
    problems = []
    seen: set[str] = set()
    for i, entry in activated.entries:
        if entry.name in seen:
            text = f" has two entries for the connection `{entry.name}`"
            problems.append(place.problem("entry-duplicate", text, key, i, "name"))
        seen.add(entry.name)
        if entry.segment and meta.kind.sent != "segment":
            text = f": `segment` is for kind segment, not {meta.kind}"
            problems.append(place.problem("kind-key", text, key, i, "segment"))
    return problems


def _given(level: Metadata) -> set[str]:
    return {k for k in level.model_fields_set if getattr(level, k) is not None}
