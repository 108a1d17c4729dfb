"""The SQL of a whole run in each engine's dialect: as it was agreed on, and within its rules."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

from sync.warehouse.dialect import FACTS
from tests.unit.plan.recording import (
    approved,
    edited,
    forgetting,
    grouped,
    learned,
    limited,
    looked_at,
    named,
    started,
    statements,
    with_jobs,
)

GOLDEN = Path(__file__).parent / "golden"
Rule = Callable[[exp.Expr, str], bool]


def no_statement_about_all_rows(tree: exp.Expr, sql: str) -> bool:
    return all(s.args.get("where") for s in tree.find_all(exp.Delete, exp.Update) if not s.parent)


def no_view(tree: exp.Expr, sql: str) -> bool:
    return not any(made.kind == "VIEW" for made in tree.find_all(exp.Create))


def no_key(tree: exp.Expr, sql: str) -> bool:
    return tree.find(exp.PrimaryKeyColumnConstraint) is None


def no_bare_varchar(tree: exp.Expr, sql: str) -> bool:
    return not re.search(r"\bVARCHAR\b(?!\()", sql)


def no_zone_clause(tree: exp.Expr, sql: str) -> bool:
    return "AT TIME ZONE" not in sql


def no_temporary_table(tree: exp.Expr, sql: str) -> bool:
    return tree.find(exp.TemporaryProperty) is None


def no_distinct_from(tree: exp.Expr, sql: str) -> bool:
    return "DISTINCT FROM" not in sql and "to_json" not in sql.lower()


def no_merge(tree: exp.Expr, sql: str) -> bool:
    """Of a query: Redshift merges tables only."""
    return not isinstance(tree, exp.Merge)


def one_table_measured(tree: exp.Expr, sql: str) -> bool:
    return not (isinstance(tree, exp.Analyze) and len(tree.args.get("tables") or ()) > 1) and not (
        sql.startswith("ANALYZE") and "," in sql
    )


def no_change_by_a_question(tree: exp.Expr, sql: str) -> bool:
    """Delta changes rows by what they hold; what other tables hold takes a merge."""
    changes = tree.find_all(exp.Delete, exp.Update)
    return not any((s.args.get("where") or s).find(exp.Select) for s in changes if not s.parent)


def all_in_a_schema(tree: exp.Expr, sql: str) -> bool:
    """Nothing is a session's own, and what a statement defines is called by its name."""
    defined = {cte.alias for cte in tree.find_all(exp.CTE)}
    return all(table.db or table.name in defined for table in tree.find_all(exp.Table))


def delta_tables(tree: exp.Expr, sql: str) -> bool:
    is_table = isinstance(tree, exp.Create) and tree.kind == "TABLE"
    return not is_table or tree.find(exp.FileFormatProperty) is not None


def no_sum_of_hashes(tree: exp.Expr, sql: str) -> bool:
    """A sum of 64-bit numbers is an error where it has more bits."""
    return not any(isinstance(s.this, exp.Anonymous) for s in tree.find_all(exp.Sum))


def no_zoned_moment(tree: exp.Expr, sql: str) -> bool:
    """A TIMESTAMP is an instant there, and can't be compared with a moment without a zone."""
    return not re.search(r"(?<!CURRENT_)TIMESTAMP", sql)


def replaced_temporary_table(tree: exp.Expr, sql: str) -> bool:
    """None is dropped by a name without a data set, which need not exist."""
    return no_temporary_table(tree, sql) or bool(tree.args.get("replace"))


def no_other_catalogue(tree: exp.Expr, sql: str) -> bool:
    return not re.search(r"current_database|(?<!`\.)information_schema", sql, re.IGNORECASE)


def no_json_function(tree: exp.Expr, sql: str) -> bool:
    """`to_json` makes JSON there, which is no text."""
    return not re.search(r"\bto_json\(", sql, re.IGNORECASE)


def no_condition_without_table(tree: exp.Expr, sql: str) -> bool:
    return all(x.args.get("from_") for x in tree.find_all(exp.Select) if x.args.get("where"))


def outer_joins_by_equality(tree: exp.Expr, sql: str) -> bool:
    """Anything else is no join that can be spread over workers, and is refused."""
    outer = [x for x in tree.find_all(exp.Join) if x.side]
    return all(any(_is_equality(x) for x in _parts(join.args.get("on"))) for join in outer)


def _parts(condition: exp.Expr | None) -> list[exp.Expr]:
    if isinstance(condition, exp.Paren):
        return _parts(condition.this)
    if isinstance(condition, exp.And):
        return list(condition.flatten())
    return [condition] if condition is not None else []


def _is_equality(condition: exp.Expr) -> bool:
    both = isinstance(condition, exp.EQ) and [condition.this, condition.expression]
    return bool(both) and len({x.table for side in both for x in side.find_all(exp.Column)}) > 1


def sums_of_any_size(tree: exp.Expr, sql: str) -> bool:
    """A sum of integers of 64 bits fails where it needs more."""
    return all(
        isinstance(x.this, exp.Case) or x.this.is_type("BIGDECIMAL") for x in tree.find_all(exp.Sum)
    )


def no_name_twice(tree: exp.Expr, sql: str) -> bool:
    """In a result, whatever its capitals."""
    made = tree.expression if isinstance(tree, exp.Create) else tree
    names = [x.lower() for x in made.named_selects if x] if isinstance(made, exp.Query) else []
    return len(names) == len(set(names))


def moments_to_the_microsecond(tree: exp.Expr, sql: str) -> bool:
    """A TIMESTAMP without digits has three of them there."""
    return not re.search(r"(?<!CURRENT_)TIMESTAMP(?!\(6\))", sql)


def no_untyped_column(tree: exp.Expr, sql: str) -> bool:
    """No table has a column of a null alone."""
    made = tree.expression if isinstance(tree, exp.Create) else None
    found = made.selects if isinstance(made, exp.Query) else []
    return not any(isinstance(column.unalias(), exp.Null) for column in found)


def no_update_from(tree: exp.Expr, sql: str) -> bool:
    return not (isinstance(tree, exp.Update) and tree.args.get("from_"))


def moments_as_each_half_writes_them(tree: exp.Expr, sql: str) -> bool:
    """Hive's half knows no digits, Trino's half has three where none are said."""
    return "(6)" not in sql if is_hive(tree) else moments_to_the_microsecond(tree, sql)


def is_hive(tree: exp.Expr) -> bool:
    """Written in Hive's words: what makes, changes or drops a table without a query."""
    is_made = isinstance(tree, exp.Create) and not isinstance(tree.expression, exp.Query)
    return is_made or isinstance(tree, exp.Alter | exp.Drop)


def quoted_as_each_half_quotes(tree: exp.Expr, sql: str) -> bool:
    without_texts = re.sub("'(?:[^']|'')*'", "", sql)
    return ('"' if is_hive(tree) else "`") not in without_texts


def iceberg_tables_with_a_folder(tree: exp.Expr, sql: str) -> bool:
    is_table = isinstance(tree, exp.Create) and tree.kind == "TABLE"
    return not is_table or ("ICEBERG" in sql and "'s3://activation/" in sql)


def nothing_that_athena_lacks(tree: exp.Expr, sql: str) -> bool:
    """A table made of a query is neither replaced nor passed over where it is there already, and no
    column changes its type."""
    is_made = isinstance(tree, exp.Create) and isinstance(tree.expression, exp.Query)
    is_refused = is_made and bool(tree.args.get("replace") or tree.args.get("exists"))
    return not is_refused and not tree.find(exp.RenameColumn, exp.AlterColumn)


EVERYWHERE: tuple[Rule, ...] = (no_statement_about_all_rows, no_view)
LAKEHOUSE = (
    no_bare_varchar,
    no_zone_clause,
    no_temporary_table,
    no_key,
    no_change_by_a_question,
    all_in_a_schema,
    no_sum_of_hashes,
)
RULES: dict[str, tuple[Rule, ...]] = {
    "duckdb": (),
    "postgres": (),
    "redshift": (no_bare_varchar, no_key, no_distinct_from, one_table_measured, no_merge),
    "snowflake": (no_zone_clause, no_key),
    "bigquery": (
        no_bare_varchar,
        no_zone_clause,
        no_key,
        no_zoned_moment,
        replaced_temporary_table,
        no_other_catalogue,
        no_json_function,
        no_condition_without_table,
        outer_joins_by_equality,
        sums_of_any_size,
        no_name_twice,
    ),
    "trino": (
        no_temporary_table,
        no_key,
        all_in_a_schema,
        no_json_function,
        moments_to_the_microsecond,
        no_untyped_column,
        no_update_from,
        outer_joins_by_equality,
    ),
    "athena": (
        no_temporary_table,
        no_key,
        all_in_a_schema,
        no_json_function,
        no_untyped_column,
        no_update_from,
        outer_joins_by_equality,
        moments_as_each_half_writes_them,
        quoted_as_each_half_quotes,
        iceberg_tables_with_a_folder,
        nothing_that_athena_lacks,
    ),
    "databricks": LAKEHOUSE,
    "spark": (*LAKEHOUSE, delta_tables),
}


def agree(file: Path, text: str) -> None:
    """The file holds the text; `SYNC_WRITE_GOLDEN=1` writes it, for its difference to be read."""
    if os.environ.get("SYNC_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text.encode())
    assert text == file.read_bytes().decode()


@pytest.fixture(scope="module", params=FACTS)
def engine(request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    return request.param, statements(request.param)


def test_the_statements_of_a_run_are_those_that_were_agreed_on(
    engine: tuple[str, list[str]],
) -> None:
    dialect, told = engine
    text = ";\n\n".join(told) + ";\n"
    agree(GOLDEN / f"{dialect}.sql", text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statements_of_a_first_plan_are_those_that_were_agreed_on(dialect: str) -> None:
    """The model is read into the plan, and looked at there: no copy of it is made before."""
    told = started(dialect)
    written = [all(x in sql.lower() for x in ("insert into", "plan_people")) for sql in told]
    at = written.index(True)
    text = ";\n\n".join(told[at : at + 2]) + ";\n"
    agree(GOLDEN / "first" / f"{dialect}.sql", text)
    assert not any("candidates" in sql.lower() for sql in told if sql not in text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statements_of_limits_are_those_that_were_agreed_on(dialect: str) -> None:
    about = ("activation_judged", "activation_higher", "is_reserved")
    told = [sql for sql in limited(dialect) if any(name in sql.lower() for name in about)]
    text = ";\n\n".join(told) + ";\n"
    agree(GOLDEN / "limits" / f"{dialect}.sql", text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statements_about_jobs_are_those_that_were_agreed_on(dialect: str) -> None:
    text = ";\n\n".join(with_jobs(dialect)) + ";\n"
    agree(GOLDEN / "jobs" / f"{dialect}.sql", text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statements_of_groups_are_those_that_were_agreed_on(dialect: str) -> None:
    """The first that asks who is outranked, and the one that asks who waits."""
    told = grouped(dialect)
    first = next(sql for sql in told if "outranking" in sql.lower())
    judged = next(sql for sql in told if "occupied" in sql.lower())
    text = ";\n\n".join([first, judged]) + ";\n"
    agree(GOLDEN / "groups" / f"{dialect}.sql", text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statements_about_named_records_are_those_that_were_agreed_on(dialect: str) -> None:
    """The one that plans what each record is called, and the first that settles it."""
    told = named(dialect)
    planned = next(sql for sql in told if "old_remote_id" in sql.lower())
    settled = next(sql for sql in told if "nullif(coalesce" in re.sub(r"\s", "", sql.lower()))
    text = f"{planned};\n\n{settled};\n"
    agree(GOLDEN / "named" / f"{dialect}.sql", text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statements_about_forgotten_people_are_those_that_were_agreed_on(dialect: str) -> None:
    """The first that asks who of the model was forgotten, and who of those that have left it."""
    told = forgetting(dialect)
    asked = next(sql for sql in told if "forgotten_1" in sql.lower())
    made = next(sql for sql in told if sql.startswith("CREATE") and "_gone" in sql[:200].lower())
    text = f"{asked};\n\n{made};\n"
    agree(GOLDEN / "forgotten" / f"{dialect}.sql", text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statements_of_an_approval_are_those_that_were_agreed_on(dialect: str) -> None:
    text = ";\n\n".join([*approved(dialect), *learned(dialect)]) + ";\n"
    agree(GOLDEN / "approvals" / f"{dialect}.sql", text)


@pytest.mark.parametrize("dialect", FACTS)
def test_the_statement_about_an_edit_is_the_one_that_was_agreed_on(dialect: str) -> None:
    (told,) = edited(dialect)
    agree(GOLDEN / "edits" / f"{dialect}.sql", f"{told};\n")


def test_each_statement_keeps_the_rules_of_its_engine(engine: tuple[str, list[str]]) -> None:
    dialect, told = engine
    parsed = [parse_one(sql.replace(FACTS[dialect].passing, ""), dialect=dialect) for sql in told]
    broken = {
        rule.__name__
        for tree, sql in zip(parsed, told, strict=True)
        for rule in (*EVERYWHERE, *RULES[dialect])
        if not rule(tree, sql)
    }
    assert not broken


@pytest.mark.parametrize("dialect", FACTS)
def test_a_plan_that_is_looked_at_only_asks(dialect: str) -> None:
    """It takes no lease; what it wrote would stay, where each statement commits."""
    told = looked_at(dialect)
    assert len(told) > 3
    for sql in told:
        assert isinstance(parse_one(sql, dialect=dialect), exp.Query), sql
