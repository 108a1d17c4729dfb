"""What a destination answers back, into the warehouse: survey responses, for example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sync.destinations.spec import Page
from sync.errors import ConfigError, DestinationError, Problem
from sync.run.access import StateAccess
from sync.run.context import Services
from sync.state import installation
from sync.state import responses as pulling
from sync.state.catalogue import Catalogue
from sync.warehouse import sql as e

COLUMNS = ("connection", "record_id", "recorded_at", "record", "pulled_at")


@dataclass(frozen=True, slots=True)
class Pulled:
    """How one pull ended."""

    connection: str
    records: int
    pages: int


def pull(services: Services, access: StateAccess, connection: str) -> Pulled:
    """Read everything after the last pull into `responses`, page by page.

    A page and the cursor behind it are committed together: whatever interrupts a pull, the next
    one goes on where the committed records end.
    """
    destination = services.destination(connection)
    if "pull" not in destination.abilities:
        raise ConfigError(_silent(connection, destination.name))
    with access.opened() as state:
        installation.ensure(state)
        found = state.ask(pulling.read_cursor(state.tables, connection))
    cursor: str | None = found[0][0] if found else None
    records = pages = 0
    while True:
        page = services.ask(connection, destination.pull(cursor))
        with access.opened() as state, state.session.transaction():
            _store(state, connection, page, services.clock.now())
        records, pages, cursor = records + len(page.records), pages + 1, page.cursor
        if not page.has_more:
            return Pulled(connection, records, pages)


def _store(state: Catalogue, connection: str, page: Page, at: datetime) -> None:
    """The newest version of each record, and how far we are."""
    newest: dict[str, Mapping[str, Any]] = {}
    for record in page.records:
        newest[_text(connection, record, "record_id")] = record
    if newest:
        state.run(pulling.forget_records(state.tables, connection, list(newest)))
        pulled_at = e.naive(at)
        rows = [
            (
                connection,
                record_id,
                _moment(connection, record),
                orjson.dumps(record, default=str).decode(),
                pulled_at,
            )
            for record_id, record in newest.items()
        ]
        state.append(state.tables["responses"], COLUMNS, rows)
    for statement in pulling.save_cursor(state.tables, connection, page.cursor, len(newest)):
        state.run(statement)


def _text(connection: str, record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if not isinstance(value, str) or not value:
        raise DestinationError(
            Problem("record-unreadable", f"a record pulled from {connection} has no `{key}`")
        )
    return value


def _moment(connection: str, record: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(_text(connection, record, "recorded_at"))
    return e.naive(moment) if moment.tzinfo else moment


def _silent(connection: str, vendor: str) -> Problem:
    return Problem(
        "nothing-to-pull",
        f"{connection} is a {vendor} connection, and {vendor} answers nothing back here",
        where=f"profiles.yml, destinations.<target>.{connection}",
        fix="name a connection of a vendor that does, such as qualtrics",
    )
