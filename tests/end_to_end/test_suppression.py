"""People who must not be reached: a list in the warehouse says who, and doubt says wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.inside import Runs
from e2e.project import SmallProject

LIST = Model(
    name="suppressions",
    query="select person_id, why, until from listed",
    columns={"person_id": "varchar", "why": "varchar", "until": "timestamp"},
    activation={
        "kind": "suppression",
        "identity": "person_id",
        "reason": "why",
        "until": "until",
    },
)
DAY = Model(
    name="days_off",
    query="select email, last_day from off",
    columns={"email": "varchar", "last_day": "date"},
    activation={"kind": "suppression", "identity": "email", "until": "last_day"},
    of_columns={"email": {"pii": True}},
)


def segment(**more: Any) -> Model:
    return Model(
        name="seg_people",
        query="select person_id, email, plan from rows",
        columns={"person_id": "varchar", "email": "varchar", "plan": "varchar"},
        activation={
            "kind": "segment",
            "identity": "person_id",
            "destinations": [
                {
                    "name": "customerio",
                    "segment": "people",
                    "update_only": False,
                    "traits": ["plan"],
                    "on_exit": {"event": "left"},
                }
            ],
            **more,
        },
        of_columns={"email": {"pii": True}, "plan": {"nulls": "reject"}},
    )


@pytest.fixture(params=["duckdb", "postgres"])
def shop(request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]) -> SmallProject:
    project = project_on(request.param)
    project.warehouse.run(
        "create table rows (person_id varchar, email varchar, plan varchar)",
        "create table listed (person_id varchar, why varchar, until timestamp)",
        "create table off (email varchar, last_day date)",
        "insert into rows select 'p' || i, 'P' || i || '@example.com', 'pro'"
        " from generate_series(1, 20) as g(i)",
    )
    suppress_everywhere(project)
    project.define(segment(), LIST, DAY)
    return project


def suppress_everywhere(project: SmallProject, written: str = "[suppressions]") -> None:
    (project.dir / "dbt_project.yml").write_text(
        f"name: {project.name}\nprofile: small\nmodel-paths: [models]\n"
        f"vars:\n  activation:\n    suppress: {written}\n    zone: Europe/Berlin\n"
    )


def inside(shop: SmallProject) -> set[str]:
    return {
        person["identifiers"]["id"]
        for person in shop.sandbox.people()
        if person["attributes"].get("people") is True
    }


def counts(shop: SmallProject) -> Mapping[str, int]:
    return shop.counts()["seg_people"]


AROUND = ["\t", "\r", "\n", "\u00a0", "\ufeff", "\u2003", "\u3000", "\u2028", "\x85", "\x1c"]
on_duckdb = pytest.mark.parametrize("shop", ["duckdb"], indirect=True)
WAIT = "adds and changes of seg_people__customerio wait"
EVERYBODY = {f"p{i}" for i in range(1, 21)}


def test_a_suppressed_person_is_never_sent_and_a_member_leaves_at_once(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run("insert into listed values (' p1 ', 'unsubscribed', null)")
    run("apply")
    assert inside(shop) == EVERYBODY - {"p1"}
    assert (counts(shop)["suppressed"], counts(shop)["delivered"]) == (1, 19)
    shop.warehouse.run("insert into listed values ('p2', 'complained', null)")
    plan = run("plan", "--show", "5").text
    assert "p2  (suppressed)" in plan
    assert "2 suppressed" in plan
    run("apply")
    assert inside(shop) == EVERYBODY - {"p1", "p2"}
    assert (counts(shop)["suppressed"], counts(shop)["removals"]) == (2, 1)
    assert "No changes" in run("apply").text
    told = run("why", "p2").text
    assert "suppressed by suppressions because complained, for ever" in told
    shop.warehouse.run("delete from listed where person_id = 'p2'")
    run("apply")
    assert inside(shop) == EVERYBODY - {"p1"}


@pytest.mark.parametrize("around", AROUND)
def test_white_space_that_a_destination_takes_away_hides_nobody_from_a_list(
    shop: SmallProject, run: Runs, around: str
) -> None:
    shop.warehouse.run(
        "insert into listed values ('p1', 'unsubscribed', null)",
        f"update rows set person_id = 'p1{around}' where person_id = 'p1'",
        f"update rows set person_id = '{around}p2' where person_id = 'p2'",
    )
    run("apply")
    assert {who.strip().strip(around) for who in inside(shop)} == EVERYBODY - {"p1"}
    assert counts(shop)["suppressed"] == 1


@pytest.mark.parametrize("around", AROUND)
def test_white_space_around_a_listed_person_hides_nobody(
    shop: SmallProject, run: Runs, around: str
) -> None:
    shop.warehouse.run(f"insert into listed values ('{around}p1{around}', 'unsubscribed', null)")
    run("apply")
    assert inside(shop) == EVERYBODY - {"p1"}


def test_a_suppressed_member_leaves_although_the_row_is_doubled_or_can_not_be_sent(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.warehouse.run(
        "insert into rows values ('p1', 'P1@example.com', 'free')",
        "update rows set plan = null where person_id in ('p2', 'p3')",
        "insert into listed values ('p1', 'asked', null), ('p2', 'asked', null)",
    )
    run("apply", expect=1)
    assert inside(shop) == EVERYBODY - {"p1", "p2"}
    assert (counts(shop)["suppressed"], counts(shop)["invalid"]) == (3, 1)


def test_a_suppression_ends_at_its_moment_and_a_date_lasts_through_its_day(
    shop: SmallProject, run: Runs
) -> None:
    suppress_everywhere(shop, "[suppressions, {model: days_off, match: {email: email}}]")
    today = "cast(current_timestamp at time zone 'Europe/Berlin' as date)"
    shop.warehouse.run(
        "insert into listed values ('p1', 'a', timestamp '2020-01-01'),"
        " ('p2', 'a', timestamp '2099-01-01'), ('p2', 'b', timestamp '2020-01-01'),"
        " ('p3', 'b', null), ('p3', 'a', timestamp '2020-01-01')",
        f"insert into off select 'p4@Example.com ', {today}",
        f"insert into off select 'p5@example.com', cast({today} - interval '1 day' as date)",
    )
    run("apply")
    assert inside(shop) == EVERYBODY - {"p2", "p3", "p4"}
    assert "until 2099-01-01" in run("why", "p2").text
    assert "suppressed by days_off, until" in run("why", "p4").text


def moving(name: str, **more: Any) -> Model:
    """Traits of everybody; `more` is its entry."""
    return Model(
        name=name,
        query="select person_id, plan from rows",
        columns={"person_id": "varchar", "plan": "varchar"},
        activation={
            "kind": "traits",
            "identity": "person_id",
            "destinations": [{"name": "customerio", **more}],
        },
    )


@pytest.mark.parametrize("on_remove", ["unset", "keep"])
def test_who_opts_out_keeps_nothing_of_a_trait_that_moves_to_another_model(
    shop: SmallProject, run: Runs, on_remove: str
) -> None:
    """Also where the new model has them: it sends them nothing."""
    old = {"traits": {"old": "plan", "moves": "plan"}}
    shop.define(
        moving("aa", **old), moving("bb", traits={"new": "plan"}, on_remove=on_remove), LIST, DAY
    )
    run("apply")
    shop.warehouse.run("insert into listed values ('p1', 'unsubscribed', null)")
    new = {"traits": {"new": "plan", "moves": "plan"}, "on_remove": on_remove}
    shop.define(moving("aa", traits={"old": "plan"}), moving("bb", **new), LIST, DAY)
    run("apply")
    assert shop.attributes("p1") == ({"new": "pro"} if on_remove == "keep" else {})
    assert shop.attributes("p2") == {"old": "pro", "new": "pro", "moves": "pro"}
    assert "No changes" in run("apply").text


@on_duckdb
def test_the_exit_event_says_the_cause_and_is_left_out_where_that_is_wanted(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.warehouse.run("insert into listed values ('p1', 'x', null)")
    run("apply")
    (told,) = events(shop)
    assert (told["identity"], told["names"]) == ("p1", ["segment", "cause"])
    quiet = segment()
    quiet.activation["destinations"][0]["on_exit"] = {"event": "left", "except": ["suppressed"]}
    shop.define(quiet, LIST, DAY)
    shop.warehouse.run(
        "insert into listed values ('p2', 'x', null)", "delete from rows where person_id = 'p3'"
    )
    run("apply")
    assert inside(shop) == EVERYBODY - {"p1", "p2", "p3"}
    _, later = events(shop)
    assert (later["identity"], later["names"]) == ("p3", ["segment"])
    quiet.activation["destinations"][0]["on_exit"] = {"event": "left", "except": ["suppresed"]}
    shop.define(quiet, LIST, DAY)
    assert "did you mean `suppressed`?" in run("check", expect=2).text


def events(shop: SmallProject) -> list[dict[str, Any]]:
    return [one for one in shop.applied() if one["action"] == "event"]


@on_duckdb
def test_a_model_that_opts_out_asks_no_list_and_only_takes_the_place_of_others(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run(
        "insert into listed values ('p1', 'x', null)",
        "insert into off values ('p2@example.com', null)",
    )
    shop.define(segment(suppress=[]), LIST, DAY)
    run("apply")
    assert inside(shop) == EVERYBODY
    shop.define(segment(suppress={"only": ["days_off"]}), LIST, DAY)
    run("apply")
    assert inside(shop) == EVERYBODY - {"p2"}
    shop.define(segment(suppress=["days_off"]), LIST, DAY)
    run("apply")
    assert inside(shop) == EVERYBODY - {"p1", "p2"}


def gone_from_the_manifest(shop: SmallProject) -> None:
    shop.define(segment(), DAY)


def gone_from_the_warehouse(shop: SmallProject) -> None:
    shop.warehouse.run("drop view suppressions")


def failed_in_the_build(shop: SmallProject) -> None:
    shop.write_artifacts(statuses={"suppressions": "error"})


def skipped_in_the_build(shop: SmallProject) -> None:
    shop.write_artifacts(statuses={"suppressions": "skipped"})


def failed_in_a_test(shop: SmallProject) -> None:
    shop.write_artifacts(failing_tests=["suppressions"])


def emptied(shop: SmallProject) -> None:
    shop.warehouse.run("delete from listed")


def full_of_nobody(shop: SmallProject) -> None:
    shop.warehouse.run("insert into listed values ('  ', 'x', null)")


def full_of_tabs(shop: SmallProject) -> None:
    shop.warehouse.run("insert into listed values ('\t', 'x', null)")


def keyed_by_decimals(shop: SmallProject) -> None:
    query = "select cast(1 as decimal(10, 2)) as person_id, why, until from listed"
    shop.define(segment(), replace(LIST, query=query), DAY)


def mend(shop: SmallProject) -> None:
    shop.warehouse.run("delete from listed", "insert into listed values ('p1', 'x', null)")
    shop.define(segment(), LIST, DAY)


@on_duckdb
def test_adds_and_changes_wait_while_a_list_can_not_be_relied_on_and_exits_go(
    shop: SmallProject, run: Runs
) -> None:
    mend(shop)
    run("apply")
    shop.warehouse.run(
        "delete from rows where person_id = 'p2'",
        "insert into rows values ('p21', 'p21@example.com', 'pro')",
        "update rows set plan = 'free' where person_id = 'p3'",
    )
    for harm in (
        gone_from_the_manifest,
        gone_from_the_warehouse,
        failed_in_the_build,
        skipped_in_the_build,
        failed_in_a_test,
        emptied,
        full_of_nobody,
        full_of_tabs,
        keyed_by_decimals,
    ):
        harm(shop)
        assert WAIT in run("plan", expect=3).text, harm.__name__
        mend(shop)
    emptied(shop)
    for _ in range(2):
        assert WAIT in run("apply", expect=3).text
    assert f"add (new) waits: {WAIT}" in run("why", "p21").text
    assert inside(shop) == EVERYBODY - {"p1", "p2"}
    assert shop.attributes("p3")["plan"] == "pro"
    assert counts(shop)["deferred"] == 3
    mend(shop)
    run("apply")
    assert inside(shop) == (EVERYBODY | {"p21"}) - {"p1", "p2"}
    assert shop.attributes("p3")["plan"] == "free"


@on_duckdb
def test_a_list_that_lost_most_of_its_people_is_doubtful_until_it_is_accepted(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run(
        "insert into listed select 'x' || i, 'x', null from generate_series(1, 250) as g(i)",
        "insert into listed values ('p1', 'x', null)",
    )
    run("apply")
    shop.warehouse.run("delete from listed where person_id like 'x%'")
    told = run("apply", expect=3).text
    assert "it has 1 rows, and had 251 when last read" in told
    run("state", "accept-list", "suppressions", "--yes")
    run("apply")


@on_duckdb
def test_suppressing_most_members_sends_their_exits_and_lets_adds_wait(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run(
        "insert into rows select 'q' || i, 'q' || i || '@example.com', 'pro'"
        " from generate_series(1, 280) as g(i)",
    )
    run("apply")
    shop.warehouse.run(
        "insert into listed select 'q' || i, 'x', null from generate_series(1, 270) as g(i)",
        "insert into rows values ('p21', 'p21@example.com', 'pro')",
    )
    assert "270 of 300 (90 %) leave" in run("apply", expect=3).text
    assert inside(shop) == EVERYBODY | {f"q{i}" for i in range(271, 281)}
    run("apply")
    assert "p21" in inside(shop)


@on_duckdb
def test_suppressed_members_leave_while_too_many_removals_are_held(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.warehouse.run(
        "delete from rows where person_id not in ('p1', 'p2', 'p3')",
        "insert into listed values ('p1', 'x', null)",
    )
    assert "would leave" in run("apply", expect=3).text
    assert inside(shop) == EVERYBODY - {"p1"}


def only_two_are_left(shop: SmallProject) -> None:
    shop.warehouse.run("delete from rows where person_id not in ('p19', 'p20')")


def a_row_names_nobody(shop: SmallProject) -> None:
    shop.warehouse.run(
        "delete from rows where person_id in ('p1', 'p2', 'p3')",
        "insert into rows values (null, null, 'pro')",
    )


def the_model_is_empty(shop: SmallProject) -> None:
    shop.warehouse.run("delete from rows")


@pytest.mark.parametrize("harm", [only_two_are_left, a_row_names_nobody, the_model_is_empty])
def test_a_suppressed_member_leaves_while_removals_are_held_although_the_model_lost_the_row(
    shop: SmallProject, run: Runs, harm: Callable[[SmallProject], None]
) -> None:
    run("apply")
    harm(shop)
    shop.warehouse.run("insert into listed values (' p1', 'x', null), ('p2', 'x', '2020-01-01')")
    assert "p1  (suppressed)" in run("plan", "--show", "20", expect=3).text
    assert "Next run: remove (suppressed)." in run("why", "p1").text
    assert "remove (left) waits: " in run("why", "p3").text
    run("apply", expect=3)
    assert inside(shop) == EVERYBODY - {"p1"}
    run("apply", expect=3)
    assert inside(shop) == EVERYBODY - {"p1"}


def its_test_fails(shop: SmallProject) -> None:
    shop.write_artifacts(failing_tests=["seg_people"])


def its_build_failed(shop: SmallProject) -> None:
    shop.write_artifacts(statuses={"seg_people": "error"})


def it_is_not_there(shop: SmallProject) -> None:
    shop.warehouse.run("drop view seg_people")
    its_build_failed(shop)


def it_holds_other_people(shop: SmallProject) -> None:
    its_test_fails(shop)
    shop.warehouse.run("update rows set person_id = 'other ' || person_id")


def it_maps_another_column(shop: SmallProject) -> None:
    made = segment()
    made.activation["destinations"][0]["traits"] = ["email"]
    shop.define(made, LIST, DAY)
    its_test_fails(shop)


def it_was_dropped(shop: SmallProject) -> None:
    shop.warehouse.run("drop view seg_people")


def it_lost_a_column(shop: SmallProject) -> None:
    query = "select person_id, email from rows"
    shop.warehouse.run("drop view seg_people", f"create view seg_people as {query}")


@pytest.mark.parametrize(
    "harm",
    [
        it_was_dropped,
        it_lost_a_column,
        its_test_fails,
        its_build_failed,
        it_is_not_there,
        it_holds_other_people,
        it_maps_another_column,
    ],
)
def test_a_suppressed_member_leaves_and_nothing_else_moves_while_the_model_is_refused(
    shop: SmallProject, run: Runs, harm: Callable[[SmallProject], None]
) -> None:
    run("apply")
    shop.warehouse.run(
        "insert into listed values (' p1', 'x', null), ('p2', 'x', '2020-01-01')",
        "insert into listed values ('p99', 'x', null)",
        "insert into rows values ('p21', 'p21@example.com', 'pro')",
        "update rows set plan = 'free' where person_id = 'p3'",
        "delete from rows where person_id = 'p4'",
    )
    harm(shop)
    before = len(shop.applied())
    assert "p1  (suppressed)" in run("plan", "--show", "20", expect=3).text
    assert "Next run: remove (suppressed)." in run("why", "p1").text
    run("apply", expect=3)
    assert inside(shop) == EVERYBODY - {"p1"}
    assert {one["identity"] for one in shop.applied()[before:]} == {"p1"}
    assert (counts(shop)["removals"], counts(shop)["delivered"]) == (1, 1)
    sent = shop.requests()
    run("apply", expect=3)
    assert shop.requests() == sent

    shop.warehouse.run("update rows set person_id = replace(person_id, 'other ', '')")
    shop.define(segment(), LIST, DAY)
    run("apply")
    assert inside(shop) == (EVERYBODY | {"p21"}) - {"p1", "p4"}
    assert shop.attributes("p3")["plan"] == "free"
    assert shop.attributes("p5")["plan"] == "pro"
    shop.warehouse.run("delete from listed")
    shop.warehouse.run("insert into listed values ('p99', 'x', null)")
    run("apply")
    assert "p1" in inside(shop)


@on_duckdb
def test_an_exit_from_a_refused_model_that_was_not_answered_is_sent_again(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.warehouse.run("insert into listed values ('p1', 'x', null)")
    its_test_fails(shop)
    shop.sandbox.add_fault("reset", {"path": "v2/batch", "when": "after"})
    run("apply", expect=6)
    shop.sandbox.clear_faults()
    run("apply", expect=3)
    assert inside(shop) == EVERYBODY - {"p1"}


@on_duckdb
@pytest.mark.parametrize("harm", [it_was_dropped, it_lost_a_column])
def test_nobody_counts_as_left_by_adopting_a_model_that_can_not_be_read(
    shop: SmallProject, run: Runs, harm: Callable[[SmallProject], None]
) -> None:
    run("apply")
    shop.warehouse.run("insert into listed values ('p1', 'x', null)")
    harm(shop)
    told = run("state", "adopt", "seg_people", "--yes", expect=3)
    assert "marked" not in told.text
    run("apply", expect=3)
    assert inside(shop) == EVERYBODY - {"p1"}


@on_duckdb
def test_a_model_that_nothing_proves_is_not_adopted(shop: SmallProject, run: Runs) -> None:
    its_test_fails(shop)
    told = run("state", "adopt", "seg_people", "--yes", expect=3).text
    assert "recorded as acknowledged" not in told
    shop.write_artifacts({})
    (shop.dir / "target" / "run_results.json").unlink()
    run("state", "adopt", "seg_people", "--yes", expect=3)
    told = run("state", "adopt", "seg_people", "--allow-unproven", "--yes").text
    assert f"{len(EVERYBODY)} changes recorded as acknowledged, nothing sent" in told


@on_duckdb
def test_adopting_says_who_is_not_recorded(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run("insert into listed values ('p1', 'x', null)")
    told = run("state", "adopt", "seg_people", "--yes").text
    left = len(EVERYBODY) - 1
    assert f"{left} changes recorded as acknowledged, nothing sent; not recorded: 1 supp" in told


@on_duckdb
def test_a_refused_model_that_never_ran_leaves_no_trace(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run("insert into listed values ('p1', 'x', null)")
    its_test_fails(shop)
    run("apply", expect=3)
    assert shop.requests() == 0
    assert shop.state("select count(*) from {state}.syncs") == [(0,)]


def by_mail() -> Model:
    made = segment(suppress=[{"model": "days_off", "match": {"email": "email"}}])
    made.activation["destinations"][0]["identify_by"] = {"email": "email"}
    return made


@on_duckdb
def test_a_member_who_is_known_by_the_address_in_the_list_leaves_without_a_row(
    shop: SmallProject, run: Runs
) -> None:
    shop.define(by_mail(), LIST, DAY)
    run("apply")
    shop.warehouse.run("delete from rows", "insert into off values ('p1@Example.com', null)")
    run("apply", expect=3)
    (told,) = events(shop)
    assert told["names"] == ["segment", "cause"]
    assert counts(shop)["deferred"] == 19


CONSENTS = Model(
    name="consents",
    query="select person_id, sms from agreed",
    columns={"person_id": "varchar", "sms": "boolean"},
    activation={"kind": "consent", "identity": "person_id"},
)


def asking() -> Model:
    asked = segment(requires={"customerio": ["mails", "consents.sms"]}, suppress=[])
    return replace(
        asked,
        query="select person_id, email, plan, mails from rows",
        columns={**asked.columns, "mails": "boolean"},
    )


def test_nobody_is_sent_without_consent_and_who_loses_it_leaves_at_once(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run(
        "alter table rows add column mails boolean",
        "update rows set mails = true where person_id <> 'p1'",
        "update rows set mails = false where person_id = 'p2'",
        "create table agreed (person_id varchar, sms boolean)",
        "insert into agreed select person_id, true from rows where person_id <> 'p3'",
        "update agreed set sms = null where person_id = 'p4'",
        "insert into agreed values ('p5', false), (' p6', true)",
    )
    shop.define(asking(), CONSENTS)
    run("apply")
    others = EVERYBODY - {f"p{i}" for i in range(1, 6)}
    assert inside(shop) == others
    assert (counts(shop)["no_consent"], counts(shop)["delivered"]) == (5, 15)
    assert "without consent: `mails`" in run("why", "p1").text
    assert "without consent: `sms` of consents" in run("why", "p3").text
    shop.warehouse.run(
        "update rows set mails = null where person_id = 'p7'",
        "update agreed set sms = false where person_id = 'p8'",
        "update agreed set sms = true where person_id = 'p4'",
    )
    assert "p8  (no_consent)" in run("plan", "--show", "5").text
    run("apply")
    assert inside(shop) == (others | {"p4"}) - {"p7", "p8"}
    shop.warehouse.run(
        "delete from rows where person_id <> 'p20'",
        "update agreed set sms = false where person_id = 'p9'",
        "delete from agreed where person_id = 'p10'",
    )
    run("apply", expect=3)
    assert inside(shop) == (others | {"p4"}) - {"p7", "p8", "p9"}
    shop.warehouse.run("delete from agreed")
    assert WAIT in run("apply", expect=3).text
    assert inside(shop) == (others | {"p4"}) - {"p7", "p8", "p9"}


def test_a_new_person_who_stands_twice_is_not_sent_when_one_row_has_no_consent(
    shop: SmallProject, run: Runs
) -> None:
    shop.warehouse.run("alter table rows add column mails boolean", "update rows set mails = true")
    made = asking()
    made.activation["requires"] = "mails"
    shop.define(made)
    run("apply")
    shop.warehouse.run(
        "insert into rows values ('p30', 'p30@example.com', 'pro', true)",
        "insert into rows values ('p30', 'p30@example.com', 'pro', null)",
    )
    run("apply", expect=1)
    assert inside(shop) == EVERYBODY
    assert (counts(shop)["no_consent"], counts(shop)["invalid"]) == (1, 1)


ORDERS = Model(
    name="orders",
    query="select order_id, person_id, happened from ordered",
    columns={"order_id": "varchar", "person_id": "varchar", "happened": "timestamp"},
    activation={
        "kind": "events",
        "identity": "person_id",
        "event": "ordered",
        "event_id": "order_id",
        "occurred_at": "happened",
        "destinations": ["customerio"],
    },
)


def test_events_that_arrive_while_the_first_run_is_held_are_sent_later(
    shop: SmallProject, run: Runs
) -> None:
    def order(name: str) -> None:
        shop.warehouse.run(f"insert into ordered values ('{name}', 'p1', '2026-01-01')")

    shop.warehouse.run(
        "create table ordered (order_id varchar, person_id varchar, happened timestamp)"
    )
    shop.define(ORDERS, LIST)
    shop.warehouse.run("drop view suppressions")
    run("apply", expect=3)
    order("o1")
    run("apply", expect=3)
    order("o2")
    run("apply", expect=3)
    run("apply", expect=3)
    assert events(shop) == []
    assert "1 event to be sent, held: adds and changes of orders" in run("why", "o2").text
    shop.define(ORDERS, LIST)
    run("apply")
    assert [one["identity"] for one in events(shop)] == ["p1"]
    assert shop.counts()["orders"]["unchanged"] == 1
    run("apply")
    assert len(events(shop)) == 1


def test_an_exit_that_is_refused_is_settled_also_of_somebody_who_stands_twice(
    shop: SmallProject, run: Runs
) -> None:
    run("apply")
    shop.sandbox.add_fault("refuse", {"path": "v2/batch", "refuse": {"p1": "no"}})
    shop.warehouse.run("update rows set plan = 'vip' where person_id = 'p1'")
    run("apply", expect=1)
    shop.warehouse.run(
        "insert into rows select * from rows where person_id in ('p1', 'p2')",
        "insert into listed values ('p1', 'opted out', null)",
    )
    for _ in range(2):
        run("apply", expect=1)
    shop.sandbox.clear_faults()
    run("apply", expect=1)
    assert "p1" not in inside(shop)


@on_duckdb
def test_check_warns_where_a_suppressed_member_would_stay(shop: SmallProject, run: Runs) -> None:
    assert "stays" not in run("check").text
    kept = segment()
    kept.activation["destinations"][0]["on_remove"] = "keep"
    shop.define(kept, LIST, DAY)
    told = run("check").text
    assert "people who are suppressed or lose consent stay at customerio" in told
    run("check", "--strict", expect=2)
