"""Connections in profiles.yml: checked offline, and each the business of one profile."""

from __future__ import annotations

import socket

import pytest

from sync.destinations import registry
from sync.project.literal_secrets import is_literal
from sync.project.profiles import Choices, read_profile, read_project_file
from sync.project.vendors import load_connection
from tests.app import App

OTHER_PROFILE = """
other:
  target: dev
  outputs:
    dev: {type: duckdb, path: other.duckdb}
"""


def _edit(app: App, *changes: tuple[str, str]) -> None:
    profiles = app.dir / "profiles.yml"
    text = profiles.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    profiles.write_text(text)


def _by_profile(text: str) -> str:
    """The same file with the connections of `app` below its name."""
    above, key, below = text.partition("destinations:\n")
    return above + key + "  app:\n" + "".join(f"  {line}\n" for line in below.splitlines())


@pytest.mark.parametrize("command", ["check", "plan"])
def test_a_misspelt_setting_is_found_before_anything_is_sent(app: App, command: str) -> None:
    _edit(app, ('api_key: "', 'apikey: "'))
    ran = app.run(command)
    assert ran.exit_code == 2
    said = ran.out + ran.err
    assert "connection customerio has no key `apikey`" in said
    assert "did you mean `api_key`?" in said
    assert "connection customerio lacks `api_key`" in said
    assert "destinations.dev.customerio.apikey" in said


@pytest.mark.parametrize("command", ["check", "plan"])
def test_connections_are_checked_without_the_secrets_they_need(
    app: App, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("TRACK_KEY")
    assert app.run(command).exit_code == 0
    _edit(app, ("site_id: sandbox-site", "region: uk"))
    ran = app.run(command)
    assert ran.exit_code == 2
    said = ran.out + ran.err
    assert "connection customerio lacks `site_id`" in said
    assert "`region` is none of the values it can have" in said
    assert "api_key" not in said


def test_check_looks_at_the_connections_of_every_target_and_plan_at_those_it_uses(app: App) -> None:
    _edit(app, ("destinations:\n", "destinations:\n  prod:\n    customerio: {regoin: eu}\n"))
    ran = app.run("check")
    assert ran.exit_code == 2
    assert "destinations.prod.customerio.regoin" in ran.out
    assert app.run("plan").exit_code == 0
    _edit(app, ("  dev:\n    customerio:", "  dev:\n    qualtrics: {}\n    customerio:"))
    assert app.run("plan").exit_code == 0


def test_no_complaint_about_a_connection_repeats_a_value(app: App) -> None:
    _edit(app, ("site_id: sandbox-site", "site_id: [hush-hush]"))
    ran = app.run("check")
    assert ran.exit_code == 2
    assert "hush" not in ran.out + ran.err


@pytest.mark.parametrize("empty", ["", "''", "'  '", "\"{{ env_var('NO_SUCH', '') }}\"", "~"])
@pytest.mark.parametrize("command", ["check", "plan", "apply"])
def test_an_empty_base_url_is_an_error_and_never_the_vendors_own_host(
    app: App, command: str, empty: str
) -> None:
    lines = (app.dir / "profiles.yml").read_text().splitlines()
    (written,) = [line for line in lines if "base_url:" in line]
    _edit(app, (written, f"      base_url: {empty}"))
    ran = app.run(command)
    assert ran.exit_code == 2
    assert "`base_url` is empty" in ran.out + ran.err
    assert app.control.people() == []


@pytest.mark.parametrize("wrong", ["/customerio", "localhost:8765", "ftp://x/y", "http://[x"])
def test_an_address_without_scheme_or_host_is_found_offline(app: App, wrong: str) -> None:
    lines = (app.dir / "profiles.yml").read_text().splitlines()
    (written,) = [line for line in lines if "base_url:" in line]
    _edit(app, (written, f"      base_url: '{wrong}'"))
    ran = app.run("plan")
    assert ran.exit_code == 2
    assert "`base_url` must be https://" in ran.err


def test_a_file_with_two_profiles_says_whose_connections_they_are(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text(OTHER_PROFILE + _by_profile(profiles.read_text()))
    assert app.run("apply").exit_code == 0
    assert len(app.control.people()) == 3


def test_another_profiles_connections_are_not_ours(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    text = OTHER_PROFILE + _by_profile(profiles.read_text())
    profiles.write_text(text.replace("destinations:\n  app:", "destinations:\n  other:"))
    ran = app.run("apply")
    assert "target dev has no connections" in ran.err
    assert "`dev:` with a connection under `destinations.app:`" in ran.err
    assert app.control.people() == []


def test_a_file_with_two_profiles_refuses_connections_that_name_none(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text(OTHER_PROFILE + profiles.read_text())
    for command in ("check", "plan", "apply"):
        ran = app.run(command)
        assert ran.exit_code == 2
        assert "`dev` under `destinations` is none of the 2 profiles" in ran.err
        assert "destinations.app.dev" in ran.err
    assert app.control.people() == []


def test_a_file_with_one_profile_may_name_it_all_the_same(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text(_by_profile(profiles.read_text()))
    assert app.run("plan").exit_code == 0
    _edit(app, ("site_id:", "siteid:"))
    assert "destinations.app.dev.customerio.siteid" in app.run("check").out


def test_a_key_that_only_holds_an_anchor_is_no_second_profile(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text("common: &common {threads: 1}\n" + profiles.read_text())
    assert app.run("plan").exit_code == 0


def test_a_target_called_like_its_profile_is_read_as_what_it_holds(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    text = profiles.read_text().replace("app:\n  target: dev", "dev:\n  target: dev")
    (app.dir / "dbt_project.yml").write_text("name: app\nprofile: dev\n")
    profiles.write_text(text)
    assert app.run("plan").exit_code == 0
    profiles.write_text(_by_profile(text).replace("  app:\n", "  dev:\n"))
    assert app.run("plan").exit_code == 0


@pytest.mark.parametrize("command", ["apply", "debug"])
def test_a_sandbox_that_does_not_run_is_named_with_the_command_that_starts_it(
    app: App, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    lines = (app.dir / "profiles.yml").read_text().splitlines()
    (written,) = [line for line in lines if "base_url:" in line]
    _edit(app, (written, f"      base_url: http://127.0.0.1:{port}/customerio"))
    ran = app.run(command)
    assert ran.exit_code == 6
    said = ran.out + ran.err
    assert f"customerio: nothing runs at http://127.0.0.1:{port}" in said
    assert f"python -m sync sandbox --port {port}" in said
    assert "status page" not in said


def _sandboxed(app: App, said: str) -> None:
    profiles = app.dir / "profiles.yml"
    above, _, _ = profiles.read_text().partition("destinations:\n")
    keys = "site_id: real, api_key: \"{{ env_var('NOT_SET_HERE') }}\", region: eu"
    below = f"destinations:\n  dev:\n    customerio: {{{keys}, sandbox: {said}}}\n"
    profiles.write_text(above + below)


@pytest.mark.parametrize("form", ["{url}", "\"{{{{ env_var('SANDBOX_HERE') }}}}\"", "{url}/"])
def test_one_line_sends_a_connection_to_the_sandbox_with_keys_of_the_sandbox(
    app: App, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("SANDBOX_HERE", app.control.url)
    _sandboxed(app, form.format(url=app.control.url))
    assert app.run("check").exit_code == 0
    assert app.run("apply").exit_code == 0
    assert app.control.person("p1")


def test_true_means_the_sandboxs_usual_address(app: App) -> None:
    _sandboxed(app, "true")
    profile = read_profile(read_project_file(app.dir), Choices())
    url = load_connection(profile, "customerio", registry).base_url
    assert url == "http://127.0.0.1:8765/customerio"


@pytest.mark.parametrize("command", ["check", "plan", "apply"])
@pytest.mark.parametrize(
    "said",
    [
        *(
            "maybe",
            "",
            "https://track.customer.io",
            "http://api.example.com:80",
            "http://127.0.0.1:0",
        ),
        *(
            "http://127.0.0.1:99999999",
            "http://127.0.0.1:9101/customerio",
            "'http://127.0.0.1/?x=1'",
        ),
    ],
)
def test_what_is_no_sandbox_is_refused_before_anything_is_sent(
    app: App, command: str, said: str
) -> None:
    _sandboxed(app, said)
    ran = app.run(command)
    assert ran.exit_code == 2
    assert "error[sandbox-setting]" in ran.out + ran.err
    assert "destinations.dev.customerio.sandbox" in ran.out + ran.err


@pytest.mark.parametrize("command", ["check", "plan", "apply"])
def test_a_sandbox_that_is_not_said_here_is_refused_too(app: App, command: str) -> None:
    _sandboxed(app, "\"{{ env_var('NOT_SAID_HERE') }}\"")
    ran = app.run(command)
    assert ran.exit_code == 2
    assert "NOT_SAID_HERE" in ran.out + ran.err
    assert "destinations.dev.customerio.sandbox" in ran.out + ran.err


@pytest.mark.parametrize("said", ["false", "'false'", "'False '"])
def test_a_connection_that_says_it_is_no_sandbox_is_the_vendors_own(app: App, said: str) -> None:
    _sandboxed(app, said)
    ran = app.run("apply")
    assert ran.exit_code == 2
    assert "NOT_SET_HERE" in ran.err


def test_a_secret_that_stands_in_the_file_is_warned_of_and_not_shown(app: App) -> None:
    _edit(app, ("\"{{ env_var('TRACK_KEY') }}\"", "a-real-key"))
    assert "secret-in-file" not in str(app.run("check", "--log-format", "json").json), "a stand-in"
    text = (app.dir / "profiles.yml").read_text()
    (address,) = [line for line in text.splitlines() if line.strip().startswith("base_url:")]
    _edit(app, (address + "\n", ""))
    told = app.run("check", "--log-format", "json").json
    (warning,) = [one for one in told["warnings"] if one["code"] == "secret-in-file"]
    assert warning["message"] == (
        "connection customerio has `api_key` and `app_api_key` in profiles.yml itself"
    )
    assert "api_key: \"{{ env_var('CUSTOMERIO_API_KEY') }}\"" in warning["fix"]
    assert warning["where"].endswith("profiles.yml, destinations.dev.customerio.api_key")
    assert "a-real-key" not in str(told) and "sandbox-app-key" not in str(told)


@pytest.mark.parametrize(
    ("said", "is_found"),
    [
        ("{{ env_var('KEY') }}", False),
        ("{{ env_var('KEY', '') }}", False),
        ('{{ env_var( "KEY" ) | trim }}', False),
        ("{{ env_var('ONE') }}{{ env_var('TWO') }}", False),
        ("", False),
        (12345, True),
        ("{{ env_var('KEY', 'a-real-key') }}", True),
        ("{{ var('key', 'a-real-key') }}", True),
        ("{{ 'a-real-key' }}", True),
        ("a-real-key-{{ env_var('REST', '') }}", True),
        ("a-real-key{{ '' }}", True),
    ],
)
def test_what_is_a_secret_in_the_file(said: object, is_found: bool) -> None:
    assert is_literal(said) is is_found


def test_a_connection_whose_sandbox_is_switched_off_has_its_secrets_looked_at(app: App) -> None:
    _sandboxed(app, "\"{{ env_var('WITH_SANDBOX', 'false') }}\"")
    _edit(app, ("\"{{ env_var('NOT_SET_HERE') }}\"", "a-real-key"))
    told = app.run("check", "--log-format", "json").json
    assert "secret-in-file" in {one["code"] for one in told["warnings"]}


def test_a_notifier_whose_address_is_its_secret_is_warned_of(app: App) -> None:
    profiles = app.dir / "profiles.yml"
    profiles.write_text(
        profiles.read_text()
        + "notifications:\n  dev:\n    team: {type: slack, url: 'https://hooks.slack.com/x/y'}\n"
    )
    told = app.run("check", "--log-format", "json").json
    (warning,) = [one for one in told["warnings"] if one["code"] == "secret-in-file"]
    assert warning["message"] == "notifier team has `url` in profiles.yml itself"
    assert "hooks.slack.com" not in str(told)


def test_an_empty_setting_is_told_in_words_of_ours_and_by_the_path_from_the_project(
    app: App,
) -> None:
    _edit(app, ("api_key: \"{{ env_var('TRACK_KEY') }}\"", 'api_key: ""'))
    ran = app.run("check")
    assert ran.exit_code == 2
    said = ran.out + ran.err
    assert "connection customerio: `api_key` must be text that is not empty" in said
    assert "--> profiles.yml, destinations.dev.customerio.api_key" in said
    assert str(app.dir) not in said


def test_a_file_that_is_missing_is_told_by_the_path_from_the_project(app: App) -> None:
    (app.dir / "target" / "manifest.json").unlink()
    told = app.run("check").err
    assert "--> target/manifest.json" in told
    assert str(app.dir) not in told
