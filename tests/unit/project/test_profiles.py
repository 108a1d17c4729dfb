from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sync.errors import ConfigError
from sync.project.jinja import Renderer
from sync.project.profiles import Choices, find_project_dir, read_profile, read_project_file
from sync.project.vendors import load_connection

ENVIRON = {"MAILER_KEY": "top-secret-key", "SHOP_PATH": "/data/shop.duckdb", "NUMBER": "12"}


def read(world, environ=ENVIRON, **choices):
    project = read_project_file(world.dir, environ=environ)
    return read_profile(project, Choices(**choices), environ)


def write_profiles(world, text):
    (world.dir / "profiles.yml").write_text(text)


def problem_of(call):
    with pytest.raises(ConfigError) as e:
        call()
    (problem,) = e.value.problems
    return problem


def test_the_default_target_is_used(world):
    profile = read(world)
    assert (profile.name, profile.target.name, profile.default_target) == ("shop", "dev", "dev")
    assert (profile.target.adapter_type, profile.target.schema) == ("duckdb", "main")
    assert profile.target.threads == 2
    assert profile.connections == {"mailer": "mailer"}


def test_another_target_has_its_own_connections(world):
    profile = read(world, target="prod")
    assert profile.connections == {"mailer": "mailer", "crm": "mailer"}
    assert profile.target.credentials["path"] == "/data/shop.duckdb"
    assert profile.target.schema == "live"


def test_all_targets_connections_are_known(world):
    assert read(world).known_connections == {"mailer": "mailer", "crm": "mailer"}


def test_reading_needs_no_secret_in_the_environment(world):
    profile = read(world, environ={}, target="prod")
    assert profile.connections == {"mailer": "mailer", "crm": "mailer"}
    assert profile.target.adapter_type == "duckdb"


def test_a_missing_variable_is_named_with_its_key(world):
    profile = read(world, environ={"MAILER_KEYS": "x"}, target="prod")
    problem = problem_of(lambda: load_connection(profile, "mailer", world.registry))
    assert problem.code == "env-missing"
    assert problem.where == "profiles.yml, destinations.prod.mailer.api_key"
    assert "MAILER_KEY," in problem.message
    assert "did you mean MAILER_KEYS?" in problem.hint


def test_dbts_variables_choose_as_the_options_do(world):
    environ = {**ENVIRON, "DBT_TARGET": "prod"}
    assert read(world, environ).target.name == "prod"
    assert read(world, environ, target="dev").target.name == "dev"
    assert problem_of(lambda: read(world, {"DBT_PROFILE": "x"})).code == "profile-unknown"


def test_an_unknown_target_offers_the_nearest(world):
    problem = problem_of(lambda: read(world, target="prd"))
    assert problem.code == "target-unknown"
    assert "did you mean `prod`?" in problem.hint


def test_profiles_are_looked_for_where_dbt_looks(world, tmp_path, monkeypatch):
    home, given, named = (tmp_path / n for n in ("home", "given", "named"))
    for folder in (home / ".dbt", given, named):
        folder.mkdir(parents=True)
        (folder / "profiles.yml").write_bytes((world.dir / "profiles.yml").read_bytes())
    (world.dir / "profiles.yml").rename(tmp_path / "kept")
    monkeypatch.setenv("HOME", str(home))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert read(world).path == home / ".dbt" / "profiles.yml"
    (tmp_path / "kept").rename(world.dir / "profiles.yml")
    assert read(world).path == world.dir / "profiles.yml"
    (elsewhere / "profiles.yml").write_bytes((world.dir / "profiles.yml").read_bytes())
    assert read(world).path == elsewhere / "profiles.yml"
    environ = {**ENVIRON, "DBT_PROFILES_DIR": str(named)}
    assert read(world, environ).path == named / "profiles.yml"
    assert read(world, environ, profiles_dir=given).path == given / "profiles.yml"


def test_without_a_profiles_file_the_places_are_listed(world, tmp_path):
    problem = problem_of(lambda: read(world, profiles_dir=tmp_path / "nowhere"))
    assert problem.code == "profiles-missing"
    assert "nowhere" in problem.where


def test_the_project_is_found_from_a_folder_below(world, monkeypatch):
    below = world.dir / "models" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_project_dir(None, {}) == world.dir


def test_the_target_path_follows_option_variable_and_project(world, tmp_path):
    def target_path(**options):
        return read_project_file(world.dir, **options).target_path

    assert target_path(environ={}) == world.dir / "target"
    with (world.dir / "dbt_project.yml").open("a") as f:
        f.write("target-path: \"{{ env_var('OUT', 'built') }}\"\n")
    assert target_path(environ={}) == world.dir / "built"
    assert target_path(environ={"OUT": "o"}) == world.dir / "o"
    assert target_path(environ={"DBT_TARGET_PATH": "/t"}).as_posix() == "/t"
    given = tmp_path / "g"
    assert target_path(target_path=given, environ={"DBT_TARGET_PATH": "/t"}) == given


def test_a_folder_without_a_project_says_so(tmp_path):
    assert problem_of(lambda: read_project_file(tmp_path)).code == "project-missing"


def test_settings_are_validated_by_the_vendor(world):
    settings = load_connection(read(world, target="prod"), "mailer", world.registry)
    assert settings.region == "eu"
    assert settings.api_key.get_secret_value() == "top-secret-key"


def test_an_unknown_connection_offers_the_nearest(world):
    profile = read(world)
    problem = problem_of(lambda: load_connection(profile, "maler", world.registry))
    assert problem.code == "connection-unknown"
    assert "did you mean `mailer`?" in problem.hint


def test_every_complaint_about_settings_comes_at_once_and_without_values(world):
    secret = "hush hush"
    write_profiles(
        world,
        f"""
shop: {{target: dev, outputs: {{dev: {{type: duckdb}}}}}}
destinations:
  dev:
    mailer: {{regoin: us, region: ux, api_key: {secret}, max_concurrency: lots}}
""",
    )
    with pytest.raises(ConfigError) as e:
        load_connection(read(world), "mailer", world.registry)
    text = str(e.value)
    assert [p.code for p in e.value.problems] == [
        "setting-unknown-key",
        "setting-wrong-value",
        "setting-wrong-value",
        "setting-wrong-value",
    ]
    assert "did you mean `region`?" in text
    assert "known values: eu, us" in text
    assert "profiles.yml, destinations.dev.mailer.max_concurrency" in text
    for value in (secret, "lots", "`ux`"):
        assert value not in text


def test_a_missing_setting_is_named(world):
    write_profiles(
        world,
        """
shop: {target: dev, outputs: {dev: {type: duckdb}}}
destinations: {dev: {mailer: {region: us}}}
""",
    )
    profile = read(world)
    problem = problem_of(lambda: load_connection(profile, "mailer", world.registry))
    assert problem.code == "setting-missing-key"
    assert "`api_key`" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "shop: x",
        "shop: {outputs: [dev]}",
        "shop: {outputs: {default: duckdb}}",
        "other: {}",
        "shop: {target: dev, outputs: {dev: {type: duckdb}}}\ndestinations: [mailer]",
        "shop: {target: dev, outputs: {dev: {type: duckdb}}}\ndestinations: {dev: mailer}",
        "shop: {outputs: {default: {type: duckdb}}}\ndestinations: {dev: {mailer: s3cr3t}}",
    ],
)
def test_a_profiles_file_of_another_shape_is_refused(world, text):
    write_profiles(world, text)
    with pytest.raises(ConfigError) as e:
        read(world)
    assert "s3cr3t" not in str(e.value)


def test_a_connection_without_settings_is_a_connection(world):
    write_profiles(
        world,
        "shop: {target: dev, outputs: {dev: {type: duckdb}}}\ndestinations: {dev: {mailer: }}",
    )
    assert read(world).connections == {"mailer": "mailer"}


def test_nothing_that_holds_secrets_shows_them_when_printed(world):
    write_profiles(
        world,
        """
shop: {target: dev, outputs: {dev: {type: postgres, password: s3cr3t, schema: x}}}
destinations: {dev: {mailer: {api_key: s3cr3t}}}
""",
    )
    profile = read(world)
    assert profile.target.credentials["password"] == "s3cr3t"
    assert "s3cr3t" not in repr(profile)
    assert "s3cr3t" not in repr(profile.target)


TEMPLATES = [
    "12",
    "plain",
    "{{ env_var('N') }}",
    "{{ env_var('N') | as_number }}",
    "{{ env_var('N') | as_text }}",
    "{{ env_var('N') | as_native }}",
    "{{ env_var('N') | int }}",
    "{{ env_var('B') | as_bool }}",
    "{{ env_var('MISSING', 'd') }}",
    "{{ env_var('MISSING', '') }}",
    "{{ env_var('E') }}",
    "host-{{ env_var('S') }}.example",
    "{{ env_var('N') }}{{ env_var('S') }}",
    "{{ env_var('DBT_ENV_SECRET_K') }}",
    "{{ env_var('S') | upper }}",
    "{{ 'x' if env_var('B') == 'True' else 'y' }}",
    "{# a note #}",
    "{{ var('db', 'lab') }}.duckdb",
    "{{ var('number') }}",
    "{{ var('none', none) }}",
    "{{ var.has_var('number') }}",
    "{{ fromjson(env_var('JSON')) }}",
    "{{ fromjson('no json') }}",
    "{{ tojson({'b': 1, 'a': [2]}) }}",
    "{{ fromyaml('a: 1').a }}",
    "{{ toyaml({'b': 1, 'a': 2}) }}",
    "{{ set([1, 1]) | length }}",
    "{{ (zip([1], ['a']) | first)[1] }}",
    "{{ local_md5('a') }}",
    "{{ modules.re.sub('-', '_', 'a-b') }}",
    "{{ modules.datetime.date(2026, 5, 21).isoformat() }}",
]
VARIABLES = {"number": 5}
VALUES = {
    "JSON": '{"a": 1}',
    "N": "12",
    "B": "True",
    "S": "abc",
    "E": "",
    "DBT_ENV_SECRET_K": "0123",
}

DBT_RENDERS = """
import json, sys
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context
templates, values, variables = json.load(sys.stdin)
set_invocation_context(values)
renderer = ProfileRenderer(variables)
json.dump([renderer.render_value(t) for t in templates], sys.stdout)
"""


def test_values_are_rendered_as_dbt_renders_them():
    done = subprocess.run(
        [sys.executable, "-c", DBT_RENDERS],
        input=json.dumps([TEMPLATES, VALUES, VARIABLES]),
        capture_output=True,
        text=True,
        check=True,
    )
    renderer = Renderer("profiles.yml", VALUES, VARIABLES)
    ours = [renderer.render(template, "key") for template in TEMPLATES]
    assert list(zip(TEMPLATES, ours, strict=True)) == list(
        zip(TEMPLATES, json.loads(done.stdout), strict=True)
    )


@pytest.mark.parametrize(
    "template",
    [
        "{{ s3cr3t }}",
        "{{ env_var('S3CR3T') | as_number }}",
        "{{ env_var('S3CR3T') | as_bool }}",
        "{{ 's3cr3t'.x.y }}",
        "{{ 's3cr3t' ",
        "{{ ''.__class__.__mro__ }}",
        "{{ env_var('S3CR3T', 's3cr3t', 's3cr3t') }}",
    ],
)
def test_an_expression_that_fails_is_named_by_its_key_only(template):
    renderer = Renderer("profiles.yml", {"S3CR3T": "s3cr3t"})
    problem = problem_of(lambda: renderer.render({"a": [template]}, "k"))
    assert problem.code == "template-failed"
    assert problem.where == "profiles.yml, k.a[0]"
    assert "s3cr3t" not in str(problem)
