"""A destination equals the model after an edit of the model, its mapping or its place, too.

Each story syncs, edits what a pull request would edit, and syncs again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl
from e2e.artifacts import Model
from e2e.project import SmallProject

TYPES = {"id": "varchar", "tier": "varchar", "n": "integer", "email": "varchar"}


@pytest.fixture
def shop(quick: SmallProject) -> SmallProject:
    """A project without people so far."""
    quick.warehouse.run("create table people (id varchar, tier varchar, n integer, email varchar)")
    return quick


def fill(project: SmallProject, *rows: str) -> None:
    """Make these all the people there are; a row is the SQL of its values."""
    inserts = [f"insert into people values ({row})" for row in rows]
    project.warehouse.run("delete from people", *inserts)


def model(
    name: str,
    kind: str = "traits",
    columns: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
    of_columns: Mapping[str, Mapping[str, Any]] | None = None,
    destinations: list[Any] | None = None,
    destination: str = "customerio",
    nulls: str = "unset",
    object_type: str | None = None,
    where: str = "true",
    **entry: Any,
) -> Model:
    """A model over `people` with one entry. `columns`: its columns, each with its SQL."""
    columns = columns or {"tier": "tier"}
    query = ", ".join(["id", *(f"{sql} as {column}" for column, sql in columns.items())])
    declared = {"id": "varchar", **{c: (types or {}).get(c, TYPES.get(c, "")) for c in columns}}
    activation = {
        "kind": kind,
        "identity": "id",
        "nulls": nulls,
        "destinations": [{"name": destination, **entry}] if destinations is None else destinations,
    }
    if object_type is not None:
        activation["object_type"] = object_type
    return Model(
        name=name,
        query=f"select {query} from people where {where}",
        columns=declared,
        activation=activation,
        of_columns=of_columns or {},
    )


def sync(project: SmallProject, expect: int = 0) -> str:
    """Run `python -m sync`; what it printed."""
    return project.run("--allow-empty", "--allow-removes", expect=expect).text


def assert_quiet(project: SmallProject) -> None:
    """One more run has nothing to send."""
    before = project.requests()
    sync(project)
    assert project.requests() == before


def held(project: SmallProject, *names: str) -> dict[str, Any]:
    """What each person has, by identity; people without any attribute are left out."""
    return {name: found for name in names if (found := project.attributes(name))}


# Two rows that are one person to the destination


BY_EMAIL: dict[str, Any] = {
    "columns": {"email": "email", "n": "n"},
    "of_columns": {"email": {"pii": True}},
    "identify_by": {"email": "email"},
    "traits": ["n"],
}


def test_two_spellings_of_one_address_are_rejected_as_one_address_twice(shop: SmallProject) -> None:
    fill(shop, "'r1', null, 1, 'Ann@Example.com'", "'r2', null, 2, 'ann@example.com'")
    shop.define(model("people_by_email", **BY_EMAIL))
    text = sync(shop, expect=1)
    assert "2 invalid" in text
    assert shop.attributes("ann@example.com") == {}
    fill(shop, "'r2', null, 2, 'ann@example.com'")
    sync(shop)
    assert shop.attributes("ann@example.com") == {"n": 2}
    assert_quiet(shop)


def test_a_second_spelling_that_comes_and_goes_takes_nothing_from_the_first(
    shop: SmallProject,
) -> None:
    fill(shop, "'r1', null, 1, 'ann@example.com'")
    shop.define(model("people_by_email", **BY_EMAIL))
    sync(shop)
    fill(shop, "'r1', null, 1, 'ann@example.com'", "'r2', null, 2, ' ANN@example.com'")
    sync(shop, expect=1)
    assert shop.attributes("ann@example.com") == {"n": 1}
    fill(shop, "'r1', null, 1, 'ann@example.com'")
    sync(shop)
    assert shop.attributes("ann@example.com") == {"n": 1}
    assert_quiet(shop)


def test_whoever_takes_over_an_address_in_another_spelling_keeps_it(shop: SmallProject) -> None:
    fill(shop, "'r1', null, 1, 'ann@example.com'")
    shop.define(model("people_by_email", **BY_EMAIL))
    sync(shop)
    fill(shop, "'r2', null, 2, 'Ann@Example.com'")
    sync(shop)
    assert shop.attributes("ann@example.com") == {"n": 2}
    assert_quiet(shop)


def test_an_address_that_is_only_spelled_otherwise_sends_nothing(shop: SmallProject) -> None:
    fill(shop, "'r1', null, 1, 'ann@example.com'")
    shop.define(model("people_by_email", **BY_EMAIL))
    sync(shop)
    fill(shop, "'r1', null, 1, 'Ann@Example.com '")
    assert_quiet(shop)
    assert shop.attributes("ann@example.com") == {"n": 1}


# Types


@pytest.mark.parametrize(
    "is_back",
    [pytest.param(False, id="to text"), pytest.param(True, id="to a number")],
)
def test_a_type_that_keeps_the_text_of_a_value_is_sent_to_everybody(
    shop: SmallProject, is_back: bool
) -> None:
    number = model("values_of", columns={"v": "n"}, types={"v": "integer"})
    text = model("values_of", columns={"v": "cast(n as varchar)"}, types={"v": "varchar"})
    fill(shop, "'a', null, 5, null", "'b', null, 6, null")
    first, second = (text, number) if is_back else (number, text)
    shop.define(first)
    sync(shop)
    shop.define(second)
    sync(shop)
    wanted = {"a": {"v": 5}, "b": {"v": 6}} if is_back else {"a": {"v": "5"}, "b": {"v": "6"}}
    assert held(shop, "a", "b") == wanted
    assert_quiet(shop)


def test_a_wider_type_of_the_same_sort_sends_nothing(shop: SmallProject) -> None:
    fill(shop, "'a', null, 5, null")
    shop.define(model("values_of", columns={"v": "n"}, types={"v": "integer"}))
    sync(shop)
    shop.define(model("values_of", columns={"v": "cast(n as bigint)"}, types={"v": "bigint"}))
    assert_quiet(shop)
    assert held(shop, "a") == {"a": {"v": 5}}


def test_a_value_that_is_lost_with_its_type_is_emptied(shop: SmallProject) -> None:
    as_integer = "cast(case when tier = '7' then tier end as integer)"
    fill(shop, "'a', 'gold', 1, null", "'b', '7', 1, null")
    shop.define(model("tiers"))
    sync(shop)
    shop.define(model("tiers", columns={"tier": as_integer}, types={"tier": "integer"}))
    sync(shop)
    assert held(shop, "a", "b") == {"b": {"tier": 7}}
    sync(shop)
    assert held(shop, "a", "b") == {"b": {"tier": 7}}


# Policies


@pytest.mark.parametrize("is_of_column", [False, True], ids=["of the model", "of the column"])
def test_a_value_that_was_left_alone_is_emptied_when_null_comes_to_mean_unset(
    shop: SmallProject, is_of_column: bool
) -> None:

    def tiers(nulls: str) -> Model:
        if is_of_column:
            return model("tiers", of_columns={"tier": {"nulls": nulls}})
        return model("tiers", nulls=nulls)

    fill(shop, "'a', 'gold', 1, null")
    shop.define(tiers("skip"))
    sync(shop)
    fill(shop, "'a', null, 1, null")
    sync(shop)
    assert held(shop, "a") == {"a": {"tier": "gold"}}
    shop.define(tiers("unset"))
    sync(shop)
    assert held(shop, "a") == {}
    assert_quiet(shop)


# Traits that are no longer mapped


def test_whoever_leaves_takes_traits_along_that_are_no_longer_mapped(shop: SmallProject) -> None:
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null")
    shop.define(model("people_of", columns={"tier": "tier", "n": "n"}))
    sync(shop)
    shop.define(model("people_of", columns={"n": "n"}))
    sync(shop)
    assert held(shop, "a", "b") == {"a": {"tier": "gold", "n": 1}, "b": {"tier": "free", "n": 2}}
    fill(shop, "'b', 'free', 2, null")
    sync(shop)
    assert held(shop, "a", "b") == {"b": {"tier": "free", "n": 2}}
    assert_quiet(shop)


def test_a_trait_that_was_renamed_and_dropped_leaves_neither_name_behind(
    shop: SmallProject,
) -> None:
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null")
    both = {"tier": "tier", "n": "n"}
    for mapping in ({"tier": "tier", "n": "n"}, {"level": "tier", "n": "n"}, {"n": "n"}):
        shop.define(model("people_of", columns=both, traits=mapping))
        sync(shop)
    fill(shop, "'b', 'free', 2, null")
    sync(shop)
    assert held(shop, "a") == {}
    assert_quiet(shop)


def test_a_dropped_trait_may_be_unset_later(shop: SmallProject) -> None:
    fill(shop, "'a', 'gold', 1, null")
    shop.define(model("people_of", columns={"tier": "tier", "n": "n"}))
    sync(shop)
    shop.define(model("people_of", columns={"n": "n"}))
    sync(shop)
    shop.define(model("people_of", columns={"n": "n"}, on_drop="unset"))
    sync(shop)
    assert held(shop, "a") == {"a": {"n": 1}}
    assert_quiet(shop)


def test_a_dropped_trait_that_is_mapped_again_is_emptied_for_a_null(shop: SmallProject) -> None:
    fill(shop, "'a', 'gold', 1, null")
    shop.define(model("people_of", columns={"tier": "tier", "n": "n"}))
    sync(shop)
    shop.define(model("people_of", columns={"n": "n"}))
    sync(shop)
    fill(shop, "'a', null, 1, null")
    shop.define(model("people_of", columns={"tier": "tier", "n": "n"}))
    sync(shop)
    assert held(shop, "a") == {"a": {"n": 1}}
    assert_quiet(shop)


def test_whoever_leaves_keeps_everything_where_the_entry_says_keep(shop: SmallProject) -> None:
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null")
    shop.define(model("people_of", columns={"tier": "tier", "n": "n"}, on_remove="keep"))
    sync(shop)
    shop.define(model("people_of", columns={"n": "n"}, on_remove="keep"))
    fill(shop, "'b', 'free', 2, null")
    sync(shop)
    assert held(shop, "a") == {"a": {"tier": "gold", "n": 1}}
    assert_quiet(shop)


def doubts(project: SmallProject) -> dict[str, int]:
    """How many members are in doubt, by sync."""
    return {
        s["sync"]: s["in_doubt"]
        for s in json.loads(project.run("status", "--json").stdout)["syncs"]
    }


def test_who_left_and_is_kept_is_in_doubt_for_no_more_than_a_run(shop: SmallProject) -> None:
    """Neither for what another sync wrote over, nor because it was asked for; all is said again
    when they are back."""
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null")
    old = {"columns": {"tier": "tier", "n": "n"}}
    new = model("bb", columns={"m": "n"}, types={"m": "integer"}, on_remove="keep", where="n < 9")
    shop.define(model("aa", **old), new)
    sync(shop)
    fill(shop, "'a', 'gold', 9, null", "'b', 'free', 2, null")
    sync(shop)
    both = {"columns": {"m": "n", "tier": "tier"}, "types": {"m": "integer"}}
    shop.define(
        model("aa", columns={"n": "n"}), model("bb", **both, on_remove="keep", where="n < 9")
    )
    sync(shop)
    assert set(doubts(shop).values()) == {0}
    shop.run("state", "doubt", "bb__customerio", "--yes")
    assert doubts(shop)["bb__customerio"] == 2
    sync(shop)
    assert set(doubts(shop).values()) == {0}
    assert_quiet(shop)
    shop.warehouse.run("update people set n = 1")
    sync(shop)
    assert held(shop, "a") == {"a": {"n": 1, "m": 1, "tier": "gold"}}
    assert_quiet(shop)


# Places


def seg(name: str, vendor: str = "customerio", **entry: Any) -> Model:
    own: dict[str, Any] = {} if vendor == "launchdarkly" else {"traits": []}
    if vendor == "customerio":
        own["update_only"] = False
    if vendor == "gainsight_px":
        own["on_missing"] = "create"
    entry = {**own, "segment": name, **entry}
    return model(
        f"members_of_{vendor}", kind="segment", destination=vendor, columns={"n": "n"}, **entry
    )


def test_members_of_a_renamed_segment_leave_the_old_name_for_the_new_one(
    shop: SmallProject,
) -> None:
    fill(shop, "'a', null, 1, null", "'b', null, 2, null")
    shop.define(seg("cart"))
    sync(shop)
    shop.define(seg("basket"))
    sync(shop)
    for name in ("a", "b"):
        attributes = shop.attributes(name)
        assert attributes.get("basket") is True
        assert not attributes.get("cart")
    assert_quiet(shop)


def test_a_segment_that_is_kept_keeps_its_reason_when_it_has_another_name(
    shop: SmallProject,
) -> None:
    fill(shop, "'a', 'gold', 1, null")
    for name in ("cart", "basket"):
        entry: dict[str, Any] = {"segment": name, "on_remove": "keep", "on_drop": "unset"}
        entry["update_only"] = False
        kept = model("seg_kept", "segment", {"why": "tier"}, {"why": "varchar"}, **entry)
        shop.define(replace(kept, activation={**kept.activation, "reason": "why"}))
        text = sync(shop)
        assert "no longer sent" not in text
    assert shop.attributes("a") == {
        "cart": True,
        "cart_reason": "gold",
        "basket": True,
        "basket_reason": "gold",
    }
    assert_quiet(shop)


def test_a_value_that_turns_null_is_emptied_when_a_kept_segment_is_renamed(
    shop: SmallProject,
) -> None:
    """Both segments are attributes of one person, so the old value would stay there."""
    for name, tier in (("cart", "'gold'"), ("basket", "null")):
        fill(shop, f"'a', {tier}, 1, null")
        entry: dict[str, Any] = {"segment": name, "on_remove": "keep", "update_only": False}
        shop.define(model("seg_kept", "segment", **entry, traits=["tier"]))
        sync(shop)
    assert shop.attributes("a") == {"cart": True, "basket": True}
    assert_quiet(shop)


def test_members_that_were_kept_in_an_older_segment_are_not_read_back(shop: SmallProject) -> None:
    for name, people in (("cart", ("'a'", "'b'")), ("basket", ("'a'",))):
        fill(shop, *(f"{person}, 'gold', 1, null" for person in people))
        entry: dict[str, Any] = {"segment": name, "on_remove": "keep", "update_only": False}
        shop.define(model("seg_kept", "segment", **entry, traits=["tier"]))
        sync(shop)
        for how in (["--all"], []):
            (told,) = json.loads(shop.run("verify", "--json", *how, expect=0).stdout)["syncs"]
            assert (told["sent"], told["matched"]) == (len(people), len(people))


def test_members_of_a_renamed_segment_move_at_every_destination(shop: SmallProject) -> None:
    vendors = ("fullstory", "gainsight_px", "launchdarkly", "qualtrics")
    controls = {vendor: SandboxControl(shop.sandbox.url, vendor) for vendor in vendors}
    flags = {"cart": "BOOLEAN", "basket": "BOOLEAN"}
    controls["gainsight_px"].set_switch("user_attributes", flags)
    for vendor in vendors:
        shop.connect(vendor)
    fill(shop, "'a', null, 1, null")
    for name in ("cart", "basket"):
        shop.define(*(seg(name, vendor) for vendor in vendors))
        sync(shop)
        found = {vendor: segments(control, "a") for vendor, control in controls.items()}
        assert found == {vendor: {name} for vendor in vendors}


def segments(control: SandboxControl, person: str) -> set[str]:
    """Segments that a vendor has this person in, among the two of these stories."""
    found = {s["name"] for s in control.segments() if person in s["members"]}
    record = control.person(person)
    attributes = {} if record is None else record["attributes"]
    flags = {name for name, value in attributes.items() if value is True or value == "1"}
    return (found | flags) & {"cart", "basket"}


@pytest.mark.parametrize("on_remove", ["unset", "keep"])
def test_a_list_of_values_that_is_gone_is_left_as_a_segment_is(
    shop: SmallProject, on_remove: str
) -> None:
    """And the plan doesn't say that its trait is left there."""
    control = SandboxControl(shop.sandbox.url, "launchdarkly")
    shop.connect("launchdarkly")
    fill(shop, "'a', 'gold', 1, null")
    for lists in ({"tier": ["gold"], "n": [1]}, {"n": [1]}):
        shop.define(
            model(
                "people_traits",
                columns={name: name for name in lists},
                destination="launchdarkly",
                value_segments=lists,
                on_remove=on_remove,
            )
        )
        said = sync(shop)
    inside = {s["name"] for s in control.segments() if "a" in s["members"]}
    stays = on_remove == "keep"
    assert inside == {"n--1", *(["tier--gold"] if stays else [])}
    assert ("left there as they are" in said) == stays
    assert_quiet(shop)


def test_objects_of_another_type_are_emptied_there_and_written_here(shop: SmallProject) -> None:
    shop.sandbox.set_switch("object_types", ["1", "2"])
    fill(shop, "'a', 'gold', 1, null")
    for object_type in ("1", "2"):
        shop.define(model("accounts", kind="objects", object_type=object_type))
        sync(shop)
    found = {
        (o["object_type_id"], o["object_id"]): o["attributes"].get("tier")
        for o in shop.sandbox.objects()
    }
    assert found == {("1", "a"): None, ("2", "a"): "gold"}
    assert_quiet(shop)


def test_members_who_leave_keep_their_membership_where_the_entry_says_keep(
    shop: SmallProject,
) -> None:
    fill(shop, "'a', null, 1, null", "'b', null, 2, null")
    shop.define(seg("cart", on_remove="keep", on_exit={"event": "left_cart"}))
    sync(shop)
    fill(shop, "'b', null, 2, null")
    sync(shop)
    assert shop.attributes("a") == {"cart": True}
    assert [event["name"] for event in shop.sandbox.events()] == []
    assert_quiet(shop)


# Traits that change their owner


@pytest.mark.parametrize(
    ("old", "new", "on_drop"),
    [
        ("zz", "aa", "unset"),
        ("aa", "zz", "unset"),
        ("zz", "aa", "keep"),
        ("aa", "zz", "keep"),
    ],
)
def test_a_trait_that_moves_to_another_model_is_there_afterwards(
    shop: SmallProject, old: str, new: str, on_drop: str
) -> None:
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null")
    shop.define(
        model(old, columns={"tier": "tier", "n": "n"}, on_drop=on_drop),
        model(new, columns={"m": "n + 1"}, types={"m": "integer"}, on_drop=on_drop),
    )
    sync(shop)
    types = {"m": "integer"}
    shop.define(
        model(old, columns={"n": "n"}, on_drop=on_drop),
        model(new, columns={"m": "n + 1", "tier": "tier"}, types=types, on_drop=on_drop),
    )
    sync(shop)
    both = {"a": {"tier": "gold", "n": 1, "m": 2}, "b": {"tier": "free", "n": 2, "m": 3}}
    assert held(shop, "a", "b") == both
    assert_quiet(shop)
    fill(shop, "'b', null, 2, null")
    sync(shop)
    assert held(shop, "a", "b") == {"b": {"n": 2, "m": 3}}


@pytest.mark.parametrize(("old", "new"), [("zz", "aa"), ("aa", "zz")])
def test_a_trait_that_moves_is_emptied_for_those_whom_the_new_model_does_not_have(
    shop: SmallProject, old: str, new: str
) -> None:
    """Of three people, the new model has one with a value and one with a null."""
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null", "'c', 'pro', 3, null")
    shop.define(model(old, columns={"tier": "tier", "n": "n"}, on_drop="unset"))
    sync(shop)
    tier = {"tier": "case when n < 3 then 'new ' || tier end"}
    shop.define(
        model(old, columns={"n": "n"}, on_drop="unset"), model(new, columns=tier, where="n > 1")
    )
    sync(shop)
    assert held(shop, "a", "b", "c") == {
        "a": {"n": 1},
        "b": {"n": 2, "tier": "new free"},
        "c": {"n": 3},
    }
    assert_quiet(shop)


@pytest.mark.parametrize(("old", "new"), [("zz", "aa"), ("aa", "zz")])
def test_whoever_leaves_the_old_owner_keeps_what_the_new_owner_says(
    shop: SmallProject, old: str, new: str
) -> None:
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null")
    shop.define(model(old, columns={"tier": "tier", "n": "n"}))
    sync(shop)
    shop.define(model(old, columns={"n": "n"}), model(new))
    sync(shop)
    shop.define(model(old, columns={"n": "n"}, where="n > 1"), model(new))
    sync(shop)
    assert held(shop, "a", "b") == {"a": {"tier": "gold"}, "b": {"tier": "free", "n": 2}}
    shop.define(model(old, columns={"n": "n"}, where="n > 1"), model(new, where="n > 1"))
    sync(shop)
    assert held(shop, "a", "b") == {"b": {"tier": "free", "n": 2}}
    assert_quiet(shop)


# Syncs that are gone


def rename(shop: SmallProject) -> None:
    """Three people under the old name; then the model has another one, and two of them."""
    fill(shop, *(f"'o{i}', 'pro', {i}, null" for i in range(3)))
    shop.define(model("plan_old"))
    sync(shop)
    fill(shop, *(f"'o{i}', 'pro', {i}, null" for i in range(1, 3)))
    shop.define(model("plan_new"))


def test_a_sync_that_is_gone_is_named_with_its_members(shop: SmallProject) -> None:
    rename(shop)
    for command in ("plan", "apply", "status"):
        lines = shop.run(command).text.splitlines()
        named = [line for line in lines if "plan_old" in line]
        assert any("3" in line for line in named), command
    assert shop.attributes("o0") == {"tier": "pro"}


def test_a_destination_that_was_taken_out_is_named_as_well(shop: SmallProject) -> None:
    fill(shop, "'a', 'gold', 1, null")
    shop.define(model("plans"))
    sync(shop)
    shop.define(model("plans", destinations=[]))
    assert "plans__customerio" in shop.run("status").text
    assert shop.attributes("a") == {"tier": "gold"}


def test_a_sync_that_is_gone_can_be_retired(shop: SmallProject) -> None:
    fill(shop, "'a', 'gold', 1, null", "'b', 'free', 2, null")
    shop.define(model("plans"), model("others", columns={"n": "n"}))
    sync(shop)
    shop.define(model("others", columns={"n": "n"}))
    shop.run("retire", "plans__customerio", "--yes", expect=0)
    assert held(shop, "a", "b") == {"a": {"n": 1}, "b": {"n": 2}}
    assert "plans__customerio" not in shop.run("status", expect=0).text


def test_members_of_a_retired_segment_leave_it_at_every_destination(shop: SmallProject) -> None:
    vendors = ("fullstory", "gainsight_px", "launchdarkly", "qualtrics")
    controls = {vendor: SandboxControl(shop.sandbox.url, vendor) for vendor in vendors}
    controls["gainsight_px"].set_switch("user_attributes", {"cart": "BOOLEAN"})
    for vendor in vendors:
        shop.connect(vendor)
    fill(shop, "'a', null, 1, null")
    shop.define(*(seg("cart", vendor) for vendor in vendors))
    sync(shop)
    assert all(segments(control, "a") == {"cart"} for control in controls.values())
    shop.define()
    shop.run("retire", *(f"members_of_{vendor}" for vendor in vendors), "--yes", expect=0)
    assert all(segments(control, "a") == set() for control in controls.values())
    assert shop.state("select sync from {state}.syncs") == []


def test_relationships_of_a_retired_sync_are_ended(shop: SmallProject) -> None:
    fill(shop, "'a', 'gold', 1, 'p1'", "'b', 'free', 2, 'p2'")
    columns = {"email": "email", "tier": "tier"}
    of_columns = {"email": {"pii": True}}
    linked = model("seats", "objects", columns, of_columns=of_columns, object_type="1")
    linked.activation["relates_to"] = "email"
    shop.define(linked)
    sync(shop)
    before = len(shop.applied())
    shop.define()
    shop.run("retire", "seats", "--yes", expect=0)
    actions = [operation["action"] for operation in shop.applied(before)]
    assert actions == ["delete_relationships"] * 2


def test_a_renamed_model_takes_its_state_along_when_it_is_moved(shop: SmallProject) -> None:
    rename(shop)
    shop.run("state", "move", "plan_old__customerio", "plan_new__customerio", "--yes", expect=0)
    before = len(shop.applied())
    sync(shop)
    assert [operation["identity"] for operation in shop.applied(before)] == ["o0"]
    assert held(shop, "o0", "o1", "o2") == {"o1": {"tier": "pro"}, "o2": {"tier": "pro"}}


# Whoever appears later


def test_a_member_whom_a_later_run_creates_gets_the_membership(shop: SmallProject) -> None:
    members = seg("cart", update_only=True)
    fill(shop, "'a', 'gold', 1, null")
    shop.define(members)
    sync(shop)
    assert shop.sandbox.person("a") is None
    shop.define(members, model("plans"))
    sync(shop)
    sync(shop)
    assert shop.attributes("a") == {"tier": "gold", "cart": True}
    assert_quiet(shop)


@pytest.mark.parametrize("data_type", ["text", "varchar", "varchar(40)", "char(9)"])
def test_a_text_of_any_type_is_sent_once(shop: SmallProject, data_type: str) -> None:
    fill(shop, "'a', 'gold', 1, null", "'b', null, 2, null")
    shop.define(model("people_of", columns={"tier": f"cast(tier as {data_type})"}))
    sync(shop)
    assert_quiet(shop)
    fill(shop, "'a', 'free', 1, null", "'b', null, 2, null")
    sync(shop)
    assert_quiet(shop)
