"""What a plan works with, in tables of the state's schema, on engines without temporary tables.

Each is `scratch_<token>_<name>_<sync>`; the token is a session's own, so that of two runs of a sync
neither works with what the other one has made. They are dropped at the end of the session, and
those of a run that was cut short by the next one that has the lease.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlglot import exp

from sync.state.schema import StateTables
from sync.warehouse import sql as e


def placed(statement: exp.Expr, tables: StateTables, token: str) -> exp.Expr:
    """The statement with each table that has no schema, and no definition in it, in its place.

    The new name of a table of the state gets its schema as well.
    """
    if isinstance(statement, exp.Create) and statement.kind == "SCHEMA":
        return statement
    defined = {cte.alias for cte in statement.find_all(exp.CTE)}
    made = statement.copy()
    for table in list(made.find_all(exp.Table)):
        if not table.db and table.name not in defined:
            is_new_name = isinstance(table.parent, exp.AlterRename)
            name = f"scratch_{token}_{_short(table.name)}_{tables.sync}"
            place = e.table(tables[table.name if is_new_name else name])
            if isinstance(table.parent, exp.From | exp.Join):
                place.set("alias", exp.TableAlias(this=e.ident(table.alias or table.name)))
            table.replace(place)
    return made


def is_made(statement: exp.Expr) -> bool:
    """Whether a statement creates a temporary table."""
    return isinstance(statement, exp.Create) and statement.find(exp.TemporaryProperty) is not None


def left(tables: StateTables, present: Collection[str]) -> list[str]:
    """Those of the sync that are there, of this run and of others."""
    ours = re.compile(rf"scratch_[0-9a-f]{{8}}_[a-z]+_{re.escape(tables.sync)}", re.IGNORECASE)
    return sorted(name for name in present if ours.fullmatch(name))


def _short(name: str) -> str:
    return name.removeprefix("activation_").replace("_", "")
