"""The table `installation`: a state schema's format, id and salt; how the schema begins.

Its row is written when every other shared table is there, so a crash midway is no installation.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from sqlglot import exp

from sync.errors import ConfigError, Problem, StateError, WarehouseError, sentences
from sync.state import ddl, forgotten, lost
from sync.state import lease as leases
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.migration import complete, migrate, new_id
from sync.warehouse import sql as e

CREATE_TRIES = 20
"""Several runs that race for the first tables may meet at each of them; every try gets further."""
NOT_ALLOWED = re.compile("permission|denied|privilege|not authorized|read-only", re.IGNORECASE)
"""How engines say that a login may not create."""


class Found(NamedTuple):
    """What is there of a state schema: its format, None before the first run; its tables."""

    format_version: int | None
    tables: frozenset[str]

    def has(self, version: int) -> bool:
        """Whether there is state, in this format or a newer one."""
        return self.format_version is not None and self.format_version >= version


def ensure(state: Catalogue) -> Found:
    """Create what all syncs share, on first use, or bring it to today's format.

    Raises StateError for state of a newer version, and where a shared table is gone.
    """
    found = check(state)
    version = found.format_version
    if version is None:
        _repeat(state, create, _may_not_create)
    elif version < t.FORMAT_VERSION:
        _repeat(state, lambda state: migrate(state, version), _may_not_migrate)
        state.look_again()
    return found._replace(format_version=t.FORMAT_VERSION)


def check(state: Catalogue) -> Found:
    """Look at what is there; changes nothing.

    Raises StateError for state of a newer version, and where a shared table is gone.
    """
    found, gone = _look(state)
    if gone:  # or another run has created it between two statements of this look
        state.look_again()
        found, gone = _look(state)
    if gone:
        raise lost.refused(state, gone)
    return found


def _look(state: Catalogue) -> tuple[Found, list[str]]:
    """What is there, and the shared tables that are gone."""
    there, version = state.present(), state.format_version()
    if version is not None and version > t.FORMAT_VERSION:
        raise StateError(_newer(state.tables.schema, version))
    return Found(version, there), lost.shared_of(state, there, version)


def create(state: Catalogue) -> None:
    """Every shared table that is not there, then the row that says so."""
    _create_schema(state)
    for name in t.SHARED:
        complete(state, name)
    state.look_again()
    if state.format_version() is not None:
        return
    values = {
        "format_version": e.number(t.FORMAT_VERSION),
        "salt": e.text(secrets.token_hex(16)),
        "created_at": e.utc_now(),
        "installation_id": e.text(new_id()),
    }
    rows = exp.select(*values.values())
    state.run(e.insert(state.tables["installation"], list(values), rows))
    state.look_again()


def has_schema(state: Catalogue) -> bool:
    """Whether the state's schema is there, with or without tables."""
    return bool(state.session.query(state.rendered(ddl.find_schema(state.tables, state.dialect))))


def _create_schema(state: Catalogue) -> None:
    if not has_schema(state):
        state.run(ddl.create_schema(state.tables))


def is_forbidden(error: Exception) -> bool:
    """Whether the warehouse has refused what this login may not do."""
    return bool(NOT_ALLOWED.search(str(error)))


class _Undo(Exception):
    """Makes a transaction roll back."""


def try_to_create(state: Catalogue) -> None:
    """Create what the first run creates first, and take it back.

    Raises ConfigError where the login may not. Only for an engine with transactions.
    """
    try:
        with suppress(_Undo), state.session.transaction():
            _create_schema(state)
            complete(state, "leases")
            raise _Undo
    except WarehouseError as error:
        if is_forbidden(error):
            raise _may_not_create(state, error) from error
        raise


def try_to_write(state: Catalogue) -> None:
    """Change no row of each table of the state. Raises ConfigError where the login may not.

    Only for an engine with transactions.
    """
    ours = (n for n in state.present() if n in t.SHARED or n.startswith(t.OWN))
    refused = {name: why for name in ours if (why := _refusal(state, name))}
    if refused:
        raise ConfigError(may_not_write(state, refused))


def _refusal(state: Catalogue, name: str) -> str:
    """Why the login may not write a table; empty where it may."""
    relation, never = state.tables[name], exp.false()
    try:
        with suppress(_Undo), state.session.transaction():
            for column, _ in list(state.session.columns(relation) or ())[:1]:
                nothing = e.select(e.col(column)).from_(e.table(relation)).where(never.copy())
                state.run(e.insert(relation, [column], nothing))
                state.run(e.update(relation, {column: e.null()}, never.copy()))
            state.run(e.delete(relation, never))
            raise _Undo
    except WarehouseError as error:
        if is_forbidden(error):
            return error.problems[0].message
        raise
    return ""


def may_not_write(state: Catalogue, refused: Mapping[str, str]) -> Problem:
    """By table, why the login may not use it."""
    schema, tables = state.tables.schema, sorted(refused)
    more = f" and {len(tables) - 3} more" if len(tables) > 3 else ""
    return Problem(
        "state-rights",
        f"this login may not read and write the state in {schema}: {', '.join(tables[:3])}{more}",
        hint=sentences(refused[tables[0]]),
        fix=f"make this login the owner of the tables in {schema}, or grant it select, insert,"
        " update and delete on them; only an owner may alter them, which a new trait needs",
    )


def recreate(state: Catalogue, version: str) -> list[str]:
    """Create the shared tables that are gone again, empty; their names.

    Epochs go on from the highest that is recorded. Records that destinations answered are read
    again from the first. Without the old salt, digests of personal values differ from now on.
    """
    gone = lost.shared_of(state, state.present(), state.format_version())
    if not gone:
        return []
    create(state)
    ensure(state)
    if "installation" in gone and forgotten.TABLE not in gone:
        forgotten.carried_over(state)
    if "leases" in gone:
        state.run(leases.continued(state.tables, version))
    if "responses" in gone:
        state.run(e.delete(state.tables["pulls"]))
    named = {"installation": e.text(state.installation_id())}
    for name in ("leases", "syncs"):
        state.run(e.update(state.tables[name], named, e.not_null(e.col("installation"))))
    return gone


def _repeat(
    state: Catalogue,
    step: Callable[[Catalogue], None],
    forbidden: Callable[[Catalogue, WarehouseError], ConfigError],
) -> None:
    """Of two runs that do the same, one may fail; it finds everything there next time."""
    errors: list[WarehouseError] = []
    for _ in range(CREATE_TRIES):
        try:
            step(state)
        except WarehouseError as error:
            errors.append(error)
            if is_forbidden(error):
                raise forbidden(state, error) from error
        else:
            return
    raise errors[0]


def _may_not_create(state: Catalogue, error: WarehouseError) -> ConfigError:
    schema, first = state.tables.schema, ""
    what = f"this login may create no tables in the state schema {schema}"
    if not has_schema(state):
        what = f"the state schema {schema} does not exist and can't be created with this login"
        first = f"create schema {schema}, and "
    fix = f"have someone run: {first}grant usage and create on it"
    return ConfigError(Problem("state-schema", what, hint=error.problems[0].message, fix=fix))


def _may_not_migrate(state: Catalogue, error: WarehouseError) -> ConfigError:
    return ConfigError(
        Problem(
            "state-older",
            f"the state in {state.tables.schema} was written by an older version of dbt-activation,"
            " and this login may not alter its tables",
            hint=error.problems[0].message,
            fix="run once with the login that owns them: python -m sync apply",
        )
    )


def _newer(schema: str, version: int) -> Problem:
    return Problem(
        "state-newer",
        f"the state in {schema} has format {version}; this version of dbt-activation writes"
        f" format {t.FORMAT_VERSION}",
        fix="run: pip install --upgrade dbt-activation",
    )
