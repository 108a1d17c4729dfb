"""What `--vars` gives to the Jinja of dbt_project.yml and profiles.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.errors import ConfigError, Problem
from sync.project.environment import dbt_variable

NONE: Mapping[str, Any] = {}


def read_variables(given: str | None, environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The mapping that `--vars` holds as YAML, else DBT_ENGINE_VARS or DBT_VARS; {} without.

    Raises ConfigError, which does not repeat the text.
    """
    import yaml

    where = "--vars" if given is not None else "the environment variable DBT_ENGINE_VARS, DBT_VARS"
    text = dbt_variable("VARS", environ) if given is None else given
    try:
        found = yaml.safe_load(text or "{}")
    except (yaml.YAMLError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ConfigError(
            Problem(
                "vars-shape",
                "the vars are no YAML mapping of names to values",
                where,
                fix="write them as dbt takes them, for example --vars '{as_of: 2026-05-21}'",
            )
        )
    return found
