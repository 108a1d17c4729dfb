"""Where a history is lived through: a real project, a real warehouse, real processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from activation_sandbox.client import SandboxControl
from e2e import connections
from e2e.artifacts import Model
from e2e.command import Finished
from e2e.forks import Forks
from e2e.project import SmallProject
from e2e.warehouses import AnyWarehouse

from tests.faults.histories.definitions import Definition, Row
from tests.faults.histories.runs import Answered, Killed, LoseDisk, Refused, Run
from tests.faults.histories.steps import Step
from tests.faults.histories.vendors import VENDORS
from tests.faults.histories.world import World

MEANT = ("apply", "--allow-empty", "--allow-removes", "--allow-nulls")
"""Guards are other tests' business."""
PATHS = {
    "customerio": "v2/batch",
    "fullstory": "v2/users",
    "gainsight_px": "v1/(users|accounts)/",
    "launchdarkly": "segments/",
    "qualtrics": "(contacts|transactionbatches)",
    "webhook": "hook",
}
"""Of requests that write, by vendor."""


class Broken(AssertionError):
    """A run did not keep the promise, or did not end as it had to."""


@dataclass
class Stage:
    """A project whose runs are compared with the promise. `controls` are of its connections."""

    project: SmallProject
    controls: Mapping[str, SandboxControl]
    settled: tuple[Any, ...] = ()
    """What the last run left nothing to do of, and the requests until then."""

    @classmethod
    def make(
        cls,
        directory: Path,
        warehouse: AnyWarehouse,
        forks: Forks,
        sandboxes: Mapping[str, SandboxControl],
        vendors: Mapping[str, str],
    ) -> Stage:
        """An empty project with these connections, each to a sandbox and a vendor of it."""
        directory.mkdir()
        project = SmallProject(directory, warehouse, next(iter(sandboxes.values())))
        project.forks = forks
        controls = {}
        for name, vendor in vendors.items():
            url = sandboxes[name].url
            project.connections[name] = {
                "type": vendor,
                **connections.settings(vendor, url),
            }
            controls[name] = SandboxControl(url, vendor)
            VENDORS[vendor].prepare(controls[name])
        project.write_profiles()
        return cls(project, controls)

    def take(self, step: Step, world: World) -> None:
        """Do for real what a step says; Broken when a run does not keep the promise."""
        if isinstance(step, LoseDisk):
            self.project.lose_the_disk()
        if isinstance(step, Run):
            if type(step) is not Run:
                self.settled = ()
            self.project.define(*_models(world))
            self._run(step, world)

    def _run(self, step: Run, world: World) -> None:
        if type(step) is Run:
            self._run_well(world)
            return
        finished = self._run_badly(step, world)
        for control in self.controls.values():
            control.clear_faults()
        if finished.code in (0, 1) and not isinstance(step, Refused):
            world.succeed()
            self.compare(world, finished)
        else:
            world.fail()

    def _run_well(self, world: World) -> None:
        gone = world.promise.orphans(world.definitions)
        invalid = world.succeed()
        finished = self.project.run(*MEANT)
        allowed = {3} if gone else set()
        if finished.code not in {1 if invalid else 0, *allowed}:
            raise Broken(f"the run ended with {finished.code}:\n{finished.text}")
        self.compare(world, finished)
        now = (world.definitions, world.rows, self.requests())
        if self.settled[:2] == now[:2] and self.settled[2] != now[2]:
            raise Broken(f"nothing had changed, and requests were made:\n{finished.text}")
        self.settled = () if invalid else now

    def requests(self) -> int:
        """How many requests the destinations have had."""
        counted = [control.counters()["requests"] for control in self.controls.values()]
        return sum(sum(of_one.values()) for of_one in counted)

    def _run_badly(self, step: Run, world: World) -> Finished:
        for connection, control in self.controls.items():
            for kind, spec in _faults(step, world.vendors[connection].name):
                control.add_fault(kind, spec)
        running = self.project.start(*MEANT)
        if not isinstance(step, Killed):
            return running.wait()
        while not running.is_over():
            if any(fault["struck"] for c in self.controls.values() for fault in c.faults()):
                return running.kill()
        return running.wait()

    def compare(self, world: World, finished: Finished) -> None:
        """Every destination holds what was promised, and nothing else of ours."""
        wrong = list(self._differences(world))
        if wrong:
            raise Broken("\n".join(sorted(wrong)) + f"\n{finished.text}")

    def _differences(self, world: World) -> Iterator[str]:
        found: dict[Any, Any] = {}
        for connection, control in self.controls.items():
            for subject, values in world.vendors[connection].read(control).items():
                found |= {(connection, subject, name): value for name, value in values.items()}
        for name in found.keys() | world.promise.held.keys():
            value, allowed = found.get(name), world.promise.values(name)
            if not any(_is_same(value, one) for one in allowed):
                connection, subject, trait = name
                options = " or ".join(map(repr, sorted(allowed, key=repr)))
                yield f"{connection}: {'/'.join(subject)} has {trait}={value!r}, not {options}"


def _is_same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and value == other


def _models(world: World) -> list[Model]:
    return [
        _model(world, definition, world.rows.get(definition.name, []))
        for definition in world.definitions.values()
    ]


def _model(world: World, definition: Definition, rows: list[Row]) -> Model:
    return Model(
        name=definition.name,
        query=definition.query(rows),
        columns={name: column.type for name, column in definition.columns.items()},
        activation=definition.activation(world.vendors),
        of_columns={
            name: found
            for name, column in definition.columns.items()
            if (found := column.metadata())
        },
    )


def _faults(step: Run, vendor: str) -> Iterator[tuple[str, dict[str, Any]]]:
    writes = {"vendor": vendor, "path": PATHS[vendor]}
    match step:
        case Killed(request, is_applied):
            when = "after" if is_applied else "before"
            yield "hang", {**writes, "skip": request - 1, "when": when}
        case Answered(request, status, is_applied):
            when = "after" if is_applied else "before"
            yield "status", {**writes, "skip": request - 1, "status": status, "when": when}
        case Refused(person):
            yield "refuse", {**writes, "refuse": {person: "refused"}}
