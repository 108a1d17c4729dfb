"""Selections by dbt's own files: the graph and the selectors of the manifest, the last results."""

from __future__ import annotations

import pytest

from tests.app import App

TRAITS, SEGMENT = "traits_people__customerio", "seg_trials__customerio"


@pytest.fixture
def drawn(app: App) -> App:
    """A source, and an exposure of one of the models; a test of the other has failed."""
    nodes = app.manifest["nodes"]
    nodes["model.app.traits_people"]["depends_on"] = {"nodes": ["source.app.crm.people"]}
    nodes["test.app.unique"] = {
        "resource_type": "test",
        "name": "unique",
        "config": {"severity": "warn"},
        "depends_on": {"nodes": ["model.app.seg_trials"]},
    }
    app.manifest["sources"] = {
        "source.app.crm.people": {
            "resource_type": "source",
            "name": "people",
            "source_name": "crm",
            "package_name": "app",
        }
    }
    app.manifest["exposures"] = {
        "exposure.app.board": {"name": "board", "depends_on": {"nodes": ["model.app.seg_trials"]}}
    }
    app.manifest["selectors"] = {
        "from_crm": {"definition": {"method": "source", "value": "crm", "children": True}}
    }
    app.results["results"].append({"unique_id": "test.app.unique", "status": "warn"})
    app.write()
    return app


@pytest.mark.parametrize(
    ("given", "selected"),
    [
        (["--select", "source:crm+"], [TRAITS]),
        (["--select", "+exposure:board"], [SEGMENT]),
        (["--select", "result:warn"], [SEGMENT]),
        (["--select", "result:success"], [SEGMENT, TRAITS]),
        (["--select", "config.materialized:table", "--exclude", "source:crm+"], [SEGMENT]),
        (["--selector", "from_crm"], [TRAITS]),
    ],
)
def test_dbts_files_select(drawn: App, given: list[str], selected: list[str]) -> None:
    told = drawn.run("ls", "--output", "name", *given)
    assert told.exit_code == 0, told.err
    assert sorted(told.out.split()) == sorted(selected)


def test_what_is_typed_next_repeats_the_selector(drawn: App) -> None:
    assert "apply --selector from_crm" in drawn.run("plan", "--selector", "from_crm").out


def test_what_only_dbt_can_answer_says_what_to_write(drawn: App) -> None:
    told = drawn.run("plan", "--select", "state:modified+")
    assert told.exit_code == 2
    assert "$(dbt ls --resource-type model --output name --state FOLDER --select" in told.err
