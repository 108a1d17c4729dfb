"""On a server, two runs never decide side by side who takes a slot, or a place in a group."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.rules import Cadence, Cap, Exclusive, Rules
from sync.timing import Span
from tests.unit.plan.living import NOON, SEGMENT, World

PROMO = Cadence("promo", Cap(1, Span(7, "day")), ("carts",))
TOGETHER = [Rules(cadences=(PROMO,)), Rules(exclusive=Exclusive("surveys", 1))]


@pytest.mark.parametrize("rules", TOGETHER, ids=["cadence", "group"])
@pytest.mark.parametrize("world", ["postgres"], indirect=True)
def test_a_plan_locks_the_entries_before_it_reads_anything(
    world: World, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.sync = replace(SEGMENT, rules=rules)
    world.has("a")
    world.run(NOON)
    told: list[str] = []
    kind = type(world.session)
    execute, query, begin = kind.execute, kind.query, kind.transaction
    monkeypatch.setattr(kind, "transaction", lambda s: (told.append("begin"), begin(s))[1])
    monkeypatch.setattr(kind, "execute", lambda s, sql: (told.append(sql), execute(s, sql))[1])
    monkeypatch.setattr(kind, "query", lambda s, sql: (told.append(sql), query(s, sql))[1])
    store, epoch, _ = world.begin(NOON)
    store.release(epoch)
    (at,) = [i for i, sql in enumerate(told) if sql.startswith("lock table")]
    assert told[at - 1] == "begin"
