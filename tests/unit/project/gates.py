"""The gates, asked about copies of what a real `dbt build` left behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sync.project.evidence import Allowed
from sync.project.freshness import read_loads
from sync.project.preflight import BuiltFor, gate
from sync.project.run_results import read_run_results
from sync.project.traces import Trace

UNIQUE = "unique_seg_carts_customer_id"
NOT_NULL = "not_null_seg_carts_customer_id"
SEGMENT = "model.shop.seg_carts"
ALL = {"seg_carts", "traits_customers", "events_orders"}


class Gates:
    """`world` is edited as dbt would; `remembered` and `traces` are what earlier commands left."""

    def __init__(self, world):
        self.world = world
        self.is_without_results = False
        self.built_for = BuiltFor("shop", "dev", "dev")
        self.remembered = []
        self.traces = {}
        self.allowed = Allowed()
        self.now = datetime(2100, 1, 1, tzinfo=UTC)

    @property
    def results(self):
        return self.world.run_results["results"]

    @property
    def ended_at(self):
        return datetime.fromisoformat(self.world.run_results["metadata"]["generated_at"])

    @property
    def built_at(self):
        """When the model of carts was built."""
        timing = self.result(SEGMENT)["timing"]
        done = next((t["completed_at"] for t in timing if t["name"] == "execute"), None)
        return datetime.fromisoformat(done) if done else self.ended_at

    def result(self, unique_id):
        return next(r for r in self.results if unique_id in r["unique_id"])

    def drop(self, unique_id):
        self.results.remove(self.result(unique_id))

    def test(self, name):
        return next(t for k, t in self.world.manifest["nodes"].items() if name in k)

    def remember(self):
        """As a run that may write does, whatever it holds."""
        self.remembered = self.run().verdicts

    def trace(self, unique_id, sql="", **after):
        """dbt has executed a node so long after the end of its last command."""
        node = self.world.manifest["nodes"][unique_id]
        file, path = node["original_file_path"], node["path"]
        own = file if file.endswith(path) else f"{file}/{path}"
        self.traces[f"shop/{own}"] = Trace(self.ended_at + timedelta(**after), sql)

    def later(self, command="build", keep=("",), **args):
        """Another dbt command, an hour after the last; of its results those in `keep` are left."""
        moment = self.ended_at + timedelta(hours=1)
        told = {"generated_at": moment.isoformat(), "invocation_id": f"at {moment}"}
        self.world.run_results["metadata"] |= told
        self.world.manifest["metadata"] |= told
        self.world.run_results["args"] |= {"which": command, "empty": False, "sample": None, **args}
        self.results[:] = [r for r in self.results if any(k in r["unique_id"] for k in keep)]
        for result in self.results:
            result["timing"] = []

    def run(self, is_strict=False):
        syncs, problems = self.world.compile()
        assert problems == []
        results = read_run_results(self.world.dir / "target" / "run_results.json")
        return gate(
            self.world.write(),
            None if self.is_without_results else results,
            syncs,
            is_strict,
            self.built_for,
            self.remembered,
            self.traces.get,
            self.allowed,
            self.now,
            read_loads(self.world.dir / "target" / "sources.json"),
        )

    def open_models(self, **options):
        return {s.model for s in self.run(**options).open}

    def said(self, **options):
        return {(g.sync.model, g.problem.code, g.is_refused) for g in self.run(**options).gated}

    def problem(self, code):
        """The one problem of this code."""
        (found,) = [g.problem for g in self.run().gated if g.problem.code == code]
        return found
