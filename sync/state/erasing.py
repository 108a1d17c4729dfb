"""One person taken out of the state: first out of what plans go by, at last out of every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from sync.model import Kind, Sync
from sync.state import responses
from sync.state import schema as t
from sync.state.catalogue import Catalogue
from sync.state.columns import person
from sync.state.responses import Fields
from sync.warehouse import sql as e

BY_SYNC = ("deliveries", "dead_letters", "held_rows", "waiting", "entries")
"""Tables with rows of a sync, known by the key of its snapshot."""


def names(column: exp.Expr, texts: Sequence[str]) -> exp.Expr:
    """Whether a column holds one of the texts by which a person is known."""
    wanted = [person(e.text(text)) for text in sorted(set(texts))]
    return exp.In(this=person(column), expressions=wanted)


def of_person(sync: Sync, texts: Sequence[str]) -> exp.Expr:
    """Whether a row of the snapshot, or of the plan, is about the person.

    An address does not tell, because a household may share it; of events there is nothing else.
    """
    columns = {Kind.OBJECTS: "related_id", Kind.EVENTS: "external_id"}
    return names(e.col(columns.get(sync.kind, "identity")), texts)


def known_as(
    state: Catalogue, sync: Sync, texts: Sequence[str]
) -> list[tuple[str, str | None, str | None]]:
    """(identity, address, the record's id) of the person's rows in the snapshot, at most a hundred
    different; an id where the vendor names the records of people."""
    if state.session.columns(state.tables.snapshot) is None:
        return []
    person = "related_id" if sync.kind is Kind.OBJECTS else "identity"
    person = "external_id" if sync.kind is Kind.EVENTS else person
    other = e.col("external_id") if sync.kind is not Kind.OBJECTS else e.null("varchar")
    is_theirs = of_person(sync, texts)
    if sync.kind not in (Kind.OBJECTS, Kind.EVENTS):
        is_theirs = e.paren(e.any_of(is_theirs, names(e.col("external_id"), texts)))
    is_named = sync.names_records and sync.kind not in (Kind.OBJECTS, Kind.EVENTS)
    named = e.col("remote_id") if is_named else e.null("varchar")
    asked = [("person", e.col(person)), ("address", other), ("remote_id", named)]
    query = exp.select(*e.aliased(asked)).distinct().from_(e.table(state.tables.snapshot))
    rows = state.ask(query.where(is_theirs).limit(100))
    return [(str(key), address, name) for key, address, name in rows if key is not None]


def members_at(state: Catalogue, texts: Sequence[str]) -> list[tuple[str, str]]:
    """(identity, address) of the catalogue's members who are known by one of these addresses."""
    if state.session.columns(state.tables.snapshot) is None:
        return []
    query = exp.select(e.col("identity"), e.col("external_id"))
    is_there = e.all_of(e.col("is_member"), names(e.col("external_id"), texts))
    return [
        (str(identity), str(address))
        for identity, address in state.ask(
            query.from_(e.table(state.tables.snapshot)).where(is_there)
        )
    ]


def is_unsettled(state: Catalogue, sync: Sync, texts: Sequence[str]) -> bool:
    """Whether a run that was cut short has planned something for the person."""
    if state.session.columns(state.tables.plan) is None:
        return False
    query = exp.select(e.number(1)).from_(e.table(state.tables.plan))
    return bool(state.ask(query.where(of_person(sync, texts)).limit(1)))


def is_active(state: Catalogue, sync: Sync, texts: Sequence[str]) -> bool:
    """Whether the destination has the person from this sync, or may have."""
    if state.session.columns(state.tables.snapshot) is None:
        return False
    is_there = e.paren(e.any_of(e.col("is_member"), e.not_null(e.col("unconfirmed"))))
    query = exp.select(e.number(1)).from_(e.table(state.tables.snapshot))
    query = query.where(e.all_of(of_person(sync, texts), is_there))
    return bool(state.ask(query.limit(1)))


def let_go(state: Catalogue, sync: Sync, texts: Sequence[str]) -> None:
    """No plan has anything to send for the person any more, while who they are stays known."""
    present = state.session.columns(state.tables.snapshot)
    if present is None or sync.kind is Kind.EVENTS:
        return
    emptied = ("fingerprint", "attempted", "attempted_op", "unconfirmed", "unsure", "to_repeat")
    types = dict(present)
    values = [name for name in types if name in emptied or name not in t.SNAPSHOT]
    sets: dict[str, exp.Expr] = {name: e.null() for name in values}
    sets |= {"is_member": exp.false(), "has_entered": exp.false()}
    state.run(e.update(state.tables.snapshot, sets, of_person(sync, texts)))


def erase(state: Catalogue, sync: Sync, texts: Sequence[str], keys: exp.Select | None) -> int:
    """Delete the person's rows of one sync; how many. `keys` are those that its model has.

    Runs inside the caller's transaction. The snapshot is last, because others are found by it.
    """
    own = [keys] if keys is not None else []
    has_snapshot = state.session.columns(state.tables.snapshot) is not None
    if has_snapshot:
        held = exp.select(e.col("identity")).from_(e.table(state.tables.snapshot))
        own.append(held.where(of_person(sync, texts)))
    erased = 0
    for name in BY_SYNC:
        is_named: list[exp.Expr] = [
            exp.In(this=e.col("identity"), query=query.copy().subquery()) for query in own
        ]
        is_named += [] if sync.kind is Kind.OBJECTS else [names(e.col("identity"), texts)]
        is_named += [names(e.col("person"), texts)] if name == "entries" else []
        is_ours = e.equals(e.col("sync"), e.text(sync.name))
        condition = e.all_of(is_ours, e.paren(e.any_of(*is_named)))
        erased += state.run(e.delete(state.tables[name], condition))
    if has_snapshot:
        erased += state.run(e.delete(state.tables.snapshot, of_person(sync, texts)))
    return erased


def erase_shared(state: Catalogue, asked: Mapping[str, Fields], texts: Sequence[str]) -> int:
    """Delete what no sync owns: arms of holdouts, and by connection answers of the person."""
    erased = state.run(e.delete(state.tables["holdouts"], names(e.col("identity"), texts)))
    for connection, fields in asked.items():
        if found := list(responses.about(state, connection, fields, texts)):
            erased += state.run(responses.forget_records(state.tables, connection, found))
    return erased
