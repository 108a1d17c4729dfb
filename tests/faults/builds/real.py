"""Histories lived through by dbt itself, a real sync, and a real warehouse."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace

from e2e.lab import Lab, let_a_second_pass

from tests.faults.builds.commands import (
    EVERYBODY,
    FIRST,
    MEMBERS,
    PEOPLE,
    Command,
    Edit,
    LoseResults,
    LoseTarget,
    Step,
)
from tests.faults.builds.promise import SYNCED, Broken, Held, Must, World

FREE, HELD = 0, 3


class Reality:
    """A project in which a history happens, beside the world that follows it."""

    def __init__(self, lab: Lab, tables: frozenset[str], variable: str) -> None:
        self.lab, self.world = lab, World(tables, lab.warehouse.adapter == "postgres")
        lab.variables = {
            name.upper(): "table" if name in tables else "view" for name in (PEOPLE, MEMBERS)
        }
        if variable:
            lab.variables[variable] = "elsewhere"
        self.told: list[str] = []
        self.ended_at = 0.0
        self._take(Edit(FIRST))
        self._take(Command(target="prod"))
        shutil.copytree(lab.target_path, lab.dir / "kept")
        lab.lose_target()
        self.world.lose_target()

    def live(self, steps: Sequence[Step]) -> None:
        """Take all steps; Broken when one breaks the promise."""
        for step in steps:
            self.told.append(str(step))
            try:
                self._take(step)
            except AssertionError as error:
                raise Broken("\n".join([*self.told, str(error)])) from error

    def _take(self, step: Step) -> None:
        match step:
            case Command():
                self._command(step)
            case Edit(rows):
                self.world.rows = dict(rows)
                self.lab.fill(EVERYBODY, rows)
            case LoseResults():
                self.lab.lose_results()
                self.world.lose_results()
            case LoseTarget():
                self.lab.lose_target()
                self.world.lose_target()
            case _:
                self._sync()

    def _command(self, step: Command) -> None:
        words = step.words
        if step.verb == "retry":
            again = self.world.retried(step)
            if again is None:
                return
            step = again
            words = replace(again, select="", exclude="", part="", is_failing_fast=False).words
        let_a_second_pass(self.ended_at)
        output = ""
        if step.killed_in:
            self.lab.kill_dbt_in(step.killed_in, *step.words)
        else:
            output = self.lab.built(*words, expect=None).text
        self.ended_at = time.time()
        self._agree(self.world.run(step), output)

    def _agree(self, ended: dict[str, str], output: str) -> None:
        """dbt did what was followed: otherwise nothing that is compared would mean anything."""
        if ended:
            text = (self.lab.target_path / "run_results.json").read_text()
            results = {r["unique_id"]: r["status"] for r in json.loads(text)["results"]}
            found = {id.split(".")[2]: results[id] for id in results if id[:5] != "seed."}
            assert found == ended, output
        for name in SYNCED:
            assert self._rows(name) == self.world.content(name), f"{name}\n{output}"

    def _rows(self, name: str) -> Held | None:
        w = self.lab.warehouse
        there = f"select 1 from information_schema.tables where table_name = '{name}' and"
        if not w.rows(f"{there} table_schema = '{w.schema}'"):
            return None
        column = "plan" if name == PEOPLE else "'in'"
        rows = w.rows(f"select id, {column} from {w.schema}.{name}")
        return {id: value for id, value in rows if value is not None}

    def _sync(self) -> None:
        before = self._held()
        verdicts = {name: self.world.verdict(name) for name in SYNCED}
        finished = self.lab.run()
        after = self._held()
        self.told.append(f"  -> {finished.code}: {after}; {verdicts}")
        wrong = [w for name in SYNCED for w in self.world.broken(name, before[name], after[name])]
        assert not wrong, "\n".join([*wrong, finished.text])
        if set(verdicts.values()) == {Must.FREE}:
            assert finished.code == FREE, finished.text
        self.world.synced()

    def _held(self) -> dict[str, Held]:
        members = dict.fromkeys(self.lab.members(), "in")
        return {PEOPLE: self.lab.plans(), MEMBERS: members}
