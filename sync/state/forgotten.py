"""The tables `forgotten` and `forget_receipts`: who must not be added again, and what was erased.

`forgotten` has digests of each text by which a person was known, and no text: one of the text, and
one in each normal form that vendors have. Which key or salt the digests were made with stands in
`installation`, so that a lost key is noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlglot import exp

from sync.destinations.identifiers import NORMAL_FORMS, normal_form
from sync.model import Sync
from sync.state import columns
from sync.state.catalogue import Catalogue
from sync.state.columns import WHITE
from sync.warehouse import sql as e

TABLE, RECEIPTS, SINCE = "forgotten", "forget_receipts", 23
MOST_ASKED = 50
"""So many texts are asked about in one query."""
STATE = "(state)"
"""Stands for the state itself where a receipt names a connection."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one person at one destination, or in the state; it names nobody."""

    request_id: str
    connection: str
    vendor: str
    way: str
    """The connection's setting `forget`; empty where it is not set."""
    status: str
    """`done`, `asked` of a vendor that works it off later, `failed`, or `left`."""
    endpoint: str
    answer: str
    asked_at: datetime
    done_at: datetime | None = None


def digest(prefix: str, value: exp.Expr) -> exp.Expr:
    """A digest of a text, in the warehouse."""
    return exp.MD5(this=e.concat([e.text(prefix), columns.person(value)]))


def digest_in_form(prefix: str, sync: Sync, value: exp.Expr) -> exp.Expr:
    """A digest of an identifier in the normal form by which the sync's vendor compares it."""
    form = columns.normal(sync, columns.trimmed(value))
    return exp.MD5(this=e.concat([e.text(f"{prefix}{sync.normal_form}:"), form]))


def _as_compared(state: Catalogue, texts: Iterable[str]) -> dict[str, str]:
    """Each text as the warehouse compares it: engines differ in which letters have small ones."""
    given, found = list(dict.fromkeys(texts)), dict[str, str]()
    for start in range(0, len(given), MOST_ASKED):
        some = given[start : start + MOST_ASKED]
        asked = e.aliased((f"t{n}", columns.person(e.text(text))) for n, text in enumerate(some))
        (row,) = state.ask(exp.select(*asked))
        found |= {text: str(one or "") for text, one in zip(some, row, strict=True)}
    return found


def _digests_of(prefix: str, value: str, compared: str) -> Iterator[str]:
    """All that block a text: for any vendor, and for those that take other spellings for it."""
    yield _md5(prefix + compared)
    for form in NORMAL_FORMS:
        yield _md5(f"{prefix}{form}:{normal_form(form, value.strip(WHITE))}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def prefixes(state: Catalogue) -> dict[str, str]:
    """By check, what stands before a text: the salt, and with a key what it makes of the salt.

    The last is the one that new digests are made with.
    """
    found = [f"forgotten:{salt}:" for salt in dict.fromkeys((state.bare_salt(), state.salt()))]
    return {_md5(f"{prefix}check"): prefix for prefix in found}


def unknown_keys(state: Catalogue) -> bool:
    """Whether some digests were made with a key or a salt that is not here."""
    return bool(set(state.forgotten_by().split()) - set(prefixes(state)))


def in_use(state: Catalogue) -> list[str]:
    """The prefixes that digests were made with, as far as they are known; none without any."""
    made = set(state.forgotten_by().split())
    return [prefix for check, prefix in prefixes(state).items() if check in made]


def find(state: Catalogue, texts: Iterable[str]) -> str | None:
    """The newest request that has blocked every one of the texts.

    One that has some of them only may be another person's, with whom this one shares an address.
    """
    given = set(_as_compared(state, texts).values())
    made = [{_md5(prefix + text) for text in given} for prefix in prefixes(state).values()]
    is_named = e.among(e.col("person"), sorted(set[str]().union(*made)))
    query = exp.select(e.col("request_id"), e.col("person")).from_(e.table(state.tables[TABLE]))
    newest = exp.Ordered(this=e.col("forgotten_at"), desc=True)
    blocked: dict[str, set[str]] = {}
    for request, person in state.ask(query.where(is_named).order_by(newest)):
        blocked.setdefault(str(request), set()).add(person)
    return next((r for r, has in blocked.items() if any(one <= has for one in made)), None)


def blocked(state: Catalogue, texts: Iterable[str]) -> set[str]:
    """Those of the texts whose person was forgotten."""
    if not state.is_installed() or not state.forgotten_by():
        return set()
    compared = _as_compared(state, texts).items()
    made = {_md5(p + form): text for text, form in compared for p in prefixes(state).values()}
    query = exp.select(e.col("person")).from_(e.table(state.tables[TABLE]))
    return {made[found] for (found,) in state.ask(query.where(e.among(e.col("person"), [*made])))}


def block(state: Catalogue, request_id: str, texts: Sequence[str], at: datetime) -> None:
    """Let nobody be added whom one of these texts names. Repeatable."""
    check, prefix = list(prefixes(state).items())[-1]
    compared = _as_compared(state, texts).items()
    digests = sorted({one for pair in compared for one in _digests_of(prefix, *pair)})
    is_same = e.equals(e.col("request_id"), e.text(request_id))
    is_there = e.all_of(is_same, e.among(e.col("person"), digests))
    with state.session.transaction():
        state.run(e.delete(state.tables[TABLE], is_there))
        for person in digests:
            _insert(state, TABLE, person=person, request_id=request_id, forgotten_at=at)
        _note_key(state, check)
    state.look_again()


def _note_key(state: Catalogue, check: str) -> None:
    made = dict.fromkeys([*state.forgotten_by().split(), check])
    state.run(
        e.update(state.tables["installation"], {"forgotten_by": e.text(" ".join(made))}, e.always())
    )


def receipts(state: Catalogue, request_id: str) -> dict[str, Receipt]:
    """By connection, what a request has come to."""
    names = [field.name for field in fields(Receipt)]
    query = exp.select(*map(e.col, names)).from_(e.table(state.tables[RECEIPTS]))
    rows = state.ask(query.where(_is(request_id=request_id)))
    return {row[1]: Receipt(*row) for row in rows}


def save(state: Catalogue, receipt: Receipt) -> None:
    """Keep a receipt in place of the former one of the same request and connection."""
    known = {"request_id": receipt.request_id, "connection": receipt.connection}
    with state.session.transaction():
        state.run(e.delete(state.tables[RECEIPTS], _is(**known)))
        values = {field.name: getattr(receipt, field.name) for field in fields(Receipt)}
        _insert(state, RECEIPTS, **values)


def _insert(state: Catalogue, table: str, **values: Any) -> None:
    given = {name: _value(value) for name, value in values.items() if value is not None}
    rows = exp.select(*given.values())
    state.run(e.insert(state.tables[table], list(given), rows))


def _value(value: str | datetime) -> exp.Expr:
    return e.moment(value) if isinstance(value, datetime) else e.text(value)


def _is(**named: str) -> exp.Expr:
    return e.all_of(*(e.equals(e.col(name), e.text(value)) for name, value in named.items()))


def carried_over(state: Catalogue) -> None:
    """After `installation` was lost: digests whose salt is gone are noticed as such."""
    query = exp.select(e.count()).from_(e.table(state.tables[TABLE]))
    if int(state.ask(query)[0][0]):
        _note_key(state, "lost")
        state.look_again()
