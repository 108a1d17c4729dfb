"""Everything a run needs, tried one by one; what fails comes with its fix."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

from sync import __version__
from sync.commands import trial
from sync.destinations.notices import Notifiers
from sync.errors import ConfigError, Problem, SyncError, WarehouseError
from sync.http.ports import Clock
from sync.model import Relation
from sync.plan import lookups
from sync.project.notifications import try_notifiers
from sync.project.project import Project
from sync.run.access import StateAccess
from sync.run.context import Services
from sync.state import installation, lost, syncs
from sync.state.catalogue import Catalogue
from sync.state.digests import DIGEST_KEY, has_key
from sync.warehouse.dialect import facts
from sync.warehouse.proved import emulated

PACKAGES = ("dbt-core", "duckdb", "sqlglot", "httpcore", "pydantic", "pyarrow")
ACCOUNT_CHANGED = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """One thing that was tried: what was found, or the problems with their exit code."""

    what: str
    found: str = ""
    problems: tuple[Problem, ...] = ()
    exit_code: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether it is as it should be."""
        return not self.problems


def examine(
    load: Callable[[], Project],
    access: Callable[[Project], StateAccess],
    clock: Clock,
    is_full: bool = False,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Tried]:
    """Try installation, project, warehouse and every connection, in this order.

    With `is_full`, the warehouse goes through two days of syncs, in a schema that is dropped.
    """
    yield Tried("python", f"{platform.python_version()}, dbt-activation {__version__}")
    yield Tried("packages", ", ".join(_versions()))
    try:
        project = load()
    except SyncError as error:
        yield _failed("project", error)
        return
    yield from _project(project)
    accounts: dict[str, list[str]] = {}
    opened = list(_warehouse(project, access, accounts))
    yield from opened
    if is_full and all(one.is_ok for one in opened):
        for what, found in trial.try_out(access(project), clock, is_stopping):
            yield Tried(what, found) if isinstance(found, str) else _failed(what, found)
    if is_stopping():
        return
    yield from _connections(project, clock, accounts)
    yield from _notifiers(project)


def _failed(what: str, error: SyncError) -> Tried:
    return Tried(what, "", tuple(error.problems), error.exit_code)


def _versions() -> list[str]:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return found


def _project(project: Project) -> Iterator[Tried]:
    yield Tried("project", f"{project.name}, {project.dir}")
    profile = project.profile
    yield Tried("profile", f"{profile.name}, target {profile.target.name}, {profile.path}")
    if project.problems:
        yield Tried("metadata", "", (_see_check(len(project.problems)),), 2)
    else:
        yield Tried("metadata", f"{counted(len(project.syncs), 'sync')} for this target")
    for warning in project.warnings:
        yield Tried("", warning.message)


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _see_check(count: int) -> Problem:
    text = f"{counted(count, 'problem')} in the models' metadata"
    return Problem("metadata", text, fix="run: python -m sync check")


def _warehouse(
    project: Project, access: Callable[[Project], StateAccess], accounts: dict[str, list[str]]
) -> Iterator[Tried]:
    """Connect, look for models and state; `accounts` on record are filled in by connection."""
    try:
        place = access(project)
        with place.opened() as state:
            state.session.query("select 1")
            engine = _adapter(place.warehouse.engine, project.target.adapter_type)
            yield Tried("warehouse", engine)
            found = _tried("state", lambda: _schema(state, place))
            yield found
            yield _tried("models", lambda: _models(state, project))
            if found.is_ok:
                accounts.update(_accounts(state, place, project))
    except SyncError as error:
        yield _failed("warehouse", error)
        return
    if any(trait.is_pii for sync in project.syncs for trait in sync.traits):
        yield Tried("digests", _digests())


def _tried(what: str, look: Callable[[], str]) -> Tried:
    try:
        return Tried(what, look())
    except SyncError as error:
        return _failed(what, error)


def _adapter(engine: str, adapter: str) -> str:
    found = emulated(adapter)
    return f"{engine} ({adapter})" + (f"; {found.message}" if found else "")


def _schema(state: Catalogue, access: StateAccess) -> str:
    try:
        installation.check(state)
        lost.refuse_own(state)
    except WarehouseError as error:
        if not installation.is_forbidden(error):
            raise
        refused = {"installation": error.problems[0].message}
        raise ConfigError(installation.may_not_write(state, refused)) from error
    if state.is_installed():
        if facts(state.dialect).has_transactions:
            installation.try_to_write(state)
        return f"schema {access.schema} is there"
    is_there = installation.has_schema(state)
    missing = "there, without tables" if is_there else "not there yet"
    if not facts(state.dialect).has_transactions:
        return f"schema {access.schema} is {missing}; the first run creates what is missing"
    installation.try_to_create(state)
    return f"schema {access.schema} is {missing}, and can be {'filled' if is_there else 'created'}"


def _digests() -> str:
    """What protects the digests of pii columns from who may read the state."""
    if has_key():
        return f"of pii columns, with the key of {DIGEST_KEY}"
    return f"of pii columns, with a salt that lies beside them; a key in {DIGEST_KEY} does not"


def _models(state: Catalogue, project: Project) -> str:
    models = {sync.model: sync.relation for sync in project.syncs}
    missing = [name for name, at in models.items() if state.session.columns(at) is None]
    if missing:
        return f"not built in this target: {', '.join(missing)}; run: dbt build"
    refused = [problem for model in models.items() for problem in _unreadable(state, *model)]
    if refused:
        raise WarehouseError(*refused)
    return f"{counted(len(models), 'model')} built" if models else "none whose metadata is sound"


def _unreadable(state: Catalogue, model: str, at: Relation) -> Iterator[Problem]:
    """What the warehouse says where the login may not read the model, whose columns it may see."""
    try:
        state.session.query(state.rendered(lookups.nothing_of(at)))
    except WarehouseError as error:
        fix = "grant select on it to this login"
        yield from (replace(p, where=f"model {model}", fix=fix) for p in error.problems)


def _accounts(state: Catalogue, access: StateAccess, project: Project) -> dict[str, list[str]]:
    """The account that syncs of each connection went to, as recorded."""
    found: dict[str, list[str]] = {}
    for sync in project.syncs if state.is_installed() else ():
        state.tables = access.tables(sync.name)
        known = syncs.remembered(state)
        if known is not None and known.account is not None:
            found.setdefault(sync.connection, []).append(known.account)
    return found


def _connections(project: Project, clock: Clock, accounts: dict[str, list[str]]) -> Iterator[Tried]:
    if not project.connections:
        yield Tried("connections", f"target {project.target.name} has none, so it sends nothing")
    with Services(project, clock, lambda: None) as services:
        for name in project.connections:
            tried = _connection(services, name, accounts.get(name, []))
            yield tried
            if tried.is_ok:
                yield from _preflight(services, name, project)


def _notifiers(project: Project) -> Iterator[Tried]:
    """Whether the notifiers are written right; nothing is sent to them."""
    usable, problems = try_notifiers(project.profile, Notifiers())
    if problems:
        yield Tried("notifications", "", tuple(problems), ConfigError.exit_code)
    elif usable:
        yield Tried("notifications", f"{', '.join(usable)}; nothing was sent there")


def _preflight(services: Services, name: str, project: Project) -> Iterator[Tried]:
    """What has to exist at the destination, or depends on us, where the destination can tell."""
    try:
        found = services.audit(name, project.syncs)
    except SyncError as error:
        yield _failed(f"{name}, looked at", error)
        return
    if found:
        yield Tried(f"{name}, looked at", "", tuple(found), 1)


def _connection(services: Services, name: str, recorded: list[str]) -> Tried:
    """Whether it can be sent to."""
    try:
        health = services.health(name)
    except SyncError as error:
        return _failed(name, error)
    if health.problems:
        return Tried(name, "", tuple(health.problems), 6)
    if others := sorted(set(recorded) - {health.account}):
        return Tried(name, "", (_other_account(name, others, health.account),), ACCOUNT_CHANGED)
    facts = ", ".join(f"{key} {text}" for key, text in health.facts.items())
    known = ", as recorded" if recorded else ", not sent to yet"
    return Tried(name, f"account {health.account}{known}; {facts}")


def _other_account(name: str, before: list[str], now: str) -> Problem:
    return Problem(
        "account-changed",
        f"connection {name} opens account {now}; syncs have gone to {', '.join(before)}",
        hint="A run would hold those syncs.",
        fix=f"mend the credentials of {name} in profiles.yml, or start afresh:"
        f" python -m sync state reset --select destination:{name}",
    )
