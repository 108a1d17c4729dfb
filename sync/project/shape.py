"""The shape of profiles.yml: mappings of keys to values, and which of them was meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.errors import ConfigError, Problem
from sync.project.suggest import did_you_mean


def mapping(
    content: Mapping[str, Any], key: str, where: str, default: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """The mapping below a key; `default` where there is nothing. Raises ConfigError."""
    value = content.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, dict):
        raise ConfigError(
            Problem(
                "profiles-shape",
                f"`{key}` must be a mapping of keys to values",
                where=where,
                fix=f"indent the settings of `{key}` below it in profiles.yml",
            )
        )
    return value


def one_of(
    content: Mapping[str, Any], name: Any, known: list[str], what: str, where: str
) -> Mapping[str, Any]:
    """The mapping of a profile or target by its name. Raises ConfigError."""
    if name is None:
        raise ConfigError(
            Problem(
                f"{what}-unknown",
                f"no {what} is named",
                where=where,
                fix="add `profile:` to dbt_project.yml, or use --profile",
            )
        )
    if name not in known:
        raise ConfigError(
            Problem(
                f"{what}-unknown",
                f"there is no {what} `{name}`",
                where=where,
                hint=did_you_mean(str(name), known, f"{what}s"),
                fix=f"use --{what}, or add `{name}:` to profiles.yml",
            )
        )
    return mapping(content, name, where)
