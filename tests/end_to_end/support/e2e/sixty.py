"""Sixty people and three models on any warehouse, built anew each day: what each of them sends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from activation_sandbox.client import SandboxControl

from e2e.artifacts import Model
from e2e.command import SYNC, Finished, until
from e2e.connections import CUSTOMERIO
from e2e.project import SmallProject
from e2e.warehouses import AnyWarehouse

PERSON = """
select concat('p_', lpad(cast(n as {text}), 3, '0')) as person_id,
    concat('p', cast(n as {text}), '@Example.com') as email,
    case when n % 7 = 0 then null else concat({company}, cast(n as {text})) end as company,
    n * 3 + {more} as seats,
    cast(n + 0.07 as decimal(10, 2)) as mrr,
    cast(n / 8.0 as double) as score,
    n % 2 = 0 as is_paying,
    cast('2024-01-31' as date) as born_on,
    cast('2024-05-01 10:11:12.123456' as timestamp) as seen_at
from (select {n} as n)
"""
SENT = "email company seats mrr score is_paying born_on seen_at".split()
TYPES = {
    "duckdb": {"text": "varchar", "company": "'O''Brien \\ & \"Söhne\" '"},
    "delta": {"text": "string", "company": "'O\\'Brien \\\\ & \"Söhne\" '"},
}
PEOPLE = {
    "kind": "traits",
    "identity": "person_id",
    "destinations": [{"name": CUSTOMERIO, "traits": SENT}],
}
HELD = {"kind": "segment", "identity": "person_id", "holdout": "calm"}


def models(words: str) -> list[Model]:
    text = TYPES[words]["text"]
    types = dict(zip(SENT, (text, text, *OTHERS), strict=True))
    people = {"person_id": text, **types}
    pii = {name: {"pii": True} for name in ("email", "company")}
    to = {"destinations": [{"name": CUSTOMERIO}]}
    paying = "select person_id, seats from people where is_paying and seats > 30"
    bought = "select concat('e_', person_id) as event_id, person_id, mrr as amount, seen_at"
    event = {
        "kind": "events",
        "identity": "person_id",
        "event": "bought",
        "event_id": "event_id",
        "occurred_at": "seen_at",
        "initial": "send",
    }
    return [
        Model("traits_people", "", people, PEOPLE, pii),
        Model(
            "seg_paying",
            paying,
            {"person_id": text, "seats": "int"},
            {**HELD, **to},
            {"seats": {"send": False}},
        ),
        Model(
            "purchases",
            f"{bought} from people where seats > 150",
            {"event_id": text, "person_id": text, "amount": "decimal(10,2)", "seen_at": OTHERS[-1]},
            {**event, **to},
        ),
    ]


OTHERS = ("int", "decimal(10,2)", "double", "boolean", "date", "timestamp")


class Shop(SmallProject):
    """The project of sixty people on one warehouse, built anew each day."""

    def build(self, day: int) -> None:
        schema = self.warehouse.schema
        words = "duckdb" if self.warehouse.adapter == "duckdb" else "delta"
        using = "using delta " if words == "delta" else ""
        gone = (10, 20, 30, 40) if day == 2 else (61, 62)
        people = " union all ".join(
            PERSON.format(n=n, more=int(day == 2 and n <= 4), **TYPES[words])
            for n in range(1, 63)
            if n not in gone
        )
        queries = {"traits_people": people}
        queries |= {
            m.name: m.query.replace("from people", f"from {schema}.traits_people")
            for m in models(words)[1:]
        }
        for name, query in queries.items():
            self.warehouse.run(
                f"drop table if exists {schema}.{name}",
                f"create table {schema}.{name} {using}as {query}",
            )
        self.models = models(words)
        self.write_artifacts()

    def sync(self, *arguments: str) -> Finished:
        done = self.start(*arguments, program=self.program).wait(600)
        assert done.code == 0, done.text
        return done

    @property
    def program(self) -> tuple[str, ...]:
        """What runs the sync beside the warehouse's driver."""
        return getattr(self.warehouse, "program", SYNC)

    @property
    def environ(self) -> dict[str, str]:
        return {**super().environ, **getattr(self.warehouse, "environ", {})}

    def batches(self) -> int:
        counted: dict[str, int] = self.sandbox.counters()["requests"]
        return sum(n for route, n in counted.items() if "batch" in route)

    def silent(self) -> None:
        before = self.batches()
        assert "No changes" in self.sync("apply").stdout
        assert self.batches() == before

    def second_day(self) -> None:
        """A run that is killed while it sends is settled by the next; then there is silence."""
        self.build(2)
        before = self.batches()
        self.sandbox.add_fault("hang", {"path": "batch", "times": 1})
        apply = self.start("apply", program=self.program)
        until(lambda: self.batches() > before, "a request", apply)
        apply.kill()
        self.sync("apply")
        self.silent()

    def sent(self) -> list[str]:
        """What has arrived since the sandbox was emptied, as it was written."""
        return sorted(json.dumps(one, sort_keys=True) for one in map(bare, self.applied()))


def bare(operation: dict[str, Any]) -> dict[str, Any]:
    """Without when it came, and in which request."""
    return {k: v for k, v in operation.items() if k not in ("ordinal", "at", "request")}


def shop(directory: Path, warehouse: AnyWarehouse, sandbox: SandboxControl) -> Shop:
    directory.mkdir()
    made = Shop(directory, warehouse, sandbox)
    (directory / "dbt_project.yml").write_text(
        "{name: small, profile: small, vars: {activation: {holdouts: {calm: {percent: 20}}}}}"
    )
    made.build(1)
    return made
