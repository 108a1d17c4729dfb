"""A statement that the warehouse refuses is said with sync, column and the driver's words."""

from __future__ import annotations

import pytest

from tests.app import App

BROKEN = {
    "logins": "select person_id, plan, cast(plan as integer) as logins, email from people",
    "email": "select person_id, plan, logins, error('gone for ' || email) as email from people",
    "person_id": "select error('none for ' || email) as person_id, plan, logins, email from people",
}


def _break(app: App, column: str) -> None:
    app.sql(
        "alter table traits_people rename to people",
        f"create view traits_people as {BROKEN[column]}",
    )


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize("column", BROKEN)
def test_a_statement_that_fails_names_its_column(app: App, command: str, column: str) -> None:
    _break(app, column)
    ran = app.run(command)
    assert ran.exit_code == 5
    said = ran.out + ran.err
    assert f"models/traits_people.sql, column {column}" in said
    assert "traits_people -> customerio" in said
    assert "seg_trials" in said


def test_the_drivers_own_words_are_repeated_without_the_value(app: App) -> None:
    _break(app, "logins")
    ran = app.run("plan")
    said = ran.out + ran.err
    assert "Conversion Error: Could not convert string '...' to INT32" in said
    assert "'free'" not in said


def test_a_model_that_can_not_be_read_at_all_blames_no_column(app: App) -> None:
    app.sql("alter table traits_people rename to people")
    app.sql("create view traits_people as from people", "drop table people")
    ran = app.run("plan")
    said = ran.out + ran.err
    assert ran.exit_code == 3
    assert "traits_people" in said
    assert "column" not in said


def test_a_failure_outside_a_plan_names_its_sync(app: App) -> None:
    app.after_a_run()
    app.sql("alter table main_activation.snapshot_traits_people__customerio drop column is_member")
    ran = app.run("verify", "--select", "traits_people")
    said = ran.out + ran.err
    assert ran.exit_code
    assert "traits_people__customerio" in said
