"""Members who left the model and must not be reached: their exits are no matter of the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from sync.plan.comparison import Comparison
from sync.plan.consent import Unconsented
from sync.plan.doubles import CANDIDATES
from sync.plan.forgotten import Forgotten, people_in
from sync.plan.gates import Gate, NotTried
from sync.plan.listed import spelled
from sync.plan.suppression import Suppressed
from sync.rules import Listed
from sync.warehouse import sql as e

GONE = "activation_gone"
Naming = tuple[Suppressed | Unconsented | Forgotten, exp.Expr, exp.Select]
"""A gate, the person of a row of the snapshot `s`, and the people that its list names: (person)."""


def naming(c: Comparison) -> list[Naming]:
    """The gates whose lists name people by what the snapshot holds; none for events."""
    found: list[Naming] = []
    is_of_all = c.removes and not any(isinstance(gate, NotTried) for gate in c.gates)
    for gate in c.gates if is_of_all else ():
        if isinstance(gate, Forgotten):
            found += [(gate, digest, gate.people()) for digest in _digests(c, gate)]
        if isinstance(gate, Suppressed) and (held := _listed(c, gate.listed)) is not None:
            found.append((gate, held, gate.in_force()))
        if isinstance(gate, Unconsented) and gate.consent.listed is not None:
            held = _listed(c, gate.consent.listed)
            found += [(gate, held, gate.refused())] if held is not None else []
    return found


def _digests(c: Comparison, gate: Forgotten) -> Iterator[exp.Expr]:
    for column in people_in(c.sync):
        if (held := _held(c, column)) is not None:
            yield from gate.digests(column, held)


def _listed(c: Comparison, listed: Listed) -> exp.Expr | None:
    held = _held(c, listed.column)
    return None if held is None else spelled(listed, held)


def _held(c: Comparison, name: str) -> exp.Expr | None:
    """The person of a row of the snapshot; None where it does not hold the compared column."""
    s = c.sync
    is_key = s.related_id is None and s.external_id is None
    held = {s.identity: "identity"} if s.related_id is None else {}
    held |= {} if is_key else {s.external_id or s.identity: "external_id"}
    held |= {s.related_id: "related_id"} if s.related_id else {}
    columns = {name.lower(): column for name, column in held.items()}
    column = columns.get(name.lower())
    return None if column is None else e.col(column, "s")


def find_gone(c: Comparison, asked: Sequence[Naming]) -> exp.Select:
    """Candidates that are not wanted and named by a list, each once: (identity, cause)."""
    parts = [_named(c, i, *naming) for i, naming in enumerate(asked)]
    rows = parts[0] if len(parts) == 1 else exp.union(*parts, distinct=False)
    first = exp.Min(this=e.col("number", "n"))
    causes = [(e.equals(first, e.number(i)), e.text(g.cause)) for i, (g, *_) in enumerate(asked)]
    cause = e.case(*causes, default=e.null("varchar"))
    found = e.select(*e.aliased([("identity", e.col("identity", "n")), ("cause", cause)]))
    return found.from_(rows.subquery(e.ident("n"))).group_by(e.col("identity", "n"))


def _named(
    c: Comparison, number: int, gate: Gate, held: exp.Expr, people: exp.Select
) -> exp.Select:
    carried: list[tuple[str, exp.Expr]] = [
        ("identity", e.col("identity", "c")),
        ("number", e.number(number)),
    ]
    is_same = e.equals(e.col("identity", "s"), e.col("identity", "c"))
    return (
        exp.select(*e.aliased(carried))
        .from_(e.local(CANDIDATES, "c"))
        .join(c.snapshot("s"), on=is_same)
        .join(people.subquery(e.ident("p")), on=e.equals(e.col("person", "p"), held))
        .where(exp.Not(this=e.col("is_wanted", "c")))
    )
