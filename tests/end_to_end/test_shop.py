"""The shop example, built by a real `dbt build` and synced to a sandbox."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from activation_sandbox.client import SandboxControl
from e2e.command import until
from e2e.project import Project
from e2e.repository import ROOT, copy_repository
from e2e.warehouses import DuckDBFile

from tests.gates_reference import bucket

FRICTION = "seg_checkout_friction"
SECOND = "seg_second_purchase_due"
LETTERS = {SECOND, "seg_lapsed_high_value", "seg_high_value_cart_abandoners"}
"""They go to people who have agreed to it."""
MODELS = {
    "traits_customers": "customer_id",
    "seg_lapsed_high_value": "customer_id",
    "seg_second_purchase_due": "customer_id",
    "seg_high_value_cart_abandoners": "customer_id",
    "seg_checkout_friction": "customer_id",
    "events_purchases": "purchase_id",
    "objects_open_carts": "cart_id",
    "objects_cart_owners": "cart_id",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example in a directory of its own, as `dbt build` leaves it on 21 May 2024."""
    directory = tmp_path_factory.mktemp("built") / "shop"
    shutil.move(copy_repository(directory) / "profiles.yml.example", directory / "profiles.yml")
    nobody = SandboxControl("http://127.0.0.1:9")
    Project(directory, DuckDBFile(directory / "shop.duckdb"), nobody).dbt("build")
    yield directory


@pytest.fixture
def shop(built: Path, tmp_path: Path, sandbox: SandboxControl) -> Project:
    """A copy of the built shop, and an empty sandbox."""
    directory = tmp_path / "shop"
    shutil.copytree(built, directory)
    return Project(directory, DuckDBFile(directory / "shop.duckdb"), sandbox)


@pytest.fixture
def small_shop(shop: Project) -> Project:
    """Only the two dozen customers whom the checkout failed."""
    others = [m for m, key in MODELS.items() if key == "customer_id" and m != FRICTION]
    shop.warehouse.run(
        *(
            f"delete from {model} where customer_id not in (select customer_id from {FRICTION})"
            for model in others
        )
    )
    return shop


ALL = ("apply", "--select", "destination:customerio", "destination:launchdarkly")
TRAITS_ONLY = ("apply", "--select", "traits_customers,destination:customerio")
SMALL = (*TRAITS_ONLY, "--select", f"{FRICTION},destination:customerio")


def _members(project: Project, segment: str) -> set[str]:
    return {
        person["identifiers"]["id"]
        for person in project.sandbox.people()
        if person["attributes"].get(segment) is True
    }


def _ids(project: Project, model: str, key: str = "customer_id") -> set[str]:
    return {row[0] for row in project.warehouse.rows(f"select {key} from {model}")}


def _reached(project: Project, model: str) -> set[str]:
    """Whom the guardrails of a model let through, without asking the sync."""
    found = _ids(project, model, MODELS[model])
    if model in LETTERS:
        found &= _ids(project, "(select * from consents where email_opt_in)")
    if model == SECOND:
        cohort = _ids(project, "test_cohort")
        found = {
            who
            for who in found
            if who in cohort
            or (
                bucket("holdout:second_purchase_2024", who) >= 1_000
                and bucket(f"rollout:{SECOND}", who) < 500
            )
        }
    return found


def _rows(project: Project, model: str) -> dict[str, tuple[object, ...]]:
    """By key, the rows of a model that its guardrails let through."""
    rows = project.warehouse.rows(f"select {MODELS[model]}, * from {model}")
    reached = _reached(project, model)
    return {key: tuple(row) for key, *row in rows if key in reached}


def _counts(project: Project) -> dict[str, dict[str, int]]:
    """By model, what became of its rows on the way to Customer.io."""
    logged, results = project.last_run_syncs(), project.results()["results"]
    told = {r["model"]: r["sync"] for r in results if r["destination"] == "customerio"}
    return {model: logged[told[model]] for model in MODELS}


def _assert_all_arrived(project: Project) -> None:
    everybody = project.sandbox.people()
    people = {p["identifiers"]["id"]: p["attributes"] for p in everybody}
    rows = project.warehouse.rows(
        "select customer_id, email, order_count, lifetime_value::double from traits_customers"
    )
    addresses = {p["identifiers"]["id"]: p["identifiers"].get("email") for p in everybody}
    for customer_id, email, order_count, lifetime_value in rows:
        held = people[customer_id]
        assert addresses[customer_id] == email
        assert held["order_count"] == order_count
        assert held["lifetime_value"] == pytest.approx(lifetime_value)
    carts = "seg_high_value_cart_abandoners"
    assert _members(project, "cart_recovery") == _reached(project, carts)
    flags = SandboxControl(project.sandbox.url, "launchdarkly").segments()
    assert {w for s in flags if s["name"] == "cart-recovery" for w in s["members"]} == _ids(
        project, carts
    )
    for segment in ("seg_lapsed_high_value", SECOND, FRICTION):
        assert _members(project, segment) == _reached(project, segment)
    objects = {o["object_id"]: o for o in project.sandbox.objects()}
    open_carts = _ids(project, "objects_open_carts", "cart_id")
    assert {i for i, o in objects.items() if o["attributes"]} == open_carts
    owners = project.warehouse.rows("select cart_id, customer_id from objects_cart_owners")
    assert {(i, p["identifiers"]["id"]) for i, o in objects.items() for p in o["people"]} == {
        tuple(row) for row in owners
    }


def _assert_nothing_personal(project: Project) -> None:
    """No e-mail address in the state, the journal, or anything that was printed or written."""
    query = (
        "select table_name from information_schema.tables"
        f" where table_schema = '{project.state_schema}'"
    )
    for (table,) in project.warehouse.rows(query):
        rows = project.state(f"select t::varchar from {{state}}.{table} as t")
        assert not [row for row in rows if "@example" in (row[0] or "")], table
    written = [*project.journal.rglob("*"), *(project.dir / "output").iterdir()]
    for file in [*written, project.dir / "target/sync_results.json"]:
        assert file.is_dir() or b"@example" not in file.read_bytes(), file


def test_the_shop_has_its_policies_as_a_package_and_as_a_project_of_its_own() -> None:
    package, own = (
        yaml.safe_load((ROOT / path / "dbt_project.yml").read_text())["vars"]["activation"]
        for path in (".", "examples/shop")
    )
    assert package == own


def test_the_first_sync_sends_everything_and_the_second_nothing(shop: Project) -> None:
    shop.run(*ALL, expect=0)
    _assert_all_arrived(shop)
    purchases = _ids(shop, "events_purchases", "purchase_id")
    events = [e for e in shop.sandbox.events() if e["name"] == "purchased"]
    assert len({e["id"] for e in events}) == len(events) == len(purchases)
    others = [(e["name"], e["who"]) for e in shop.sandbox.events() if e["name"] != "purchased"]
    assert sorted(others) == sorted(("second_purchase_fell_due", w) for w in _reached(shop, SECOND))
    for model, counts in _counts(shop).items():
        assert counts["delivered"] == len(_reached(shop, model))
    _assert_nothing_personal(shop)

    before = shop.sandbox.counters()["requests"]
    second = shop.run(*ALL, expect=0)
    assert shop.sandbox.counters()["requests"] == before
    assert "Zero requests were made" in second.stdout
    assert all(c["delivered"] == 0 for c in _counts(shop).values())


def test_the_report_counts_what_was_sent(small_shop: Project) -> None:
    small_shop.run(*SMALL, expect=0)
    left = small_shop.warehouse.rows(f"select customer_id from {FRICTION} order by 1 limit 2")
    small_shop.warehouse.run(
        *(f"delete from {FRICTION} where customer_id = '{customer}'" for (customer,) in left)
    )
    small_shop.run(*SMALL, expect=0)
    told = small_shop.run("report", *SMALL[1:], "--format", "markdown", expect=0).stdout
    (row,) = [line for line in told.replace("\\", "").splitlines() if f"| {FRICTION} |" in line]
    now = len(_ids(small_shop, FRICTION))
    assert row.split(" | ")[1:7] == ["customerio", "segment", str(now), "new", "0", "2"]
    assert len(_members(small_shop, FRICTION)) == now
    customers = _ids(small_shop, "traits_customers") | {customer for (customer,) in left}
    assert not [customer for customer in customers if customer in told]


def test_the_personas_get_what_they_should(shop: Project) -> None:
    finished = shop.run("personas", "examples/shop/personas.yml", expect=0)
    assert "11 personas: all get what they should." in finished.stdout


def test_the_next_day_sends_only_what_differs(shop: Project) -> None:
    shop.run(*ALL, expect=0)
    yesterday = {model: _rows(shop, model) for model in MODELS}
    before = len(shop.applied())
    shop.dbt("build", "--vars", "as_of: 2024-05-22")
    shop.run(*ALL, expect=0)

    _assert_all_arrived(shop)
    for model, counts in _counts(shop).items():
        was, now = yesterday[model], _rows(shop, model)
        assert counts["unchanged"] >= len(was.items() & now.items()), model
        removed = 0 if model == "events_purchases" else len(was.keys() - now.keys())
        assert counts["removals"] == removed, model
    crossed = _ids(shop, "(select * from traits_customers where days_since_last_order in (30, 60))")
    assert crossed <= {o["identity"] for o in shop.applied(before)}
    assert len(shop.applied()) - before < before
    names = {e["name"] for e in shop.sandbox.events()}
    assert {"checkout_failed_us", "checkout_friction_resolved"} & names
    sent = [e["id"] for e in shop.sandbox.events()]
    assert len(set(sent)) == len(sent)


def test_one_changed_customer_is_one_operation_with_what_changed(small_shop: Project) -> None:
    small_shop.run(*SMALL, expect=0)
    before = len(small_shop.applied())
    (who,) = sorted(_ids(small_shop, "traits_customers"))[:1]
    small_shop.warehouse.run(
        f"update traits_customers set order_count = order_count + 1 where customer_id = '{who}'"
    )
    small_shop.run(*SMALL, expect=0)
    (operation,) = small_shop.applied(before)
    assert (operation["identity"], operation["names"]) == (who, ["order_count"])


def test_whoever_leaves_a_segment_exits_and_a_re_entry_is_a_new_event(small_shop: Project) -> None:
    small_shop.run(*SMALL, expect=0)
    assert small_shop.sandbox.events() == []
    (who,) = sorted(_ids(small_shop, FRICTION))[:1]
    for entry in (1, 2):
        small_shop.warehouse.run(
            f"create or replace table gone as from {FRICTION} where customer_id = '{who}'",
            f"delete from {FRICTION} where customer_id = '{who}'",
        )
        small_shop.run(*SMALL, expect=0)
        assert small_shop.attributes(who)[FRICTION] is False
        assert f"{FRICTION}_reason" not in small_shop.attributes(who)
        small_shop.warehouse.run(f"insert into {FRICTION} from gone")
        small_shop.run(*SMALL, expect=0)
        assert small_shop.attributes(who)[FRICTION] is True
        events = small_shop.sandbox.events()
        assert [e["name"] for e in events] == [
            "checkout_friction_resolved",
            "checkout_failed_us",
        ] * entry
        assert len({e["id"] for e in events}) == len(events)
        assert events[-1]["data"]["reason"]


def test_a_refused_row_is_tried_once_a_run_with_its_current_values(small_shop: Project) -> None:
    everybody = _ids(small_shop, "traits_customers")
    (who,) = sorted(everybody)[:1]
    fault = small_shop.sandbox.add_fault("refuse", {"refuse": {who: "attribute is odd"}})
    small_shop.run(*TRAITS_ONLY, expect=1)
    counts = small_shop.counts()["traits_customers"]
    assert (counts["rejected"], counts["delivered"]) == (1, len(everybody) - 1)
    letters = small_shop.state("select identity, attempts from {state}.dead_letters")
    assert letters == [(who, 1)]

    before = len(small_shop.applied())
    small_shop.run(*TRAITS_ONLY, expect=1)
    assert small_shop.applied(before) == []
    assert small_shop.counts()["traits_customers"]["rejected"] == 1
    assert small_shop.state("select attempts from {state}.dead_letters") == [(2,)]

    small_shop.warehouse.run(
        f"update traits_customers set order_count = 77 where customer_id = '{who}'"
    )
    small_shop.sandbox.clear_faults(fault)
    small_shop.run(*TRAITS_ONLY, expect=0)
    (operation,) = small_shop.applied(before)
    assert operation["identity"] == who
    assert small_shop.attributes(who)["order_count"] == 77
    assert small_shop.state("select * from {state}.dead_letters") == []


def test_a_model_that_fails_its_tests_is_left_alone_and_others_go_on(small_shop: Project) -> None:
    small_shop.run(*SMALL, expect=0)
    before = len(small_shop.applied())
    small_shop.warehouse.run(
        f"insert into {FRICTION} from {FRICTION} limit 1",
        "update traits_customers set order_count = order_count + 1",
    )
    code, output = small_shop.try_dbt("test", "--select", FRICTION)
    assert code == 1, output
    finished = small_shop.run(*SMALL, expect=3)
    assert "fails its test" in finished.text
    operations = small_shop.applied(before)
    assert {o["identity"] for o in operations} == _ids(small_shop, "traits_customers")
    assert {tuple(o["names"]) for o in operations} == {("order_count",)}
    assert _members(small_shop, FRICTION) == _ids(small_shop, FRICTION)


def test_an_empty_model_is_held_until_somebody_says_so(small_shop: Project) -> None:
    small_shop.run(*SMALL, expect=0)
    members, before = _members(small_shop, FRICTION), len(small_shop.applied())
    small_shop.warehouse.run(f"delete from {FRICTION}")
    finished = small_shop.run(*SMALL, expect=3)
    assert f"{FRICTION} is empty" in finished.text
    assert small_shop.applied(before) == []
    assert _members(small_shop, FRICTION) == members

    small_shop.run(*SMALL, "--allow-empty", expect=0)
    assert _members(small_shop, FRICTION) == set()


def test_dbt_can_build_while_a_long_push_is_under_way(small_shop: Project) -> None:
    """A real writer beside a real push: neither waits for the other to end."""
    profiles = small_shop.dir / "profiles.yml"
    fast, slow = "customerio: {", "customerio: {requests_per_second: 1, "
    assert fast in profiles.read_text()
    profiles.write_text(profiles.read_text().replace(fast, slow, 1))
    small_shop.warehouse.run(
        "insert into traits_customers by name select * exclude (n) replace (customer_id || '-'"
        " || n as customer_id, null as email)"
        " from traits_customers, generate_series(1, 150) as numbers(n)"
    )
    run = small_shop.start(*TRAITS_ONLY)
    until(lambda: len(small_shop.applied()) >= 400, "the second request", run)
    small_shop.dbt("build", "--select", FRICTION)
    assert not run.is_over()
    assert run.wait().code == 0
