from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import pytest

from sync.data_types import wire
from sync.project.defaults import fits
from sync.project.pii import looks_personal
from sync.warehouse.reading import reader


def test_a_sound_project_has_no_problems(world):
    assert world.check() == []


def test_an_unknown_key_is_named_with_its_file_and_nearest_spelling(world):
    world.meta("seg_carts")["ownr"] = "x"
    problem = world.only_problem()
    assert problem.code == "meta-unknown-key"
    assert "model seg_carts has no key `ownr`" in problem.message
    assert problem.where == "models/models.yml, config.meta.activation.ownr"
    assert "did you mean `owner`?" in problem.hint


def test_an_unknown_key_of_an_entry_lists_common_and_vendor_keys(world):
    world.entry("seg_carts")["on_entr"] = {"event": "x"}
    problem = world.only_problem()
    assert problem.where == "models/models.yml, config.meta.activation.destinations[0].on_entr"
    assert "did you mean `on_enter`?" in problem.hint
    assert "identify_by" in problem.hint
    assert "update_only" in problem.hint


def test_an_unknown_key_inside_a_vendors_key_is_found(world):
    world.entry("seg_carts")["on_enter"] = {"event": "x", "evnt": "y"}
    problem = world.only_problem()
    assert problem.where.endswith("destinations[0].on_enter.evnt")
    assert "did you mean `event`?" in problem.hint


def test_everything_is_listed_at_once(world):
    meta = world.meta("seg_carts")
    meta.update(sla="soon", nulls="skp", version="2", reason="because", ownr="x")
    world.entry("seg_carts")["on_remove"] = "delete"
    world.entry("seg_carts")["traits"] = {"cart": "cart_valu"}
    world.model("seg_carts")["config"]["contract"]["enforced"] = False
    world.column("seg_carts", "intent")["data_type"] = None
    world.meta("traits_customers")["destinations"] = ["maler"]
    assert sorted(world.codes()) == sorted(
        [
            "meta-unknown-key",
            "meta-wrong-value",
            "meta-wrong-value",
            "meta-wrong-value",
            "meta-wrong-value",
            "column-unknown",
            "column-unknown",
            "contract-missing",
            "column-untyped",
            "connection-unknown",
        ]
    )


def test_a_wrong_value_lists_the_valid_ones(world):
    world.meta("seg_carts")["kind"] = "segmnt"
    problem = world.only_problem()
    assert "did you mean `segment`?" in problem.hint
    assert "cohort" in problem.hint


def test_a_missing_identity_is_a_problem(world):
    del world.meta("seg_carts")["identity"]
    assert "lacks `identity`" in world.only_problem().message


@pytest.mark.parametrize(
    ("guard", "told"),
    [
        (
            {"max_removes": "140%"},
            "`guard.max_removes` must be a whole number or a share such as `50%`",
        ),
        ({"max_adds": -1}, "max_adds"),
        ({"max_add": 5}, "did you mean `max_adds`?"),
        ({"max_changes": "many"}, "max_changes"),
        (5, "guard"),
    ],
)
def test_a_bound_that_is_no_number_and_no_share_is_refused(world, guard, told):
    world.meta("seg_carts")["guard"] = guard
    problem = world.only_problem()
    assert told in f"{problem.message} {problem.hint}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("identity", "customer"),
        ("reason", "because"),
        ("tier", "intnt"),
        ("ignore_changes", ["cart"]),
    ],
)
def test_a_named_column_must_be_declared(world, key, value):
    world.meta("seg_carts")[key] = value
    problem = world.only_problem()
    assert problem.code == "column-unknown"
    assert f"config.meta.activation.{key}" in problem.where


def test_a_column_of_an_entry_must_be_declared(world):
    world.entry("seg_carts")["traits"] = {"value": "cart_vale"}
    world.entry("seg_carts")["identify_by"] = {"email": "emial"}
    problems = world.check()
    assert [p.code for p in problems] == ["column-unknown", "column-unknown"]
    assert "did you mean `cart_value`?" in problems[0].hint
    assert problems[1].where.endswith("destinations[0].identify_by.email")


def test_a_column_kept_at_home_can_not_be_a_trait(world):
    world.entry("seg_carts")["traits"] = ["internal_note"]
    assert world.only_problem().code == "column-never-sent"


def test_a_personal_sounding_column_must_say_whether_it_is(world):
    world.add_column("traits_customers", "billing_email", "varchar")
    problem = world.only_problem()
    assert problem.code == "pii-unmarked"
    assert problem.where == ("models/models.yml, columns.billing_email.config.meta.activation.pii")
    world.add_column("traits_customers", "billing_email", "varchar", pii=False)
    assert world.check() == []


@pytest.mark.parametrize(
    ("name", "data_type"),
    [
        ("email", "varchar"),
        ("contactEmail", "text"),
        ("e_mail", "varchar"),
        ("phone_number", "bigint"),
        ("first_name", "varchar"),
        ("name", "varchar"),
        ("address_line_1", "varchar"),
        ("email_normalized", "varchar"),
        ("date_of_birth", "date"),
    ],
)
def test_personal_names_are_recognised(name, data_type):
    assert looks_personal(name, data_type)


@pytest.mark.parametrize(
    ("name", "data_type"),
    [
        ("email_opens_30d", "integer"),
        ("has_phone", "varchar"),
        ("phone", "boolean"),
        ("product_name", "varchar"),
        ("plan", "varchar"),
        ("email_subject", "varchar"),
    ],
)
def test_harmless_names_are_left_alone(name, data_type):
    assert not looks_personal(name, data_type)


def test_an_unknown_connection_offers_the_nearest(world):
    world.meta("seg_carts")["destinations"][0]["name"] = "maler"
    problem = world.only_problem()
    assert problem.code == "connection-unknown"
    assert "did you mean `mailer`?" in problem.hint


def test_a_connection_of_an_unknown_vendor_is_named(world):
    assert set(world.codes(mailer="malier")) == {"vendor-unknown"}


def test_a_kind_that_the_vendor_does_not_take_is_refused(world):
    meta = world.meta("traits_customers")
    meta.update(kind="objects", object_type=1)
    assert world.only_problem().code == "kind-unsupported"


def test_two_models_may_not_write_one_trait_of_one_destination(world):
    world.add_column("seg_carts", "Orders", "integer")
    problem = world.only_problem()
    assert problem.code == "trait-claimed"
    assert "already written by model seg_carts" in problem.message
    assert "differs only in letter case" in problem.message


def test_two_versions_of_a_model_are_told_how_one_of_them_is_sent(world):
    nodes = world.manifest["nodes"]
    first = nodes.pop("model.shop.traits_customers")
    for version in (1, 2):
        name = f"model.shop.traits_customers.v{version}"
        nodes[name] = json.loads(json.dumps({**first, "unique_id": name, "version": version}))
    problems = world.check()
    assert {problem.code for problem in problems} == {"trait-claimed"}
    assert all("under `versions`" in problem.fix for problem in problems)
    for key in ("config", "meta"):
        nodes["model.shop.traits_customers.v1"].get(key, {}).pop("meta", None)
    nodes["model.shop.traits_customers.v1"]["meta"] = {}
    assert world.check() == []


def test_a_segments_name_is_a_claim_too(world):
    world.add_column("traits_customers", "cart_abandoners", "boolean")
    problem = world.only_problem()
    assert problem.code == "trait-claimed"
    assert "`cart_abandoners`" in problem.message


def test_events_claim_no_traits(world):
    world.add_column("events_orders", "orders", "integer")
    assert world.check() == []


def test_the_same_trait_may_go_to_two_destinations(world):
    world.meta("traits_customers")["destinations"] = ["mailer", "crm"]
    assert world.codes(mailer="mailer", crm="mailer") == []


def test_traits_that_differ_only_in_case_are_refused(world):
    world.entry("traits_customers")["traits"] = {"Orders": "orders", "orders": "orders"}
    assert world.only_problem().code == "trait-case"


def test_what_the_vendor_refuses_gets_its_place(world):
    world.entry("traits_customers")["traits"] = {"reserved": "orders"}
    problem = world.only_problem()
    assert problem.code == "mailer-reserved"
    assert problem.where == "models/models.yml, config.meta.activation.destinations[0]"


def test_a_vendor_that_fails_to_check_one_model_is_one_problem_with_file_and_line(world):
    world.entry("traits_customers")["traits"] = {"fatal": "orders"}
    problem = world.only_problem()
    assert problem.code == "unexpected"
    assert "KeyError ended the check of traits_customers" in problem.message
    assert "conftest.py:" in problem.where
    assert "canary" not in str(problem)


@pytest.mark.parametrize("data_type", ["float", "double", "double precision", "float8", "real"])
def test_a_float_can_not_be_an_identity(world, data_type):
    world.column("traits_customers", "customer_id")["data_type"] = data_type
    assert world.only_problem().code == "identity-float"


@pytest.mark.parametrize(
    "data_type", ["varchar[]", "json", "jsonb", "struct(a integer)", "map(date, date)", "bytea"]
)
def test_what_is_no_plain_value_can_not_be_a_key_of_any_sort(world, data_type):
    world.column("traits_customers", "customer_id")["data_type"] = data_type
    world.add_column("seg_carts", "address", data_type, pii=False)
    world.entry("seg_carts")["identify_by"] = {"email": "address"}
    world.column("events_orders", "order_id")["data_type"] = data_type
    problems = [p for p in world.check() if p.code == "identity-nested"]
    keys = {p.message.split(" column")[0].split("the ")[-1] for p in problems}
    assert keys == {"identity", "identify_by", "event_id"}


def test_one_connection_takes_one_entry(world):
    world.meta("traits_customers")["destinations"] = ["mailer", {"name": "mailer"}]
    assert world.codes() == ["entry-duplicate"]


@pytest.mark.parametrize("key", ["event", "event_id", "occurred_at"])
def test_events_need_their_keys(world, key):
    del world.meta("events_orders")[key]
    problem = world.only_problem()
    assert problem.code == "meta-missing-key"
    assert f"`{key}`" in problem.message


def test_objects_need_their_type(world):
    world.meta("traits_customers")["kind"] = "objects"
    assert "meta-missing-key" in world.codes()


def test_a_key_of_another_kind_is_refused(world):
    world.meta("traits_customers")["event_id"] = "orders"
    assert world.only_problem().code == "kind-key"


def test_a_consulted_kind_takes_no_destinations(world):
    world.meta("traits_customers")["kind"] = "cohort"
    assert world.only_problem().code == "never-sent"


def test_forgotten_destinations_are_a_problem_and_none_are_a_choice(world):
    del world.meta("traits_customers")["destinations"]
    assert world.only_problem().code == "meta-missing-key"
    world.meta("traits_customers")["destinations"] = []
    assert world.check() == []


def test_a_default_must_fit_its_column(world):
    world.column("traits_customers", "orders")["config"]["meta"] = {"activation": {"default": "no"}}
    problem = world.only_problem()
    assert problem.code == "default-type"
    assert "must be a whole number" in problem.message


@pytest.mark.parametrize(
    ("data_type", "good", "bad"),
    [
        ("BOOLEAN", [True, False], [0, "false"]),
        ("int64", [0, -3], [True, 1.5, "1"]),
        ("decimal(18, 2)", [0, 1.5], [True, "1", float("nan"), 0.125]),
        ("character varying(20)", ["", "x"], [1, True]),
        ("timestamp with time zone", ["2026-01-01T00:00:00+00:00"], ["yesterday", 5]),
        ("date", ["2026-01-01"], ["1/1/26", "2026-01-01T10:00"]),
        ("struct(a int)", ['{"a": 1}', "null"], [1, "x", True]),
        ("varchar[]", ["[]", '["a"]'], ["none", "{}", 1, "[1]"]),
        ("jsonb", ["{}", "1"], ["none", 1]),
        ("tinyint", [-128, 127], [128, 1000]),
        ("UTINYINT", [0, 255], [-1, 256]),
        ("smallint", [32767], [32768]),
        ("decimal(4, 2)", [99.99, -99], [100]),
        ("real", [1e30], [1e39]),
        ("varchar(3)", ["abc"], ["abcd"]),
        ("timestamp", ["2026-01-01", "2026-01-01T10:00"], ["10:00", "20260-01-01"]),
        ("timestamp", [], ["0001-01-01T00:00+02:00", "2026-01-01T00:00:00.0000001"]),
        ("time", ["10:00"], ["2026-01-01", "10:00+02:00"]),
        ("time with time zone", ["10:00+02:00", "10:00"], []),
        ("INTERVAL", [90, 1.5], ["10:00", True]),
        ("public.mood", ["calm", 1], ["\0", "\ud83d"]),
        ("date", ["2024-02-29"], ["20240229", "2024-W01-1", "2023-02-29", "infinity"]),
        ("time", ["10:00:00.5"], ["10", "1000", "T10:00", "10:00:00.1234567", "25:00:00"]),
        ("varchar", ["\U0001f600"], ["\ud83d", "a\0b"]),
        (
            "uuid",
            ["550e8400-e29b-41d4-a716-446655440000"],
            ["none", "550E8400e29b41d4a716446655440000"],
        ),
        ("enum('a', 'b')", ["a"], ["c", "A", 1]),
        ("inet", ["10.0.0.1", "10.0.0.1/8", "::1/128"], ["nope", "10.0.0.1/33", 5]),
        ("money", [0.25, 1000], [0.125]),
        ("jsonb", ['{"a": [1]}'], ['{"a": NaN}', "[Infinity]"]),
        ("date[]", ['["2024-01-01", null]'], ['["20240101"]']),
        ("map(integer, varchar)", ['{"1": "a"}'], ['{"x": "a"}', '{"1.5": "a"}', '{"1": 2}']),
        ("map(date, integer)", ['{"2024-01-01": 1}'], ['{"infinity": 1}', '{"1": 1}']),
    ],
)
def test_defaults_are_judged_by_the_columns_type(data_type, good, bad):
    of = wire(data_type)
    assert [value for value in good if not fits(value, of)] == []
    assert [value for value in bad if fits(value, of)] == []


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
@pytest.mark.parametrize(
    ("data_type", "value", "sent"),
    [
        ("interval", 90, 90.0),
        ("timestamp", "2024-01-01T00:00:00+02:00", datetime(2023, 12, 31, 22)),
        ("timestamp with time zone", "2024-01-01", datetime(2024, 1, 1)),
        ("date", "2024-01-01", date(2024, 1, 1)),
        ("decimal(10,2)", 1.5, Decimal("1.5")),
        ("real", 0.1, 0.1),
        ("double precision", 1, 1.0),
        ("boolean", True, True),
        ("char(3)", "ab", "ab"),
        ("time", "10:00", "10:00"),
    ],
)
def test_a_default_in_a_list_that_is_taken_can_be_sent(dialect, data_type, value, sent):
    of = wire(f"{data_type}[]", dialect)
    text = json.dumps([value, None])
    assert fits(text, of)
    assert reader(of)(text) == [sent, None] if reader(of) else json.loads(text) == [sent, None]


def test_an_ephemeral_model_can_not_be_synced(world):
    node = world.model("traits_customers")
    node["config"]["materialized"], node["relation_name"] = "ephemeral", None
    assert world.only_problem().code == "model-ephemeral"


@pytest.mark.parametrize("written", ["segment", ["segment"], 3])
def test_metadata_must_be_a_mapping(world, written):
    world.model("seg_carts")["config"]["meta"]["activation"] = written
    world.model("seg_carts")["meta"] = {}
    assert world.only_problem().code == "meta-wrong-value"


def test_metadata_under_a_misspelt_key_is_noticed(world):
    node = world.model("seg_carts")
    node["config"]["meta"] = node["meta"] = {"activations": node["config"]["meta"]["activation"]}
    assert world.only_problem().code == "meta-misplaced"


def test_metadata_directly_under_config_is_noticed(world):
    world.model("stg_plain")["config"]["activation"] = {"kind": "traits"}
    assert world.only_problem().code == "meta-misplaced"


def test_metadata_on_a_seed_is_noticed(world):
    world.manifest["nodes"]["seed.shop.s"] = {
        "resource_type": "seed",
        "original_file_path": "seeds/s.csv",
        "config": {"meta": {"activation": {"kind": "traits"}}},
    }
    assert world.only_problem().code == "meta-misplaced"


def test_a_wrong_column_key_names_the_column(world):
    world.column("seg_carts", "email")["config"]["meta"]["activation"] = {"pii": "yes"}
    world.column("seg_carts", "email")["meta"] = {}
    problem = world.only_problem()
    assert problem.where == "models/models.yml, columns.email.config.meta.activation.pii"
    assert "true or false" in problem.message


def test_what_checks_find_says_how_to_mend_it(world):
    world.meta("seg_carts").update(kind="sgment", sla="x", ownr=1)
    assert all(p.fix and p.where and p.message for p in world.check())


def test_thousands_of_models_are_checked(world):
    node = json.dumps(world.model("traits_customers"))
    for i in range(2000):
        copy = json.loads(
            node.replace("traits_customers", f"traits_{i}").replace("orders", f"o{i}")
        )
        world.manifest["nodes"][f"model.shop.traits_{i}"] = copy
    assert world.check() == []


@pytest.mark.parametrize("written", [None, 1, "x", [], {}, {"name": None}, {"name": ["x"]}])
def test_no_shape_of_an_entry_is_a_crash(world, written):
    world.meta("traits_customers")["destinations"] = [written]
    for problem in world.check():
        assert str(problem)
