"""The tables in docs/values.md: each value is sent, and compared with the engine's own text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from e2e.artifacts import Model
from e2e.project import SmallProject

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = Path(__file__).parents[2] / "docs/values.md"
HEADINGS = {"duckdb": "## DuckDB", "postgres": "## PostgreSQL"}
NAMES = ("ordinary", "least", "greatest", "special", "list")
MOMENTS = ("date", "timestamp", "timestamptz", "timestamp_ns")
PLAIN = ("boolean", "text", "varchar", "uuid", "inet", "time", "timetz", "enum", "char")
NESTED = ("json", "jsonb", "struct", "tuple", "map")
_CELL = re.compile(r"`(?P<sql>.+?)` → (?:`(?P<arrives>.+)`|(?P<rejected>rejected))")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


class Case(NamedTuple):
    column: str
    name: str
    kind: str
    """The declared type, of a list where the value is one."""
    sql: str
    arrives: Any
    is_rejected: bool

    @property
    def person(self) -> str:
        return f"{self.column}-{self.name}"

    @property
    def value(self) -> str:
        return f"cast({self.sql} as {self.kind})"


def cases(adapter: str) -> list[Case]:
    page = PAGE.read_text().split(HEADINGS[adapter])[1].split("\n## ")[0]
    return [case for row in enumerate(_rows(page)) for case in _cases(*row)]


def _rows(page: str) -> Iterator[list[str]]:
    for line in page.splitlines():
        cells = [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells and cells[0].startswith("`"):
            yield cells


def _cases(number: int, cells: list[str]) -> Iterator[Case]:
    data_type = cells[0].strip("`")
    assert len(cells) == 1 + len(NAMES), cells
    for name, cell in zip(NAMES, cells[1:], strict=True):
        if not cell:
            continue
        found = _CELL.fullmatch(cell)
        assert found, cell
        is_list = name == "list"
        depth = "[]" * (2 if found["sql"].removeprefix("array").startswith("[[") else 1)
        yield Case(
            f"{'l' if is_list else 'c'}{number}",
            name,
            f"{data_type}{depth}" if is_list else data_type,
            found["sql"],
            json.loads(found["arrives"]) if found["arrives"] else None,
            found["rejected"] is not None,
        )


def model(found: list[Case]) -> Model:
    """A person for each value, who has it and nothing else, and one who has nothing at all."""
    kinds = {case.column: case.kind for case in found}
    columns = [f"{_picked(found, column)} as {column}" for column in kinds]
    people = ", ".join(f"('{case.person}')" for case in found)
    return Model(
        name="all_values",
        query=f"select id, {', '.join(columns)} from (values {people}, ('none')) as t(id)",
        columns={"id": "varchar", **kinds},
        activation={"kind": "traits", "identity": "id", "destinations": ["customerio"]},
    )


def _picked(found: list[Case], column: str) -> str:
    own = [case for case in found if case.column == column]
    whens = " ".join(f"when '{case.person}' then {case.value}" for case in own)
    return f"case id {whens} end"


def sent(value: Any) -> Any:
    """As Customer.io gets it: moments as whole Unix seconds."""
    if isinstance(value, list):
        return [sent(x) for x in value]
    if isinstance(value, dict):
        return {k: sent(v) for k, v in value.items()}
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        return (datetime.fromisoformat(value) - EPOCH) // timedelta(seconds=1)
    return value


def is_the_text(case: Case, text: str | None) -> bool:
    """Whether the engine's own text of a value says what the page says."""
    bare = case.kind.split("(")[0]
    if case.is_rejected or case.name == "list" or bare in NESTED:
        return True
    if case.arrives is None:
        return str(text).casefold().strip("-") in ("nan", "inf", "infinity")
    if bare in MOMENTS:
        found = datetime.fromisoformat(str(text))
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        return found == datetime.fromisoformat(case.arrives)
    if bare in PLAIN:
        shown = {"t": "true", "f": "false"}.get(str(text), str(text)) if bare == "boolean" else text
        arrives = json.dumps(case.arrives) if bare == "boolean" else case.arrives
        return shown == arrives
    if bare == "interval":
        return True
    return Decimal(re.sub(r"[$,]", "", str(text))) == Decimal(str(case.arrives))


def test_every_value_arrives_as_the_page_about_values_says(project: SmallProject) -> None:
    found = cases(project.warehouse.adapter)
    assert len(found) > 60
    texts = ", ".join(f"cast({case.value} as varchar)" for case in found)
    (row,) = project.warehouse.rows(f"select {texts}")
    assert [c for c, text in zip(found, row, strict=True) if not is_the_text(c, text)] == []

    project.define(model(found))
    project.run("check", expect=0)
    project.run(expect=1)
    expected = {c.person: sent(c.arrives) for c in found if not c.is_rejected}
    arrived = {
        c.person: project.attributes(c.person).get(c.column) for c in found if not c.is_rejected
    }
    assert {k: v for k, v in arrived.items() if v != expected[k]} == {}
    rejected = project.state("select identity, code from {state}.dead_letters order by identity")
    assert rejected == sorted((c.person, "not-expressible") for c in found if c.is_rejected)
    assert project.attributes("none") == {}
    shown = project.run("plan", expect=0)
    assert f"Plan: {len(rejected)} to add." in shown.stdout
