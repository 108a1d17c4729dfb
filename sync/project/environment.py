"""dbt's own environment variables, in both of dbt's spellings."""

from __future__ import annotations

from collections.abc import Mapping


def dbt_variable(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of `DBT_ENGINE_<name>`, else of `DBT_<name>`; an empty one counts as not set.

    dbt 1.11 reads both, in this order; `name` is PROJECT_DIR, PROFILES_DIR, PROFILE, TARGET,
    TARGET_PATH or VARS.
    """
    return environ.get(f"DBT_ENGINE_{name}") or environ.get(f"DBT_{name}") or None
