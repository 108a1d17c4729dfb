"""`debug`: everything a run needs, tried one by one; what fails comes with its fix."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NoReturn

from sync import __version__
from sync.cli.command import PROJECT, SELECTION, STATE, command
from sync.cli.session import Session
from sync.errors import Problem, SyncError
from sync.report import jsonl, words

if TYPE_CHECKING:
    from sync.project.project import Project
    from sync.run.access import StateAccess
    from sync.run.context import Services
    from sync.state.catalogue import Catalogue

PACKAGES = ("dbt-core", "duckdb", "sqlglot", "httpcore", "pydantic", "pyarrow")
ACCOUNT_CHANGED = 3
TRANSACTIONAL = frozenset({"duckdb", "postgres", "redshift"})
"""Dialects where creating a schema can be tried and rolled back."""


class Findings:
    """What was tried, and how it went."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.codes: list[int] = []
        self.items: list[dict[str, Any]] = []

    def fine(self, what: str, found: str) -> None:
        """One thing that is as it should be."""
        self.items.append({"what": what, "is_ok": True, "found": found})
        if not self.session.is_json:
            ok = self.session.terminal.paint_out("OK", "green")
            self.session.say(f"{what:<24} {ok:<4} {found}")

    def wrong(self, what: str, problems: tuple[Problem, ...], exit_code: int) -> None:
        """One thing to mend."""
        self.codes.append(exit_code)
        self.items.append({"what": what, "is_ok": False, "problems": jsonl.plain(problems)})
        if not self.session.is_json:
            paint = self.session.terminal.paint_out
            self.session.say(f"{what:<24} {paint('FAILED', 'red')}")
            for problem in problems:
                told = paint.problem(problem).split("\n")
                self.session.say(*(f"    {line}" for line in told))

    def attempt(self, what: str, step: Callable[[], str]) -> bool:
        """Run one step; its errors are findings."""
        try:
            self.fine(what, step())
        except SyncError as error:
            self.wrong(what, tuple(error.problems), error.exit_code)
            return False
        return True


@command(SELECTION, PROJECT, STATE)
def debug(session: Session) -> int:
    """Try project, warehouse and every connection: credentials, region, account."""
    from sync.run.opening import gravest

    findings = Findings(session)
    findings.fine("python", f"{platform.python_version()}, dbt-activation {__version__}")
    findings.fine("packages", ", ".join(_versions()))
    try:
        project = session.load()
    except SyncError as error:
        findings.wrong("project", tuple(error.problems), error.exit_code)
    else:
        _project(findings, project)
        accounts = _warehouse(findings, session, project)
        _connections(findings, session, project, accounts)
    code = gravest(findings.codes)
    if session.is_json:
        session.answer("debug", exit_code=code, findings=findings.items)
    else:
        failed = words.plural(len(findings.codes), "check")
        session.say("", f"{failed} failed." if findings.codes else "All checks passed.")
    return code


def _versions() -> list[str]:
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return found


def _project(findings: Findings, project: Project) -> None:
    findings.fine("project", f"{project.name}, {project.dir}")
    profile = project.profile
    findings.fine("profile", f"{profile.name}, target {profile.target.name}, {profile.path}")
    syncs = words.plural(len(project.syncs), "sync")
    if project.problems:
        findings.wrong("metadata", (_see_check(len(project.problems)),), 2)
    else:
        findings.fine("metadata", f"{syncs} for this target")
    for warning in project.warnings:
        findings.session.say(f"{'':<24} {warning.message}")


def _see_check(count: int) -> Problem:
    text = f"{words.plural(count, 'problem')} in the models' metadata"
    return Problem("metadata", text, fix="run: python -m sync check")


def _warehouse(findings: Findings, session: Session, project: Project) -> dict[str, list[str]]:
    """Connect, look for models and state; the accounts on record by sync."""
    accounts: dict[str, list[str]] = {}

    def connect() -> str:
        access = session.access(project)
        with access.catalogue() as state:
            state.session.query("select 1")
            schema.append(_schema(state, access))
            models.append(_models(state, project))
            accounts.update(_accounts(state, access, project))
        return f"{access.warehouse.engine} ({project.target.adapter_type})"

    schema: list[str] = []
    models: list[str] = []
    if findings.attempt("warehouse", connect):
        findings.fine("state", schema[0])
        findings.fine("models", models[0])
    return accounts


def _schema(state: Catalogue, access: StateAccess) -> str:
    from sync.state import schema as t
    from sync.state.reading import is_installed

    if is_installed(state):
        return f"schema {access.schema} is there"
    if state.dialect not in TRANSACTIONAL:
        return f"schema {access.schema} is not there yet; the first run creates it"
    with suppress(_Undo), state.session.transaction():
        state.run(t.create_schema(state.tables))
        _undo()
    return f"schema {access.schema} is not there yet, and can be created"


class _Undo(Exception):
    """Makes a transaction roll back."""


def _undo() -> NoReturn:
    raise _Undo


def _models(state: Catalogue, project: Project) -> str:
    missing = [s.model for s in project.syncs if state.session.columns(s.relation) is None]
    if missing:
        names = words.named(list(dict.fromkeys(missing)))
        return f"not built in this target: {names}; run: dbt build"
    return f"{words.plural(len({s.model for s in project.syncs}), 'model')} built"


def _accounts(state: Catalogue, access: StateAccess, project: Project) -> dict[str, list[str]]:
    """The account that syncs of each connection went to, as recorded."""
    from sync.state import syncs
    from sync.state.reading import is_installed

    found: dict[str, list[str]] = {}
    for sync in project.syncs if is_installed(state) else ():
        state.tables = access.tables(sync.name)
        known = syncs.remembered(state)
        if known is not None and known.account is not None:
            found.setdefault(sync.connection, []).append(known.account)
    return found


def _connections(
    findings: Findings, session: Session, project: Project, accounts: dict[str, list[str]]
) -> None:
    from sync.run.context import Services

    if not project.connections:
        findings.fine("connections", f"target {project.target.name} has none, so it sends nothing")
    with Services(project, session.clock, lambda: None) as services:
        for name in project.connections:
            if _connection(findings, services, name, accounts.get(name, [])):
                _preflight(findings, services, name, project)


def _preflight(findings: Findings, services: Services, name: str, project: Project) -> None:
    """What has to exist over there, or depends on us, where the destination can tell."""
    try:
        found = services.audit(name, project.syncs)
    except SyncError as error:
        findings.wrong(f"{name}, looked at", tuple(error.problems), error.exit_code)
        return
    if found:
        findings.wrong(f"{name}, looked at", tuple(found), 1)


def _connection(findings: Findings, services: Services, name: str, recorded: list[str]) -> bool:
    """Whether it can be sent to."""
    try:
        health = services.health(name)
    except SyncError as error:
        findings.wrong(name, tuple(error.problems), error.exit_code)
        return False
    if health.problems:
        findings.wrong(name, tuple(health.problems), 6)
        return False
    if others := sorted(set(recorded) - {health.account}):
        findings.wrong(name, (_other_account(name, others, health.account),), ACCOUNT_CHANGED)
        return False
    facts = ", ".join(f"{key} {text}" for key, text in health.facts.items())
    known = ", as recorded" if recorded else ", not sent to yet"
    findings.fine(name, f"account {health.account}{known}; {facts}")
    return True


def _other_account(name: str, before: list[str], now: str) -> Problem:
    return Problem(
        "account-changed",
        f"connection {name} opens account {now}; syncs have gone to {', '.join(before)}",
        hint="A run would hold those syncs.",
        fix=f"mend the credentials of {name} in profiles.yml, or start afresh:"
        f" python -m sync state reset --select destination:{name}",
    )
