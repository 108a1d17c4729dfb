"""Whether the keys that go to destinations are there, unique and written alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.errors import StateError
from sync.model import Kind, Sync
from sync.plan import key_audit
from sync.project.metadata_reader import read_model
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.state import whose
from sync.state.catalogue import Catalogue
from sync.state.checks import Check, newest_checks

MASK = "***"
"""Stands for a personal value."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a model by what their key is like."""

    rows: int
    usable: int
    """Neither null nor blank."""
    doubled: int
    """The vendor takes another row's key for the same."""
    alike: int
    """Only white space or capitals tell it from another row's key."""
    ragged: int
    """White space stands around it in the model."""
    capitals: int
    mails: int
    """Shaped like an e-mail address."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A row whose key is missing or odd; a personal value is `MASK`."""

    identity: str | None
    key: str | None
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyReport:
    """One key of one sync."""

    sync: Sync
    name: str
    """What it is to the vendor: `identifier`, the name of `identify_by`, `event id`, `link`."""
    column: str
    is_unique: bool
    """Two rows may not share it."""
    counts: Counts | None = None
    check: Check | None = None
    """The newest read-back of the sync."""
    shown: Sequence[Shown] = ()
    problem: str = ""
    """Why nothing was counted."""


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The keys by which the destinations of one model know the same rows."""

    model: str
    destinations: Mapping[str, Sequence[str]]
    """By column, the connections that know rows by it."""
    rows: int
    complete: int
    lacking: Mapping[str, int]
    """By column, the rows without a key in it."""
    shown: Sequence[Sequence[str | None]] = ()


@dataclass(slots=True)
class Audit:
    """All keys, and the models whose destinations know rows by several."""

    keys: list[KeyReport] = field(default_factory=list)
    models: list[SideBySide] = field(default_factory=list)


def audit(project: Project, access: StateAccess, show: int = 0) -> Audit:
    """Count the keys of the selected syncs; values of at most `show` rows each.

    Reads each model once for each of its keys. Raises WarehouseError.
    """
    found, checks = Audit(), _checks(access)
    with access.opened() as state:
        for syncs in _by_model(project.syncs):
            model = _Model(state, syncs, _personal(project, syncs[0]), show)
            for sync in syncs:
                found.keys += model.reports(sync, checks.get(sync.name))
            if beside := model.side_by_side():
                found.models.append(beside)
    return found


def _checks(access: StateAccess) -> dict[str, Check]:
    """The newest read-back of each sync that is ours; none where the state can't be relied on."""
    try:
        with access.catalogue() as state:
            others = whose.of_others(state)
            return {name: c for name, c in newest_checks(state).items() if name not in others}
    except StateError:
        return {}


class _Model:
    """One model, whose keys are counted once for each way in which vendors tell them apart."""

    def __init__(
        self, state: Catalogue, syncs: Sequence[Sync], personal: frozenset[str], show: int
    ) -> None:
        self.state, self.syncs, self.personal, self.show = state, syncs, personal, show
        columns = state.session.columns(syncs[0].relation)
        self.columns = None if columns is None else {name.lower() for name, _ in columns}
        self._counted: dict[tuple[str, str, bool], tuple[Counts, list[Shown]]] = {}

    def reports(self, sync: Sync, check: Check | None) -> list[KeyReport]:
        """What is found of each key of a sync."""
        return [
            self._report(KeyReport(sync, name, column, is_unique, check=check))
            for name, column, is_unique in keys_of(sync)
        ]

    def side_by_side(self) -> SideBySide | None:
        """The keys beside each other, where there are several and all of them can be read."""
        by_column: dict[str, list[str]] = defaultdict(list)
        for sync in self.syncs:
            by_column[sync.external_id or sync.identity].append(sync.connection)
        columns = list(by_column)
        if len(columns) < 2 or any(map(self._lacks, columns)):
            return None
        sync, hidden = self.syncs[0], self.personal & by_column.keys()
        counts = self.state.ask(key_audit.count_side_by_side(sync, columns))[0]
        rows, complete, *lacking = (int(n) for n in counts)
        shown = key_audit.show_side_by_side(sync, columns, self.show)
        return SideBySide(
            sync.model,
            dict(by_column),
            rows,
            complete,
            dict(zip(columns, lacking, strict=True)),
            [_hide(row, columns, hidden) for row in self.state.ask(shown)] if self.show else (),
        )

    def _report(self, report: KeyReport) -> KeyReport:
        if problem := self._lacks(report.column):
            return replace(report, problem=problem)
        key = (report.column, report.sync.normal_form, report.is_unique)
        if key not in self._counted:
            self._counted[key] = self._count(report)
        counts, shown = self._counted[key]
        return replace(report, counts=counts, shown=shown)

    def _count(self, report: KeyReport) -> tuple[Counts, list[Shown]]:
        sync, column = report.sync, report.column
        found = self.state.ask(key_audit.count_keys(sync, column))[0]
        rows = key_audit.show_keys(sync, column, report.is_unique, self.show)
        columns, shown = (sync.identity, column), []
        for row in self.state.ask(rows) if self.show else ():
            identity, key = _hide(row[:2], columns, self.personal)
            shown.append(Shown(identity, key, _flags(row[2:])))
        return Counts(*(int(n) for n in found)), shown

    def _lacks(self, column: str) -> str:
        """Why the column can't be read."""
        if self.columns is None:
            return "the model is not in the warehouse"
        return "" if column.lower() in self.columns else f"the model has no column {column}"


def _flags(flags: Sequence[bool]) -> tuple[str, ...]:
    """The names of those that are set."""
    return tuple(name for name, is_set in zip(key_audit.FLAGS, flags, strict=True) if is_set)


def _hide(
    row: Sequence[str | None], columns: Sequence[str], personal: Collection[str]
) -> list[str | None]:
    """The row, with `MASK` for values of personal columns."""
    return [
        MASK if value is not None and column in personal else value
        for value, column in zip(row, columns, strict=True)
    ]


def keys_of(sync: Sync) -> list[tuple[str, str, bool]]:
    """(what it is to the vendor, our column, whether two rows may not share it)."""
    is_event, is_linked = sync.kind is Kind.EVENTS, sync.related_id is not None
    found = [
        (
            sync.identify_by or "identifier",
            sync.external_id or sync.identity,
            not (is_event or is_linked),
        )
    ]
    found += [("event id", sync.event_id, True)] if is_event and sync.event_id else []
    found += [("link", sync.related_id, False)] if sync.related_id else []
    return found


def _by_model(syncs: Sequence[Sync]) -> list[list[Sync]]:
    found: dict[str, list[Sync]] = defaultdict(list)
    for sync in syncs:
        found[sync.unique_id].append(sync)
    return list(found.values())


def _personal(project: Project, sync: Sync) -> frozenset[str]:
    activated, _ = read_model(project.manifest.models[sync.unique_id])
    columns = activated.columns if activated else {}
    return frozenset(name for name, meta in columns.items() if meta.pii)
