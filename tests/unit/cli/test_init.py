"""`init` on files: what it writes, what it leaves alone, and what it asks."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.app import PROGRAM, App, environment

NO_DESTINATIONS = """# my own words
app: {target: dev, outputs: {dev: {type: duckdb, path: app.duckdb}}}
"""
FLAGS = ("--kind", "segment", "--identity", "person_id")


@pytest.fixture
def bare(app: App) -> App:
    """A model without any YAML in a project, and a profile, without destinations."""
    model = json.loads(json.dumps(app.manifest["nodes"]["model.app.seg_trials"]))
    config = {**model["config"], "meta": {}, "contract": {"enforced": False}}
    model |= {
        **{"name": "contacts", "alias": "contacts", "relation_name": '"app"."main"."contacts"'},
        **{"original_file_path": "models/crm/contacts.sql", "patch_path": None},
        **{"config": config, "columns": {}},
    }
    app.manifest["nodes"] = {"model.app.contacts": model}
    app.write()
    (app.dir / "models" / "crm").mkdir(parents=True)
    (app.dir / "profiles.yml").write_text(NO_DESTINATIONS)
    app.sql('create table contacts (person_id varchar, email varchar, seen timestamp, "Of It" int)')
    return app


def yaml_of(app: App) -> Path:
    return app.dir / "models" / "crm" / "contacts.yml"


def described(app: App, columns: dict[str, Any], **config: Any) -> None:
    """Make dbt know a YAML file of the model."""
    (app.dir / "models" / "crm" / "all.yml").write_text("models: [{name: contacts}]  # mine\n")
    model = app.manifest["nodes"]["model.app.contacts"]
    model |= {"patch_path": "app://models/crm/all.yml", "columns": columns}
    model["config"] |= config
    app.write()


def test_a_model_without_yaml_gets_it_and_profiles_a_block_at_its_end(bare: App) -> None:
    told = bare.run("init", "contacts", *FLAGS, "--destination", "customerio")
    assert told.exit_code == 0, told.err
    ((model,),) = yaml.safe_load(yaml_of(bare).read_text()).values()
    assert model["config"] == {
        "contract": {"enforced": True},
        "meta": {
            "activation": {
                **{"kind": "segment", "identity": "person_id"},
                "destinations": [{"name": "customerio"}],
            }
        },
    }
    assert [(c["name"], c["data_type"]) for c in model["columns"]] == [
        *[
            ("person_id", "varchar"),
            ("email", "varchar"),
            ("seen", "timestamp"),
            ("Of It", "integer"),
        ]
    ]
    by_name = {c.pop("name"): c for c in model["columns"]}
    assert by_name["person_id"]["data_tests"] == ["unique", "not_null"]
    assert by_name["email"]["config"] == {"meta": {"activation": {"pii": True}}}
    assert by_name["Of It"]["quote"] is True

    profiles = (bare.dir / "profiles.yml").read_text()
    assert profiles.startswith(NO_DESTINATIONS)
    assert yaml.safe_load(profiles)["destinations"] == {
        "dev": {
            "customerio": {
                name: f"{{{{ env_var('CUSTOMERIO_{name.upper()}') }}}}"
                for name in ("region", "site_id", "api_key")
            }
        }
    }
    for name in ("models/crm/contacts.yml", "profiles.yml"):
        assert f"Wrote {name}\n" in told.out
    assert "CUSTOMERIO_REGION, CUSTOMERIO_SITE_ID, CUSTOMERIO_API_KEY\n" in told.out
    assert "not sent unless `traits` names it: email\n" in told.out


def test_printing_writes_nothing(bare: App) -> None:
    told = bare.run("init", "contacts", *FLAGS, "--destination", "webhook", "--sandbox", "--print")
    assert "    - name: contacts\n" in told.out
    assert "sandbox: \"{{ env_var('SANDBOX_URL', 'true') }}\"\n" in told.out
    assert "Wrote" not in told.out
    assert not yaml_of(bare).exists()
    assert (bare.dir / "profiles.yml").read_text() == NO_DESTINATIONS


@pytest.mark.parametrize("is_known_to_dbt", [True, False])
def test_yaml_that_describes_the_model_is_left_as_it_is(bare: App, is_known_to_dbt: bool) -> None:
    described(bare, {"person_id": {"name": "person_id", "data_type": "varchar"}})
    if not is_known_to_dbt:
        bare.manifest["nodes"]["model.app.contacts"] |= {"patch_path": None, "columns": {}}
        bare.write()
    told = bare.run("init", "contacts", *FLAGS, "--destination", "customerio", "--log-format=json")
    model, profiles = told.json["files"]
    assert (model["path"], model["is_written"]) == ("models/crm/all.yml", False)
    assert model["place"] == "the entry of model contacts under `models`"
    names = [column["name"] for column in yaml.safe_load(model["text"])[0]["columns"]]
    assert names == (["person_id"] * (not is_known_to_dbt) + ["email", "seen", "Of It"])
    assert profiles["is_written"] is True
    own = (bare.dir / "models" / "crm" / "all.yml").read_text()
    assert own == "models: [{name: contacts}]  # mine\n"
    assert not yaml_of(bare).exists()


def test_only_what_a_model_lacks_is_to_be_added(bare: App) -> None:
    typed = {"person_id": "varchar", "email": "varchar", "seen": "timestamp", "Of It": "integer"}
    columns = {name: {"name": name, "data_type": of} for name, of in typed.items()}
    columns["email"]["config"] = {"meta": {"activation": {"pii": False}}}
    activation = {"kind": "traits", "identity": "person_id", "destinations": ["customerio"]}
    described(bare, columns, contract={"enforced": True}, meta={"activation": activation})
    told = bare.run("init", "contacts", "--destination", "fullstory", "--log-format=json")
    (entry,) = yaml.safe_load(told.json["files"][0]["text"])
    meta = {"activation": {"destinations": [{"name": "fullstory"}]}}
    assert entry == {"name": "contacts", "config": {"meta": meta}}

    again = bare.run("init", "contacts", "--destination", "customerio")
    assert again.exit_code == 2
    assert "model contacts goes to customerio already" in again.err


@pytest.mark.parametrize(
    ("profiles", "block"),
    [
        (NO_DESTINATIONS + "destinations: {prod: {}}\n", ("dev",)),
        (NO_DESTINATIONS + "other: {outputs: {dev: {type: duckdb}}}\n", ("app", "dev")),
        (json.dumps(yaml.safe_load(NO_DESTINATIONS)), ("dev",)),
    ],
)
def test_a_block_is_appended_only_where_that_is_safe(
    bare: App, profiles: str, block: tuple[str, ...]
) -> None:
    path = bare.dir / "profiles.yml"
    path.write_text(profiles)
    told = bare.run("init", "contacts", *FLAGS, "--destination", "customerio", "--log-format=json")
    piece = told.json["files"][1]
    is_safe = "other" in profiles
    assert piece["is_written"] is is_safe
    assert path.read_text() == profiles + (piece["text"] if is_safe else "")
    found = yaml.safe_load(piece["text"])["destinations"]
    for key in block:
        found = found[key]
    assert list(found) == ["customerio"]


def test_a_connection_that_is_there_is_used_and_another_name_needs_its_vendor(bare: App) -> None:
    profiles = bare.dir / "profiles.yml"
    told = bare.run("init", "contacts", *FLAGS, "--destination", "crm")
    assert "there is no destination `crm`" in told.err
    assert "--vendor" in told.err
    bare.run("init", "contacts", *FLAGS, "--destination", "crm", "--vendor", "customerio")
    written = profiles.read_text()
    connection = yaml.safe_load(written)["destinations"]["dev"]["crm"]
    assert connection["type"] == "customerio"
    assert connection["api_key"] == "{{ env_var('CRM_API_KEY') }}"
    yaml_of(bare).unlink()
    assert bare.run("init", "contacts", *FLAGS, "--destination", "crm").exit_code == 0
    assert profiles.read_text() == written


def test_everything_that_is_wrong_or_missing_is_said_at_once(bare: App) -> None:
    told = bare.run("init", "contacts", "--kind", "events", "--event-id", "emial")
    assert told.exit_code == 2
    for words in ("no identity is named", "kind events needs `event`", "needs `occurred_at`"):
        assert words in told.err
    assert "no column `emial`" in told.err
    assert "did you mean `email`?" in told.err
    assert "no destination is named" in told.err
    assert "did you mean `contacts`?" in bare.run("init", "contcts", *FLAGS).err
    assert "models: contacts" in bare.run("init").err


def test_what_only_the_user_can_decide_is_said(bare: App) -> None:
    given = ("--kind", "traits", "--identity", "person_id", "--destination", "launchdarkly")
    told = bare.run("init", "contacts", *given, "--json")
    (finding,) = told.json["findings"]
    assert finding["code"] == "launchdarkly-mapping"
    assert "identify: true" in finding["fix"]
    assert (
        bare.run("init", "contacts", *FLAGS, "--destination", "webhook", "--json").json["findings"]
        == []
    )


def test_a_model_that_is_not_built_says_how(bare: App) -> None:
    bare.sql("drop table contacts")
    told = bare.run("init", "contacts", *FLAGS, "--destination", "customerio")
    assert "fix: run: dbt build --select contacts" in told.err


def test_a_kind_that_the_vendor_does_not_take_is_refused(bare: App) -> None:
    given = ("--kind", "objects", "--identity", "person_id", "--object-type", "1")
    told = bare.run("init", "contacts", *given, "--destination", "fullstory")
    assert "fullstory does not take kind objects" in told.err
    assert not yaml_of(bare).exists()


@pytest.mark.parametrize("is_meant", [True, False])
def test_on_a_terminal_it_asks_and_shows_before_it_writes(bare: App, is_meant: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "init"],
        cwd=bare.dir,
        env=environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    os.close(theirs)
    answers = ["contcts", "1", "", "", "customerio", "y", "y" if is_meant else "n"]
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    told = out.decode()
    assert "did you mean `contacts`?" in told
    assert "models/crm/contacts.yml:" in told
    assert process.returncode == (0 if is_meant else 2), told
    assert yaml_of(bare).exists() is is_meant
    assert ("SANDBOX_URL" in (bare.dir / "profiles.yml").read_text()) is is_meant
    if is_meant:
        activation = yaml.safe_load(yaml_of(bare).read_text())["models"][0]["config"]["meta"]
        assert activation["activation"]["kind"] == "traits"
        assert activation["activation"]["identity"] == "person_id"
