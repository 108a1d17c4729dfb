"""A table of people, and models over it: for stories of edits to a project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from e2e.artifacts import Model
from e2e.project import SmallProject

NO_MODELS: tuple[Model, ...] = ()


def furnish(project: SmallProject) -> SmallProject:
    """Two people, and nothing sent so far."""
    project.warehouse.run("create table people (id varchar, tier varchar, n integer)")
    fill(project, "'a', 'gold', 1", "'b', 'free', 2")
    return project


def fill(project: SmallProject, *rows: str) -> None:
    """Make these all the people there are; a row is the SQL of its values."""
    inserts = [f"insert into people values ({row})" for row in rows]
    project.warehouse.run("delete from people", *inserts)


def model(
    name: str,
    columns: Mapping[str, str] | None = None,
    kind: str = "traits",
    where: str = "true",
    connection: str = "customerio",
    **entry: Any,
) -> Model:
    """A model with some of the columns, each with its type."""
    columns = columns or {"tier": "varchar"}
    return Model(
        name=name,
        query=f"select id, {', '.join(columns)} from people where {where}",
        columns={"id": "varchar", **columns},
        activation={
            "kind": kind,
            "identity": "id",
            "destinations": [{"name": connection, **entry}],
        },
    )


def segment(name: str, **entry: Any) -> Model:
    """The segment `cart`, whose members may be new to the vendor."""
    entry = {"segment": "cart", "traits": [], "update_only": False, **entry}
    return model(name, kind="segment", columns={"n": "integer"}, **entry)


def events(name: str) -> Model:
    """One order of each person."""
    return Model(
        name=name,
        query="select id, 'o' || n as order_id, timestamp '2026-11-01' as at, n from people",
        columns={"id": "varchar", "order_id": "varchar", "at": "timestamp", "n": "integer"},
        activation={
            "kind": "events",
            "identity": "id",
            "event_id": "order_id",
            "event": "ordered",
            "occurred_at": "at",
            "initial": "send",
            "destinations": ["customerio"],
        },
    )


def orders(columns: str, destination: str, initial: str = "send") -> Model:
    """Orders as events; `columns` is `<id> as order_id, <who> as person_id from <table>`."""
    ids, _, table = columns.partition(" from ")
    return Model(
        name="orders",
        query=f"select {ids}, timestamp '2026-11-01 12:00:00' as at from {table}",
        columns={"order_id": "varchar", "person_id": "varchar", "at": "timestamp"},
        activation={
            "kind": "events",
            "identity": "person_id",
            "event": "Ordered",
            "event_id": "order_id",
            "occurred_at": "at",
            "initial": initial,
            "destinations": [destination],
        },
    )


def held(project: SmallProject, *names: str) -> dict[str, Any]:
    """What the sandbox holds of each person."""
    return {name: project.attributes(name) for name in names}


def lines(text: str, code: str) -> list[dict[str, Any]]:
    """The JSON lines with a code."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if line["code"] == code]
