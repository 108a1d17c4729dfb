from __future__ import annotations

import pytest

from sync.model import Kind, Relation
from sync.project.naming import MAX_NAME, definition_moved, moved_parts, sync_name


def test_a_segment_becomes_a_sync_with_what_its_metadata_says(world):
    sync = world.sync("seg_carts")
    assert sync.name == "seg_carts__mailer"
    assert sync.relation == Relation("shop", "main", "seg_carts")
    assert (sync.kind, sync.identity, sync.vendor) == (Kind.SEGMENT, "customer_id", "mailer")
    assert (sync.segment, sync.reason, sync.sla) == (
        "cart_abandoners",
        "qualified_because",
        "15 minutes",
    )
    assert sync.options.on_enter.event == "entered_carts"
    assert sync.tags == {"realtime"}
    assert sync.path == "models/segments/seg_carts.sql"


def test_without_traits_only_declared_harmless_columns_go_out(world):
    names = {t.name: t.column for t in world.sync("seg_carts").traits}
    assert names == {
        "cart_value": "cart_value",
        "discount_eligible": "discount_eligible",
        "cart_abandoners_reason": "qualified_because",
        "cart_abandoners_tier": "intent",
    }


def test_a_personal_column_goes_out_where_traits_names_it(world):
    world.entry("seg_carts")["traits"] = {"email": "email", "why": "qualified_because"}
    traits = {t.name: t for t in world.sync("seg_carts").traits}
    assert list(traits) == ["email", "why", "cart_abandoners_tier"]
    assert traits["email"].is_pii


def test_a_list_of_traits_keeps_the_names_of_the_columns(world):
    world.entry("traits_customers")["traits"] = ["orders"]
    assert [(t.name, t.column) for t in world.sync("traits_customers").traits] == [
        ("orders", "orders")
    ]


def test_no_traits_at_all_is_a_choice(world):
    world.entry("traits_customers")["traits"] = []
    assert world.sync("traits_customers").traits == ()


def test_defaults_and_null_rules_reach_the_trait(world):
    world.meta("seg_carts")["nulls"] = "skip"
    world.column("seg_carts", "cart_value")["config"]["meta"]["activation"] = {"nulls": "reject"}
    traits = {t.column: t for t in world.sync("seg_carts").traits}
    assert traits["discount_eligible"].default is False
    assert traits["discount_eligible"].nulls == "skip"
    assert (traits["cart_value"].nulls, traits["cart_value"].is_ignored) == ("reject", True)


def test_keys_of_events_are_no_traits(world):
    sync = world.sync("events_orders")
    assert [t.name for t in sync.traits] == ["total"]
    assert (sync.event, sync.event_column, sync.key) == ("order_placed", None, "order_id")


def test_an_event_name_can_come_from_a_column(world):
    world.add_column("events_orders", "event_name", "varchar")
    world.meta("events_orders")["event"] = {"column": "event_name"}
    sync = world.sync("events_orders")
    assert (sync.event, sync.event_column) == (None, "event_name")
    assert [t.name for t in sync.traits] == ["total"]


def test_people_can_be_addressed_by_another_column(world):
    world.add_column("traits_customers", "email", "varchar", pii=False)
    world.entry("traits_customers")["identify_by"] = {"email": "email"}
    sync = world.sync("traits_customers")
    assert (sync.identify_by, sync.external_id) == ("email", "email")
    assert [t.name for t in sync.traits] == ["orders"]


def test_an_address_that_is_the_identity_needs_no_column_of_its_own(world):
    world.entry("traits_customers")["identify_by"] = {"external_id": "customer_id"}
    sync = world.sync("traits_customers")
    assert (sync.identify_by, sync.external_id) == ("external_id", None)


def test_consulted_kinds_are_accepted_and_become_no_sync(world):
    meta = world.meta("traits_customers")
    meta["kind"] = "suppression"
    del meta["destinations"]
    syncs, problems = world.compile()
    assert problems == []
    assert "traits_customers" not in {s.model for s in syncs}


def test_metadata_in_the_older_place_is_read_too(world):
    node = world.model("traits_customers")
    node["meta"] = {"activation": node["config"]["meta"].pop("activation")}
    assert world.sync("traits_customers").kind is Kind.TRAITS


def test_an_unsound_model_yields_problems_and_no_sync_and_others_go_on(world):
    world.meta("traits_customers")["identity"] = "nobody"
    syncs, problems = world.compile()
    assert {s.model for s in syncs} == {"seg_carts", "events_orders"}
    assert [p.code for p in problems] == ["column-unknown"]


def test_reordering_columns_is_no_new_definition(world):
    before = world.sync("seg_carts").definition
    columns = world.model("seg_carts")["columns"]
    world.model("seg_carts")["columns"] = dict(reversed(columns.items()))
    assert world.sync("seg_carts").definition == before


def test_owner_and_purpose_are_no_part_of_the_definition(world):
    before = world.sync("seg_carts").definition
    world.meta("seg_carts").update(owner="crm@example.com", purpose="more carts", version=7)
    assert world.sync("seg_carts").definition == before


def test_a_change_of_sql_contract_or_mapping_is_a_new_definition(world):
    seen = {world.sync("traits_customers").definition}
    world.model("traits_customers")["compiled_code"] += " where 1 = 1"
    seen.add(world.sync("traits_customers").definition)
    world.column("traits_customers", "orders")["data_type"] = "bigint"
    seen.add(world.sync("traits_customers").definition)
    world.entry("traits_customers")["update_only"] = True
    seen.add(world.sync("traits_customers").definition)
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("before", "after", "is_edit"),
    [
        ("select a from t", "-- who is in\nselect a -- the key\n  from t\n", False),
        ("select a from t", "{# once more #}\nselect a /* and\nnothing else */ from t", False),
        ("select a -- b, c\nfrom t", "select a -- b\nfrom t", False),
        ("select 'a -- b' as x", "select 'a -- c' as x", True),
        ("select 'a  b' as x", "select 'a b' as x", True),
        ("select 'it''s' -- so\n", "select 'it''s -- so'", True),
        ("select 'it\\'s -- a' as x", "select 'it\\'s -- b' as x", True),
        ("select $$a -- b$$ as x", "select $$a -- c$$ as x", True),
        ('select "a -- b" from t', 'select "a -- c" from t', True),
        ("select a - -1 from t", "select a --1\n from t", True),
    ],
)
def test_comments_and_white_space_are_no_part_of_the_definition(world, before, after, is_edit):
    found = []
    for sql in (before, after):
        world.model("seg_carts").update(raw_code=sql, compiled_code=sql)
        found.append(world.sync("seg_carts").definition)
    assert definition_moved(*found) is is_edit
    assert moved_parts(*found) == (("query",) if is_edit else ())


def test_what_of_a_definition_was_edited_is_known_of_both_that_say_it(world):
    first = world.sync("traits_customers").definition
    assert moved_parts(first, first) == ()
    world.model("traits_customers")["compiled_code"] += " where 1 = 1"
    macro = world.sync("traits_customers").definition
    assert moved_parts(first, macro) == ("query",)
    world.column("traits_customers", "orders")["data_type"] = "bigint"
    retyped = world.sync("traits_customers").definition
    assert moved_parts(macro, retyped) == ("contract",)
    world.entry("traits_customers")["update_only"] = True
    world.model("traits_customers")["raw_code"] += " limit 5"
    both = world.sync("traits_customers").definition
    assert moved_parts(retyped, both) == ("query", "mapping")
    older = "-".join(first.split("-")[:2])
    assert not definition_moved(older, first)
    assert definition_moved(older, both)
    assert moved_parts(older, both) == ()


def test_the_compiled_sql_of_a_model_that_is_built_in_steps_is_no_query(world):
    first = world.model("traits_customers")
    assert world.sync("traits_customers").query == first["compiled_code"]
    first["config"]["materialized"] = "incremental"
    assert world.sync("traits_customers").query == ""


def test_a_run_that_did_not_compile_the_model_moves_no_definition(world):
    compiled = world.sync("traits_customers").definition
    world.model("traits_customers")["compiled_code"] = None
    parsed = world.sync("traits_customers").definition
    assert not definition_moved(compiled, parsed)
    assert not definition_moved(parsed, compiled)
    world.model("traits_customers")["raw_code"] += " limit 5"
    assert definition_moved(compiled, world.sync("traits_customers").definition)


def test_names_unfit_for_a_table_are_cut_and_stay_apart():
    long = sync_name("m" * 50, "mailer")
    assert len(long) <= MAX_NAME
    assert long != sync_name("m" * 51, "mailer")
    assert sync_name("Seg", "mailer") != sync_name("seg", "mailer")
    assert sync_name("seg-a", "mailer") != sync_name("seg_a", "mailer")
    assert sync_name("1seg", "mailer")[0] == "_"
    assert sync_name("seg", "mailer") == "seg__mailer"


def test_two_models_that_would_share_a_sync_name_are_told_apart_before_anything_runs(world):
    other = world.copy_model("traits_customers", "traits_customers__eu")
    other["columns"]["visits"] = other["columns"].pop("orders") | {"name": "visits"}
    other["config"]["meta"]["activation"]["destinations"] = ["mailer"]
    world.meta("traits_customers")["destinations"] = ["eu__mailer"]
    codes = world.codes(**{"mailer": "mailer", "eu__mailer": "mailer"})
    assert codes == ["sync-name-taken"]


def test_another_day_in_the_compiled_sql_is_no_new_definition(world):
    def compiled(sql):
        world.model("traits_customers")["compiled_code"] = sql
        return world.sync("traits_customers").definition

    monday = compiled("select * from orders where ordered_on <= cast('2024-05-20' as date)")
    tuesday = compiled("select * from orders where ordered_on <= cast('2024-05-21' as date)")
    wider = compiled("select * from orders where ordered_on < cast('2024-05-21' as date)")
    assert not definition_moved(monday, tuesday)
    assert definition_moved(tuesday, wider)
