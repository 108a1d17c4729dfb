from __future__ import annotations

from dataclasses import replace

import pytest

from sync.errors import ConfigError
from sync.model import Kind, Relation, Sync
from sync.project.graph import Graph, Node
from sync.project.selection import select


def sync(model, connection="customerio", kind=Kind.SEGMENT, folder="segments", tags=()):
    return Sync(
        name=f"{model}__{connection}",
        model=model,
        unique_id=f"model.shop.{model}",
        relation=Relation(None, "main", model),
        connection=connection,
        vendor=connection,
        kind=kind,
        identity="id",
        tags=frozenset(tags),
        path=f"models/{folder}/{model}.sql",
    )


SYNCS = [
    sync("seg_carts", tags=["realtime", "carts"]),
    sync("seg_carts", "launchdarkly", tags=["realtime"]),
    sync("seg_vip"),
    sync("traits_people", kind=Kind.TRAITS, folder="traits/people"),
    sync("events_orders", kind=Kind.EVENTS, folder="events", tags=["carts"]),
]
VERSIONS = [
    replace(sync("cust_v1", folder="crm"), unique_id="model.shop.cust.v1"),
    replace(sync("cust_v2", folder="crm"), unique_id="model.shop.cust.v2"),
    sync("cust_vip", folder="crm"),
]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("seg_vip", "2"),
        ("seg_carts", "01"),
        ("seg_*", "012"),
        ("seg_carts__customerio", "0"),
        ("*", "01234"),
        ("segments", "012"),
        ("shop.segments", "012"),
        ("shop.traits.people", "3"),
        ("traits.*", "3"),
        ("shop", "01234"),
        ("tag:realtime", "01"),
        ("tag:*", "014"),
        ("path:models/segments", "012"),
        ("path:models/segments/", "012"),
        ("path:models/traits", "3"),
        ("path:models/segments/seg_vip.sql", "2"),
        ("path:models/*/seg_c*.sql", "01"),
        ("path:models/s*", "012"),
        ("models/segments", "012"),
        ("models/segments/", "012"),
        ("models/segments/*", "012"),
        ("models/traits/people/traits_people.sql", "3"),
        ("seg_vip.sql", "2"),
        ("file:seg_vip.sql", "2"),
        ("file:seg_vip", "2"),
        ("package:shop", "01234"),
        ("fqn:segments.seg_carts", "01"),
        ("seg_carts.launchdarkly", "1"),
        ("destination:launchdarkly", "1"),
        ("destination:c*", "0234"),
        ("kind:events", "4"),
        ("seg_vip events_orders", "24"),
        ("tag:carts,kind:segment", "0"),
        ("tag:carts,kind:segment traits_people", "03"),
        ("seg_*,destination:customerio,tag:realtime", "0"),
    ],
)
def test_selectors_choose_as_in_dbt(given, expected):
    assert select(SYNCS, [given], []) == [SYNCS[int(i)] for i in expected]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("cust.v2", "1"),
        ("cust_v2", "1"),
        ("cust", "01"),
        ("cust.v*", "01"),
        ("cust_v*", "012"),
        ("crm.cust.v1", "0"),
        ("shop.crm.cust", "01"),
        ("shop.crm.cust.v2", "1"),
        ("crm", "012"),
        ("cust_v2__customerio", "1"),
    ],
)
def test_versions_of_a_model_are_selected_as_dbt_names_them(given, expected):
    assert select(VERSIONS, [given], []) == [VERSIONS[int(i)] for i in expected]


def test_a_version_that_there_is_not_offers_the_nearest():
    with pytest.raises(ConfigError) as e:
        select(VERSIONS, ["cust.v3"], [])
    assert "did you mean `cust.v" in str(e.value)


def test_a_name_that_was_cut_for_its_table_is_selected_as_it_was():
    name = "seg_high_value_cart_abandoners"
    long = replace(sync(name), name="seg_high_value_cart_abandoners_0a1b2c3d")
    assert select([*SYNCS, long], [f"{name}__customerio"]) == [long]
    assert select([*SYNCS, long], [long.name]) == [long]


def test_nothing_selected_means_all():
    assert select(SYNCS, [], []) == SYNCS


def test_several_options_add_up_and_keep_the_order():
    assert select(SYNCS, ["events_orders", "seg_vip"], []) == [SYNCS[2], SYNCS[4]]


def test_excluded_syncs_are_left_out():
    assert select(SYNCS, ["seg_*"], ["destination:launchdarkly"]) == [SYNCS[0], SYNCS[2]]
    assert select(SYNCS, [], ["tag:carts,kind:segment"]) == SYNCS[1:]


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ("seg_cart", "select-unknown", "did you mean `seg_carts`?"),
        ("tag:realtme", "select-unknown", "did you mean `realtime`?"),
        ("destination:launchdarky", "select-unknown", "did you mean `launchdarkly`?"),
        ("kind:segments", "select-unknown", "did you mean `segment`?"),
        ("path:models/segmets", "select-unknown", "did you mean `models/segments`?"),
        ("tags:realtime", "select-syntax", "did you mean `tag`?"),
        ("seg_vip,kind:events", "select-empty", "no sync matches all"),
        ("+seg_vp", "select-unknown", "did you mean `seg_vip`?"),
        ("@seg_vip+", "select-syntax", "use `@seg_vip`"),
        ("state:modified", "select-syntax", "dbt ls --resource-type model"),
        ("state:modified+", "select-syntax", "dbt ls --resource-type model"),
        ("source_status:fresher+", "select-syntax", "--select source_status:fresher+"),
        ("test_name:unique", "select-syntax", "select the models"),
        ("selector:nightly", "select-syntax", "--selector NAME"),
        ("models/segmets", "select-unknown", "did you mean `models/segments`?"),
        ("seg_vp.sql", "select-unknown", "did you mean `seg_vip.sql`?"),
        ("package:shp", "select-unknown", "did you mean `shop`?"),
        (",", "select-syntax", "selects by nothing"),
        ("Seg_vip", "select-unknown", "did you mean `seg_vip`?"),
    ],
)
@pytest.mark.parametrize("is_excluding", [False, True])
def test_what_matches_nothing_is_an_error_with_the_nearest_spelling(
    given, code, words, is_excluding
):
    with pytest.raises(ConfigError) as e:
        select(SYNCS, [] if is_excluding else [given], [given] if is_excluding else [])
    assert e.value.problems[0].code == code
    assert words in str(e.value)


def test_all_selectors_that_match_nothing_are_listed():
    with pytest.raises(ConfigError) as e:
        select(SYNCS, ["nope"], ["nada"])
    assert [p.where for p in e.value.problems] == ["--select", "--exclude"]


def node(name, *parents, kind="model", **more):
    return Node(f"{kind}.shop.{name}", kind, name, "shop", parents=parents, **more)


CRM = node("crm.people", kind="source", source="crm")
NODES = [
    replace(CRM, name="people"),
    node("stg_people", "source.shop.crm.people", fqn=("shop", "staging", "stg_people")),
    node("traits_people", "model.shop.stg_people", statuses=frozenset({"success"})),
    node("seg_vip", "model.shop.traits_people", config={"materialized": "table", "meta": {"a": 1}}),
    node("seg_carts", "seed.shop.carts", group="shop_team", statuses=frozenset({"error"})),
    node("carts", kind="seed"),
    node("events_orders", "model.shop.stg_orders"),
    node("stg_orders"),
    node("unused"),
    node("vips", "model.shop.seg_vip", kind="exposure"),
]
GRAPH = Graph(
    {one.unique_id: one for one in NODES},
    {
        "night": {"definition": {"method": "tag", "value": "carts"}},
        "more": {
            "definition": {
                "union": [
                    {"method": "fqn", "value": "seg_vip", "parents": True},
                    {"method": "tag", "value": "carts"},
                    {"exclude": [{"method": "fqn", "value": "seg_vip"}]},
                ]
            }
        },
        "both": {
            "definition": {
                "intersection": [
                    {"method": "tag", "value": "carts"},
                    {"method": "resource_type", "value": "model"},
                    {"method": "fqn", "value": "seg_*"},
                ]
            }
        },
        "none": {"definition": {"method": "tag", "value": "nobody"}},
        "moved": {"definition": {"method": "state", "value": "modified"}},
    },
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("+seg_vip", "23"),
        ("1+seg_vip", "23"),
        ("stg_people+", "23"),
        ("stg_people+1", "3"),
        ("seg_vip+", "2"),
        ("source:crm+", "23"),
        ("source:crm.people+", "23"),
        ("source:shop.crm.people+2", "3"),
        ("+exposure:vips", "23"),
        ("1+exposure:vips", "2"),
        ("@stg_people", "23"),
        ("carts+", "01"),
        ("staging+", "23"),
        ("resource_type:model", "01234"),
        ("config.materialized:table", "2"),
        ("config.meta.a:1", "2"),
        ("group:shop_team", "01"),
        ("result:error", "01"),
        ("result:error result:success", "013"),
        ("+seg_vip,kind:traits", "3"),
        ("seg_carts.launchdarkly+", "01"),
    ],
)
def test_the_graph_is_walked_as_dbt_walks_it(given, expected):
    assert select(SYNCS, [given], [], GRAPH) == [SYNCS[int(i)] for i in expected]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("source:crm", "use `source:crm+` for those that read it"),
        ("exposure:vips", "use `+exposure:vips` for those that it reads"),
        ("stg_orders", "use `stg_orders+`"),
        ("unused+", "none lies on this way"),
        ("stg_peple+", "did you mean `stg_people`?"),
        ("group:nobody", "matches no sync"),
    ],
)
def test_what_has_no_sync_says_how_to_reach_some(given, words):
    with pytest.raises(ConfigError) as e:
        select(SYNCS, [given], [], GRAPH)
    assert words in str(e.value)


@pytest.mark.parametrize(("name", "expected"), [("night", "04"), ("more", "034"), ("both", "0")])
def test_a_selector_of_dbt_selects(name, expected):
    assert select(SYNCS, [], [], GRAPH, name) == [SYNCS[int(i)] for i in expected]
    assert select(SYNCS, [], ["seg_carts"], GRAPH, name) == [
        SYNCS[int(i)] for i in expected if i != "0"
    ]


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("nigth", [], "did you mean `night`?"),
        ("none", [], "the selector `none` matches no sync"),
        ("moved", [], "dbt ls --resource-type model"),
        ("night", ["seg_vip"], "both say what is selected"),
    ],
)
def test_a_selector_that_selects_nothing_says_why(name, given, words):
    with pytest.raises(ConfigError) as e:
        select(SYNCS, given, [], GRAPH, name)
    assert words in str(e.value)
