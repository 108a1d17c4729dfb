"""`init`: what a model needs to go out, written where nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.errors import ConfigError, Problem, WarehouseError
from sync.model import Kind
from sync.project.artifacts import Model
from sync.project.beginning import (
    Piece,
    Start,
    connection_piece,
    model_piece,
    outlook_of,
    personal_of,
    settings_of,
    variables_of,
)
from sync.project.connections import PROFILES
from sync.project.metadata import NEEDED_BY_KIND, MetaKind
from sync.project.project import Project
from sync.project.suggest import did_you_mean
from sync.project.vendors import Vendor, load_vendor, no_sandbox
from sync.run.access import StateAccess

COLUMN_KEYS = ("event_id", "occurred_at")
Columns = Sequence[tuple[str, str]]
"""Names and types."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked for, as it was written; empty where it was not answered."""

    kind: str = ""
    identity: str = ""
    destination: str = ""
    vendor: str = ""
    """Of a connection that is new and called otherwise."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """What some kinds need: `event`, `event_id`, `occurred_at`, `object_type`."""
    is_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Begun:
    """All that is to be written, and the variables that a new connection reads."""

    pieces: Sequence[Piece]
    variables: Sequence[str] = ()
    personal: Sequence[str] = ()
    """Columns that are marked as personal now."""
    findings: Sequence[Problem] = ()
    """What `check` will say, because the model needs a decision that is not ours."""
    sent: Sequence[str] = ()
    """Columns that go out as traits."""


def candidates(project: Project) -> list[Model]:
    """The project's own models that can go out, by name: those that go nowhere yet come first."""
    own = [m for m in project.manifest.models.values() if m.package == project.name]
    fit = [m for m in own if m.materialized != "ephemeral" and m.path.endswith(".sql")]
    fit = [m for m in fit if m.activation is None or written(m).get("kind") in set(Kind)]
    return sorted(fit, key=lambda m: (m.activation is not None, m.name))


def find_model(project: Project, name: str) -> Model:
    """One of them. Raises ConfigError."""
    known = {model.name: model for model in candidates(project)}
    if name in known:
        return known[name]
    hint = did_you_mean(name, known, "models that can go out")
    raise ConfigError(
        Problem(
            "model-unknown",
            f"no model `{name}` of this project can go out",
            hint=hint,
            fix="if it is new, run: dbt parse; what is ephemeral, or in Python, can't be sent",
        )
    )


def columns_of(access: StateAccess, model: Model) -> Columns:
    """As the warehouse has them, or else as they are declared. Raises ConfigError with neither."""
    try:
        with access.opened() as state:
            found = state.session.columns(model.relation)
    except WarehouseError:
        found = None
        if not model.columns:
            raise
    if found:
        return found
    declared = [(column.name, column.data_type) for column in model.columns.values()]
    if declared and all(data_type for _, data_type in declared):
        return declared
    raise ConfigError(
        Problem(
            "model-not-built",
            f"model {model.name} is not in the warehouse, so the types of its columns are unknown",
            fix=f"run: dbt build --select {model.name}",
        )
    )


def destinations(project: Project) -> list[str]:
    """What a model can go to: connections of our target, then vendors that have none there."""
    connections = project.connections
    rest = [name for name in project.registry.names() if name not in connections.values()]
    return [*connections, *rest]


def written(model: Model) -> dict[str, str]:
    """The plain answers that the metadata of a model gives already."""
    activation = model.activation if isinstance(model.activation, Mapping) else {}
    return {key: value for key, value in activation.items() if isinstance(value, str)}


def needed_keys(model: Model, kind: str) -> tuple[str, ...]:
    """What a kind can't do without, beside `identity`; nothing where metadata is there already."""
    if not kind or model.activation is not None:
        return ()
    return NEEDED_BY_KIND.get(MetaKind(kind), ())


def begin(project: Project, answers: Answers, model: Model, columns: Columns) -> Begun:
    """Check the answers and make the texts; nothing is written. Raises ConfigError with all."""
    vendor = _vendor(project, answers)
    problems = [*_missing(project, answers, model, columns), *_no_columns(answers, model, columns)]
    if isinstance(vendor, Problem):
        raise ConfigError(*problems, vendor)
    problems += _unfit(answers, model, vendor)
    if problems:
        raise ConfigError(*problems)
    used = {key: answers.keys[key] for key in needed_keys(model, answers.kind)}
    start = Start(model, Kind(answers.kind), answers.identity, answers.destination, used)
    personal = personal_of(start, columns)
    pieces = [model_piece(start, columns, project.dir)]
    connections = {**project.profile.known_connections, answers.destination: vendor.name}
    sent, findings = outlook_of(start, columns, project.manifest, connections, project.registry)
    if answers.destination in project.connections:
        return Begun(pieces, personal=personal, findings=findings, sent=sent)
    settings = settings_of(vendor, answers.destination, answers.is_sandbox)
    pieces.append(connection_piece(project.profile, answers.destination, settings))
    return Begun(pieces, variables_of(settings), personal, findings, sent)


def write(begun: Begun) -> None:
    """Write the new files, and append to profiles.yml. Raises ConfigError where it can't be."""
    for piece in (p for p in begun.pieces if p.is_written):
        is_new = piece.path.name != PROFILES
        try:
            with piece.path.open("x" if is_new else "a", encoding="utf-8") as file:
                file.write(piece.text)
        except OSError as error:
            text = f"{piece.path} can't be written: {error.strerror}"
            raise ConfigError(Problem("unwritable", text)) from error


def _vendor(project: Project, answers: Answers) -> type[Vendor] | Problem:
    name = project.connections.get(answers.destination) or answers.vendor or answers.destination
    if name in project.registry.names():
        return load_vendor(project.registry, name, answers.destination)
    return Problem(
        "destination-unknown",
        f"there is no destination `{name}`" if name else "no destination is named",
        "--vendor" if answers.vendor else "--destination",
        did_you_mean(name, destinations(project), "destinations"),
        "" if answers.vendor else "to call a connection otherwise than its vendor, add --vendor",
    )


def _missing(
    project: Project, answers: Answers, model: Model, columns: Columns
) -> Iterator[Problem]:
    named = ", ".join(name for name, _ in columns)
    if not answers.kind:
        yield Problem("answer-missing", "no kind is named", "--kind", f"kinds: {', '.join(Kind)}")
    if not answers.identity:
        yield Problem("answer-missing", "no identity is named", "--identity", f"columns: {named}")
    for key in needed_keys(model, answers.kind):
        if not answers.keys.get(key):
            hint = f"columns: {named}" if key in COLUMN_KEYS else ""
            text = f"kind {answers.kind} needs `{key}`"
            yield Problem("answer-missing", text, _option(key), hint)


def _no_columns(answers: Answers, model: Model, columns: Columns) -> Iterator[Problem]:
    known = [name for name, _ in columns]
    keys = {key: answers.keys.get(key) for key in COLUMN_KEYS}
    for key, name in {"identity": answers.identity, **keys}.items():
        if name and name not in known:
            text = f"model {model.name} has no column `{name}`"
            hint = did_you_mean(name, known, "columns")
            yield Problem("column-unknown", text, _option(key), hint)


def _unfit(answers: Answers, model: Model, vendor: type[Vendor]) -> Iterator[Problem]:
    if answers.kind and answers.kind not in vendor.kinds:
        hint = f"kinds it takes: {', '.join(sorted(vendor.kinds))}"
        text = f"{vendor.name} does not take kind {answers.kind}"
        yield Problem("kind-unsupported", text, "--kind", hint)
    if answers.is_sandbox and not vendor.stand_in:
        yield no_sandbox(vendor, "--sandbox")
    if answers.destination in _destinations_of(model):
        yield Problem(
            "already-there",
            f"model {model.name} goes to {answers.destination} already",
            where=f"{model.yaml_path}, config.meta.activation.destinations",
            fix=f"run: python -m sync plan --select {model.name}",
        )


def _destinations_of(model: Model) -> list[object]:
    entries = (model.activation or {}).get("destinations") or ()
    return [one.get("name") if isinstance(one, dict) else one for one in entries]


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"
