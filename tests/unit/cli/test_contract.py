"""`contract` and `exposures`: files that are committed, and compared."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.app import App

PAGE, DATA = Path("docs/activation-contract.md"), Path("docs/activation-contract.json")
EXPOSURES = Path("models/activation_exposures.yml")


@pytest.fixture
def shop(app: App) -> App:
    """The app, with all that a contract tells."""
    people, seats = app.manifest["nodes"]["model.app.traits_people"], {"type": "not_null"}
    people["description"] = "Everybody\nwe know."
    people["columns"]["plan"] |= {"description": "What they pay for", "constraints": []}
    people["columns"]["logins"]["constraints"] = [
        seats,
        {"type": "check", "expression": "logins >= 0"},
    ]
    people["columns"]["logins"]["config"] = {
        "meta": {"activation": {"default": 0, "why": "nobody has none"}}
    }
    people["constraints"] = [{"type": "primary_key", "columns": ["person_id"]}]
    app.activation("traits_people").update(owner="growth@example.com", purpose="Know them.")
    app.activation("seg_trials")["version"] = 3
    app.manifest["nodes"] |= {
        "test.app.t1": accepted("plan", ["free", "pro", "team"]),
        "test.app.t2": accepted("plan", ["team", "pro"]),
        "test.app.t3": accepted("logins", [1], where="plan = 'pro'"),
        "test.app.t4": promise("logins", "accepted_range", min_value=0, max_value=99),
        "test.app.t5": promise("plan", "not_null") | {"config": {"severity": "WARN"}},
        "model.app.report": {
            **{k: v for k, v in people.items() if k != "config"},
            "name": "report",
            "config": {"enabled": True},
            "depends_on": {"nodes": ["model.app.traits_people"]},
        },
    }
    app.manifest["exposures"] = {
        "exposure.app.board": {
            "name": "board",
            "original_file_path": "models/boards.yml",
            "depends_on": {"nodes": ["model.app.seg_trials"]},
        }
    }
    for name in ("traits_people", "seg_trials"):
        (app.dir / "models").mkdir(exist_ok=True)
        (app.dir / "models" / f"{name}.sql").write_text("select 1")
    app.write()
    return app


def promise(column: str, name: str, where: str | None = None, **arguments: Any) -> dict[str, Any]:
    """A generic test as the manifest has it."""
    return {
        "resource_type": "test",
        "name": f"{name}_{column}",
        "attached_node": "model.app.traits_people",
        "column_name": column,
        "test_metadata": {"name": name, "kwargs": {"column_name": column, **arguments}},
        "config": {"severity": "error", "where": where},
        "depends_on": {"nodes": ["model.app.traits_people"]},
    }


def accepted(column: str, values: list[Any], where: str | None = None) -> dict[str, Any]:
    return promise(column, "accepted_values", where, values=values)


def column(shop: App, model: str, name: str) -> dict[str, Any]:
    models = {m["model"]: m for m in json.loads((shop.dir / DATA).read_text())["models"]}
    found: dict[str, Any] = {c["column"]: c for c in models[model]["columns"]}[name]
    return found


def test_the_contract_says_of_each_column_what_it_is_and_where_it_goes(shop: App) -> None:
    assert shop.run("contract").exit_code == 0
    assert column(shop, "traits_people", "plan") == {
        "column": "plan",
        "type": "varchar",
        "description": "What they pay for",
        "why": None,
        "roles": [],
        "keys": {},
        "sent": {"customerio": ["plan"]},
        "allowed_values": ["pro", "team"],
        "limits": [],
        "is_required": False,
        "default": None,
        "nulls": "unset",
        "is_personal": False,
        "is_sent_alone": True,
        "bands": [],
    }
    logins = column(shop, "traits_people", "logins")
    assert (logins["default"], logins["is_required"], logins["why"]) == (0, True, "nobody has none")
    assert logins["limits"] == [">= 0", "<= 99", "logins >= 0"]
    assert logins["allowed_values"] is None, "a test with `where` is about some rows only"
    assert column(shop, "traits_people", "person_id")["keys"] == {"customerio": ["identifier"]}
    assert column(shop, "traits_people", "person_id")["is_required"]
    assert column(shop, "traits_people", "email")["is_personal"]
    because = column(shop, "seg_trials", "because")
    assert (because["roles"], because["sent"]) == (
        ["reason"],
        {"customerio": ["trial_ending_reason"]},
    )


def test_the_page_says_the_same_to_readers(shop: App) -> None:
    shop.run("contract")
    page = (shop.dir / PAGE).read_text()
    assert "| `plan` | varchar | `pro`, `team` | empties it | `plan` at customerio |" in page
    assert "| `trial_ending` | segment | customerio | [seg_trials](#seg_trials) |" in page
    for said in (
        "Everybody we know.",
        "- owner: growth@example.com",
        "- SLA: 1 hour",
        "- version: 3",
        "- also read by: model report",
        "- also read by: exposure board",
        "sent as `0`",
        "Why: nobody has none.",
        "**Personal data.**",
        "`on_enter.event`: `trial_ends`",
    ):
        assert said in page, said


def test_words_of_others_are_neither_markup_nor_jinja_on_the_page(shop: App) -> None:
    people = shop.manifest["nodes"]["model.app.traits_people"]
    people["description"] = "<script>1</script> a | b {% docs x %} {{ y }}\n# no heading"
    people["columns"]["plan"]["description"] = "a | b"
    shop.write()
    shop.run("contract")
    page = (shop.dir / PAGE).read_text()
    assert "<script" not in page and "{%" not in page and "{{" not in page
    assert "\n# no" not in page
    (row,) = [line for line in page.splitlines() if line.startswith("| `plan` | varchar")]
    assert row.replace("\\|", "").count("|") == 7


def test_it_is_the_same_each_time_and_in_another_order_of_the_manifest(shop: App) -> None:
    shop.run("contract")
    before = {path: (shop.dir / path).read_bytes() for path in (PAGE, DATA)}
    stamps = [(shop.dir / path).stat().st_mtime_ns for path in before]
    shop.manifest["nodes"] = dict(reversed(shop.manifest["nodes"].items()))
    shop.manifest["metadata"]["generated_at"] = "2027-01-01T00:00:00Z"
    shop.write()
    again = shop.run("contract")
    assert again.exit_code == 0 and "Up to date" in again.out
    assert before == {path: (shop.dir / path).read_bytes() for path in before}
    assert stamps == [(shop.dir / path).stat().st_mtime_ns for path in before]
    assert str(shop.dir) not in before[PAGE].decode() + before[DATA].decode()


def test_check_names_each_difference_and_the_command_that_mends_it(shop: App) -> None:
    missing = shop.run("contract", "--check")
    assert missing.exit_code == 1
    assert "docs/activation-contract.md: is not there" in missing.out
    assert not (shop.dir / "docs").exists()
    shop.run("contract")
    assert shop.run("contract", "--check").exit_code == 0

    people = shop.manifest["nodes"]["model.app.traits_people"]["columns"]
    people["plan"]["data_type"] = "text"
    people["region"] = {"name": "region", "data_type": "varchar"}
    del shop.manifest["nodes"]["test.app.t2"]
    shop.activation("seg_trials")["owner"] = "retention@example.com"
    del shop.activation("traits_people")["destinations"][0]["traits"]["logins"]
    shop.write()
    checked = shop.run("contract", "--check")
    assert checked.exit_code == 1
    assert [line.strip() for line in checked.out.splitlines()] == [
        'model traits_people, column plan, type: was "varchar", is "text"',
        'model traits_people, column plan, allowed_values: was ["pro", "team"],'
        ' is ["free", "pro", "team"]',
        'model traits_people, column logins, sent, customerio: was ["logins"], is nothing',
        'model traits_people, column logins, nulls: was "unset", is nothing',
        "model traits_people, column logins, is_sent_alone: was true, is false",
        "model traits_people, column region: is new",
        'model seg_trials, owner: was nothing, is "retention@example.com"',
        "Not up to date: docs/activation-contract.md and docs/activation-contract.json.",
        "To mend it: python -m sync contract, then commit what it writes.",
    ]
    as_json = shop.run("contract", "--check", "--log-format", "json").json
    assert (as_json["exit_code"], len(as_json["differences"]), as_json["written"]) == (1, 7, [])
    assert shop.run("contract").exit_code == 0
    assert shop.run("contract", "--check").exit_code == 0


def test_check_sees_an_edited_page_and_broken_json(shop: App) -> None:
    shop.run("contract")
    page = (shop.dir / PAGE).read_text()
    (shop.dir / PAGE).write_text(page.replace("varchar", "text", 1))
    line = page[: page.index("varchar")].count("\n") + 1
    checked = shop.run("contract", "--check")
    assert checked.exit_code == 1
    assert f"docs/activation-contract.md: line {line} differs" in checked.out
    (shop.dir / DATA).write_text((shop.dir / DATA).read_text()[:-3])
    assert "activation-contract.json: is not JSON" in shop.run("contract", "--check").out
    assert shop.run("contract").exit_code == 0
    assert (shop.dir / PAGE).read_text() == page


def test_line_ends_of_windows_are_no_difference(shop: App) -> None:
    shop.run("contract")
    for path in (PAGE, DATA):
        content = (shop.dir / path).read_bytes().replace(b"\n", b"\r\n")
        (shop.dir / path).write_bytes(content)
    assert shop.run("contract", "--check").exit_code == 0


@pytest.mark.parametrize(
    ("command", "path"), [("contract", PAGE), ("contract", DATA), ("exposures", EXPOSURES)]
)
def test_a_file_of_another_hand_is_never_overwritten(shop: App, command: str, path: Path) -> None:
    (shop.dir / path).parent.mkdir(exist_ok=True)
    (shop.dir / path).write_text("# mine\n")
    before = sorted(p for p in shop.dir.rglob("*") if p.is_file())
    for options in ([], ["--check"]):
        told = shop.run(command, *options)
        assert told.exit_code == 2
        assert "error[file-not-ours]" in told.err and "--output" in told.err
    assert (shop.dir / path).read_text() == "# mine\n"
    assert sorted(p for p in shop.dir.rglob("*") if p.is_file()) == before, "half was written"


def test_another_file_may_be_chosen_from_any_folder(
    shop: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop.dir / "sub").mkdir()
    monkeypatch.chdir(shop.dir / "sub")
    told = shop.run("contract", "--output", "mine.md", "--check")
    assert told.exit_code == 1
    assert "contract --output mine.md, then" in told.out
    monkeypatch.chdir(shop.dir / "sub")
    assert shop.run("contract", "--output", "mine.md").exit_code == 0
    assert {p.name for p in (shop.dir / "sub").iterdir()} == {"mine.md", "mine.json"}
    refused = shop.run("contract", "--output", "mine.txt")
    assert refused.exit_code == 2 and "must end in .md" in refused.err
    refused = shop.run("exposures", "--output", "mine.md")
    assert refused.exit_code == 2 and "must end in .yml or .yaml" in refused.err


def test_what_can_not_be_written_is_said(shop: App) -> None:
    (shop.dir / "docs").write_text("a file where the folder should be")
    told = shop.run("contract")
    assert told.exit_code == 2
    assert "error[file-un" in told.err and "--output" in told.err
    (shop.dir / "dir.md").mkdir()
    told = shop.run("contract", "--output", "dir.md")
    assert told.exit_code == 2 and "can't be read" in told.err


@pytest.mark.parametrize("command", ["contract", "exposures"])
def test_a_project_with_mistakes_gets_no_file_and_all_of_them_are_named(
    shop: App, command: str
) -> None:
    shop.activation("traits_people")["ownr"] = "x"
    shop.activation("seg_trials")["destinations"][0]["segmnt"] = "x"
    shop.write()
    told = shop.run(command)
    assert told.exit_code == 2
    assert "ownr" in told.err and "segmnt" in told.err
    assert not (shop.dir / PAGE).exists() and not (shop.dir / EXPOSURES).exists()


@pytest.mark.parametrize("command", ["contract", "exposures"])
def test_they_need_no_secret_and_no_warehouse(
    shop: App, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRACK_KEY")
    (shop.dir / "app.duckdb").unlink()
    assert shop.run(command).exit_code == 0
    assert not (shop.dir / "app.duckdb").exists()
    assert shop.run(command, "--check", "--target", "lone").exit_code == 0


def exposed(shop: App) -> dict[str, dict[str, Any]]:
    written = yaml.safe_load((shop.dir / EXPOSURES).read_text())
    return {one["name"]: one for one in written["exposures"]}


def test_each_sync_has_an_exposure(shop: App) -> None:
    told = shop.run("exposures")
    assert told.exit_code == 0
    assert "seg_trials: no owner is named" in told.err
    assert exposed(shop) == {
        "seg_trials__customerio": {
            "name": "seg_trials__customerio",
            "label": "customerio: segment trial_ending",
            "type": "application",
            "description": "Sends trial_ending_reason.",
            "depends_on": ["ref('seg_trials')"],
            "owner": {"name": "no owner is named"},
            "config": {"meta": {"activation_sync": "seg_trials__customerio"}},
        },
        "traits_people__customerio": {
            "name": "traits_people__customerio",
            "label": "customerio: traits",
            "type": "application",
            "description": "Know them. Sends plan, logins, email.",
            "depends_on": ["ref('traits_people')"],
            "owner": {"email": "growth@example.com"},
            "config": {"meta": {"activation_sync": "traits_people__customerio"}},
        },
    }


def test_the_url_is_that_of_the_vendor_itself_and_never_a_stand_ins(shop: App) -> None:
    profiles = (shop.dir / "profiles.yml").read_text()
    real = "  lone:\n    customerio: {site_id: s, api_key: \"{{ env_var('NO_KEY') }}\"}\n"
    (shop.dir / "profiles.yml").write_text(profiles + real)
    shop.run("exposures")
    assert {one.get("url") for one in exposed(shop).values()} == {"https://fly.customer.io"}


def test_check_of_exposures_names_each_difference(shop: App) -> None:
    shop.run("exposures")
    assert shop.run("exposures", "--check").exit_code == 0
    shop.activation("traits_people")["owner"] = "Growth team"
    del shop.manifest["nodes"]["model.app.seg_trials"]
    shop.write()
    checked = shop.run("exposures", "--check")
    assert checked.exit_code == 1
    assert [line.strip() for line in checked.out.splitlines()] == [
        'name traits_people__customerio, owner, name: was nothing, is "Growth team"',
        'name traits_people__customerio, owner, email: was "growth@example.com", is nothing',
        "name seg_trials__customerio: is gone",
        "Not up to date: models/activation_exposures.yml.",
        "To mend it: python -m sync exposures, then commit what it writes.",
    ]


def test_a_model_whose_file_is_gone_has_no_exposure_that_would_stop_dbt(shop: App) -> None:
    (shop.dir / "models" / "seg_trials.sql").unlink()
    shop.run("exposures")
    assert set(exposed(shop)) == {"traits_people__customerio"}


def test_a_name_that_another_exposure_has_is_refused_and_our_own_is_not(shop: App) -> None:
    mine = {"name": "traits_people__customerio", "original_file_path": "models/mine.yml"}
    shop.manifest["exposures"]["exposure.app.x"] = mine
    shop.write()
    told = shop.run("exposures")
    assert told.exit_code == 2
    assert "error[exposure-taken]" in told.err and "models/mine.yml" in told.err
    mine["config"] = {"meta": {"activation_sync": "traits_people__customerio"}}  # type: ignore[assignment]
    shop.write()
    assert shop.run("exposures").exit_code == 0


def test_our_own_exposures_are_no_consumers(shop: App) -> None:
    shop.run("contract")
    shop.manifest["exposures"]["exposure.app.x"] = {
        "name": "traits_people__customerio",
        "config": {"meta": {"activation_sync": "traits_people__customerio"}},
        "depends_on": {"nodes": ["model.app.traits_people"]},
    }
    shop.write()
    assert shop.run("contract", "--check").exit_code == 0


def test_the_rights_and_the_link_of_a_file_are_kept(shop: App) -> None:
    shop.run("exposures")
    kept, path = shop.dir / "kept.yml", shop.dir / EXPOSURES
    shutil.move(path, kept)
    kept.chmod(0o640)
    os.symlink(kept, path)
    shop.activation("traits_people")["owner"] = "Growth"
    shop.write()
    assert shop.run("exposures").exit_code == 0
    assert path.is_symlink() and kept.stat().st_mode & 0o777 == 0o640
    assert "Growth" in kept.read_text()


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("Jane Doe <jane@example.com>", {"name": "Jane Doe", "email": "jane@example.com"}),
        ("<jane@example.com>", {"email": "jane@example.com"}),
        ("jane@example.com", {"email": "jane@example.com"}),
        ("The team @home", {"name": "The team @home"}),
    ],
)
def test_an_owner_is_a_name_an_address_or_both(
    shop: App, owner: str, expected: dict[str, str]
) -> None:
    shop.activation("traits_people")["owner"] = owner
    shop.write()
    shop.run("exposures")
    assert exposed(shop)["traits_people__customerio"]["owner"] == expected


def test_a_private_model_is_left_out_with_a_warning(shop: App) -> None:
    shop.manifest["nodes"]["model.app.traits_people"]["access"] = "private"
    shop.write()
    told = shop.run("exposures")
    assert told.exit_code == 0
    assert "warning[exposure-private]: traits_people" in told.err
    assert set(exposed(shop)) == {"seg_trials__customerio"}
