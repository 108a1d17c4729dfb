from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.model import Kind
from sync.project.artifacts import Column, Manifest, Model
from sync.project.check import check_project
from sync.project.metadata import ColumnMetadata, EntryMetadata, MetaKind, ModelMetadata
from sync.project.metadata_reader import read_model

WORDS = ["a", "b", "missing", "mailer", "", " ", "segment", "send", "unset", "15 minutes"]
scalars = st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.sampled_from(WORDS)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*EntryMetadata.model_fields, "column", "event", "odd"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
metadata = st.dictionaries(
    st.sampled_from([*ModelMetadata.model_fields, "odd"]), values, max_size=8
).map(lambda written: {"kind": "segment", "identity": "a", **written})
columns = st.dictionaries(
    st.sampled_from([*ColumnMetadata.model_fields, "odd"]), scalars, max_size=3
)


def a_model(activation, column=None):
    return Model(
        unique_id="model.shop.m",
        name="m",
        package="shop",
        database=None,
        schema="main",
        alias="m",
        relation_name="main.m",
        materialized="table",
        path="models/m.sql",
        yaml_path="models/m.yml",
        activation=activation,
        columns={"a": Column("a", "varchar", column), "b": Column("b", "integer")},
        is_contract_enforced=True,
    )


def problems_of(model, registry):
    manifest = Manifest(None, "shop", "duckdb", "", None, {model.unique_id: model})
    return check_project(manifest, {"mailer": "mailer"}, registry)


class AnyVendor:
    class Any_:
        name = "any"
        kinds = frozenset(Kind)
        settings = options = EntryMetadata
        coalesces = False
        names_records = False
        normal_forms = {}  # noqa: RUF012 - only read

        @staticmethod
        def validate(sync):
            return []

        @staticmethod
        def ignores_unknown(sync):
            return False

    def names(self):
        return ["mailer"]

    def load(self, name):
        return self.Any_


@given(metadata | values, columns | values)
def test_no_metadata_is_a_crash_and_every_complaint_is_complete(written, column):
    for problem in problems_of(a_model(written, column), AnyVendor()):
        assert problem.code
        assert problem.message.startswith("model m")
        assert problem.where.startswith("models/m.yml, ")
        assert problem.fix


@given(metadata)
def test_metadata_without_a_complaint_is_read_as_it_is_written(written):
    activated, problems = read_model(a_model(written))
    if not problems:
        assert activated is not None
        assert activated.meta.kind is MetaKind(written["kind"])
        assert activated.meta.identity == written["identity"]


def test_a_key_without_a_value_is_not_given():
    activated, problems = read_model(
        a_model({"kind": "traits", "identity": "a", "destinations": ["mailer"], "cap": None})
    )
    assert problems == []
    assert activated.meta.cap is None


def test_a_wrong_part_does_not_hide_what_else_is_wrong():
    activated, problems = read_model(
        a_model(
            {
                "kind": "events",
                "identity": "a",
                "nulls": "never",
                "destinations": [{"traits": "a"}, {"name": "mailer", "on_drop": 1, "after": 5}],
            }
        )
    )
    assert activated is not None
    assert [p.where.removeprefix("models/m.yml, config.meta.activation.") for p in problems] == [
        "nulls",
        "destinations[0].name",
        "destinations[0].traits",
        "destinations[1].on_drop",
        "destinations[1].after",
        "event",
        "event_id",
        "occurred_at",
    ]
