"""People in numbers: a table that is edited with one statement, and what should arrive of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from e2e.artifacts import Model
from e2e.project import SmallProject

TRAITS = ("revision", "plan", "city")

TRAITS_PEOPLE = Model(
    name="traits_people",
    query=(
        "select person_id, revision,"
        " case when n % 5 = revision % 5 then null else 'plan ' || revision % 3 end as plan, city"
        " from population where is_in"
    ),
    columns={
        "person_id": "varchar",
        "revision": "integer",
        "plan": "varchar",
        "city": "varchar",
    },
    activation={"kind": "traits", "identity": "person_id", "destinations": ["customerio"]},
)

SEGMENT = Model(
    name="seg_active",
    query=(
        "select person_id, cast('round ' || revision as varchar) as because"
        " from population where is_in and revision % 2 = 0"
    ),
    columns={"person_id": "varchar", "because": "varchar"},
    activation={
        "kind": "segment",
        "identity": "person_id",
        "reason": "because",
        "destinations": [
            {
                "name": "customerio",
                "segment": "active",
                "traits": [],
                "initial": "send",
                "update_only": False,
                "on_enter": {"event": "entered_active"},
                "on_exit": {"event": "left_active"},
            }
        ],
    },
)


@dataclass
class Population:
    """The table behind the models. Each edit is a round, and no value ever comes back."""

    project: SmallProject
    size: int
    round: int = 0

    def create(self) -> None:
        """Everybody is in, at revision 0."""
        self.project.warehouse.run(
            "create table population (n bigint, person_id varchar, is_in boolean,"
            " revision integer, city varchar)",
            f"insert into population select n, 'p' || n, true, 0, 'city ' || n % 50"
            f" from generate_series(1, {self.size}) as numbers(n)",
        )

    def edit(self, chance: random.Random, changed: int, toggled: int) -> None:
        """Change that many percent, and let that many percent leave or come back."""
        self.round += 1
        first, second = chance.randrange(1, 10**6), chance.randrange(1, 10**6)
        self.project.warehouse.run(
            f"update population set revision = {self.round}"
            f" where (n * 7919 + {first}) % 1009 < {changed} * 10.09",
            f"update population set is_in = not is_in"
            f" where (n * 104729 + {second}) % 1013 < {toggled} * 10.13",
        )

    def edit_everybody(self) -> None:
        """One more round for all."""
        self.round += 1
        self.project.warehouse.run(f"update population set revision = {self.round}")

    def wanted(self) -> dict[str, dict[str, Any]]:
        """The traits of everybody in the model; nulls left out."""
        rows = self.project.warehouse.rows(
            f"select person_id, {', '.join(TRAITS)} from traits_people"
        )
        return {
            row[0]: {
                name: value
                for name, value in zip(TRAITS, row[1:], strict=True)
                if value is not None
            }
            for row in rows
        }

    def arrived(self) -> dict[str, dict[str, Any]]:
        """What the sandbox holds of our traits; whoever holds none of them is left out."""
        held = {
            person["identifiers"]["id"]: {
                name: value for name, value in person["attributes"].items() if name in TRAITS
            }
            for person in self.project.sandbox.people()
        }
        return {person_id: traits for person_id, traits in held.items() if traits}

    def assert_converged(self) -> None:
        """The sandbox holds what the model holds, nothing more and nothing less."""
        wanted, arrived = self.wanted(), self.arrived()
        assert arrived.keys() == wanted.keys()
        assert arrived == wanted

    def repeated(self) -> int:
        """Operations that left everything as it was: what was sent more than once."""
        return sum(entry["effect"] == "unchanged" for entry in self.project.sandbox.applied())
