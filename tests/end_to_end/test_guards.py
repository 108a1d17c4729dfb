"""What keeps a broken model from emptying a destination."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from e2e.artifacts import Model
from e2e.project import SmallProject

COLUMNS = {"person_id": "varchar", "email": "varchar", "plan": "varchar", "is_vip": "boolean"}


def traits(*names: str, by_email: bool = False) -> Model:
    entry = {"name": "customerio", "traits": list(names)}
    if by_email:
        entry["identify_by"] = {"email": "email"}
    return Model(
        name="traits_people",
        query="select person_id, email, plan, is_vip from rows",
        columns=COLUMNS,
        activation={"kind": "traits", "identity": "person_id", "destinations": [entry]},
        of_columns={"email": {"pii": True}, "is_vip": {"default": False}},
    )


SEGMENT = Model(
    name="seg_people",
    query="select person_id from rows",
    columns={"person_id": "varchar"},
    activation={
        "kind": "segment",
        "identity": "person_id",
        "destinations": [{"name": "customerio", "segment": "people", "update_only": False}],
    },
)


@pytest.fixture(params=["duckdb", "postgres"])
def people(
    request: pytest.FixtureRequest, project_on: Callable[[str], SmallProject]
) -> Callable[[int], SmallProject]:
    def make(count: int) -> SmallProject:
        project = project_on(request.param)
        project.warehouse.run(
            "create table rows (person_id varchar, email varchar, plan varchar, is_vip boolean)",
            "insert into rows select 'p' || i, 'p' || i || '@example.com', 'pro', true"
            f" from generate_series(1, {count}) as g(i)",
        )
        return project

    return make


def test_a_model_of_which_no_row_has_an_identity_empties_nothing(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(60)
    project.define(traits("plan"))
    project.run(expect=0)
    project.warehouse.run("update rows set person_id = null")
    told = project.run(expect=3)
    assert "none of the 60 rows of traits_people can be used" in told.text
    assert project.attributes("p1") == {"plan": "pro"}
    assert "would be held" in project.run("plan", expect=3).text
    project.run("apply", "--allow-empty", expect=1)
    assert project.attributes("p1") == {}


def test_removals_wait_while_rows_without_an_identity_are_there(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(60)
    project.define(traits("plan"))
    project.run(expect=0)
    project.warehouse.run(
        "update rows set person_id = null where person_id in ('p1', 'p2')",
        "delete from rows where person_id = 'p3'",
        "update rows set plan = 'free' where person_id = 'p4'",
    )
    for _ in range(2):  # a retry does not disarm it
        told = project.run(expect=3)
        assert "3 removals of traits_people__customerio wait" in told.text
        assert project.attributes("p1") == {"plan": "pro"}
        assert project.attributes("p3") == {"plan": "pro"}
        assert project.attributes("p4") == {"plan": "free"}
        counts = project.counts()["traits_people"]
        assert (counts["deferred"], counts["invalid"]) == (3, 2)
    assert "removals of traits_people__customerio wait" in project.run("plan", expect=3).text
    project.warehouse.run(
        "update rows set person_id = 'p1' where person_id is null and email = 'p1@example.com'"
    )
    project.run("apply", "--allow-removes", expect=1)
    assert project.attributes("p1") == {"plan": "pro"}
    assert project.attributes("p2") == {}
    assert project.attributes("p3") == {}


def test_removals_go_again_once_every_row_has_an_identity(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(20)
    project.define(SEGMENT)
    project.run(expect=0)
    project.warehouse.run(
        "delete from rows where person_id = 'p1'",
        "insert into rows values ('  ', null, null, null)",
    )
    project.run(expect=3)
    assert project.attributes("p1") == {"people": True}
    project.warehouse.run("delete from rows where email is null")
    project.run(expect=0)
    assert project.attributes("p1") == {"people": False}
    assert project.attributes("p2") == {"people": True}


def test_a_person_whose_address_turns_null_is_left_as_they_are(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(20)
    project.define(traits("plan", by_email=True))
    project.run(expect=0)
    project.warehouse.run(
        "update rows set email = null where person_id = 'p1'",
        "delete from rows where person_id = 'p2'",
    )
    project.run(expect=1)
    assert project.attributes("p1@example.com") == {"plan": "pro"}
    assert project.attributes("p2@example.com") == {}
    assert "p1" in project.run("rejects", "--show", "5", expect=0).text


def test_a_join_that_lost_every_address_empties_nothing(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(60)
    project.define(traits("plan", by_email=True))
    project.run(expect=0)
    project.warehouse.run("update rows set email = null")
    project.run(expect=1)
    assert project.attributes("p1@example.com") == {"plan": "pro"}


@pytest.mark.parametrize(
    ("members", "gone", "is_held"),
    [
        (34, 31, True),
        (100, 99, True),
        (10, 5, True),
        (10, 4, False),
        (9, 8, False),
        (40, 19, False),
    ],
)
def test_a_small_segment_does_not_lose_half_of_its_members_at_once(
    people: Callable[[int], SmallProject], members: int, gone: int, is_held: bool
) -> None:
    project = people(members)
    project.define(SEGMENT)
    project.run(expect=0)
    project.warehouse.run(
        "delete from rows where person_id in"
        f" (select 'p' || i from generate_series(1, {gone}) as g(i))"
    )
    told = project.run(expect=3 if is_held else 0)
    assert project.attributes("p1") == {"people": is_held}
    if is_held:
        assert f"{gone} of {members}" in told.text
        project.run("apply", "--allow-removes", expect=0)
        assert project.attributes("p1") == {"people": False}


def test_a_column_that_turns_null_for_most_people_empties_nothing(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(30)
    project.define(traits("plan", "is_vip"))
    project.run(expect=0)
    project.warehouse.run("update rows set plan = null where person_id not in ('p1', 'p2')")
    told = project.run(expect=3)
    assert "`plan` turns null for 28 of 30" in told.text
    assert project.attributes("p9") == {"plan": "pro", "is_vip": True}
    assert "would be held" in project.run("plan", expect=3).text
    project.run("apply", "--allow-nulls", expect=0)
    assert project.attributes("p9") == {"is_vip": True}


def test_a_column_that_falls_back_to_its_default_for_most_people_changes_nothing(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(30)
    project.define(traits("plan", "is_vip"))
    project.run(expect=0)
    project.warehouse.run("update rows set is_vip = null")
    told = project.run(expect=3)
    assert "`is_vip` turns null or to its default for 30 of 30" in told.text
    assert project.attributes("p9") == {"plan": "pro", "is_vip": True}


def test_a_column_that_turns_null_for_a_few_people_is_emptied_for_them(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(30)
    project.define(traits("plan"))
    project.run(expect=0)
    project.warehouse.run("update rows set plan = null where person_id in ('p1', 'p2', 'p3')")
    project.run(expect=0)
    assert project.attributes("p1") == {}
    assert project.attributes("p9") == {"plan": "pro"}


def test_adds_and_changes_beyond_a_bound_wait_and_removals_go(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(20)
    model = traits("plan")
    model.activation["guard"] = {"max_adds": 20, "max_changes": 1}
    project.define(model)
    project.run(expect=0)
    project.warehouse.run(
        "delete from rows where person_id = 'p3'",
        "update rows set plan = 'free' where person_id in ('p1', 'p2')",
        "insert into rows values ('p21', null, 'pro', true)",
    )
    told = project.run(expect=3)
    assert "adds and changes of traits_people__customerio wait: 2 of 20 would change" in told.text
    assert (project.attributes("p1"), project.attributes("p3")) == ({"plan": "pro"}, {})
    counts = project.counts()["traits_people"]
    assert (counts["delivered"], counts["deferred"]) == (1, 3)
    project.run("apply", "--allow-changes", expect=0)
    assert project.attributes("p1") == {"plan": "free"}
    assert project.attributes("p21") == {"plan": "pro"}


def test_a_model_of_which_many_rows_are_invalid_adds_nobody(
    people: Callable[[int], SmallProject],
) -> None:
    project = people(300)
    project.define(traits("plan"))
    project.warehouse.run(
        "update rows set person_id = null where cast(substr(person_id, 2) as integer) > 199"
    )
    told = project.run(expect=3)
    assert "101 of 300 rows of traits_people are invalid, and 10 % may be" in told.text
    assert project.requests() == 0
    project.run("apply", "--allow-invalid", expect=1)
    assert project.attributes("p199") == {"plan": "pro"}
