"""Secrets that are written in profiles.yml, and not in the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr

from sync.destinations.options import THIS_MACHINE
from sync.errors import ConfigError, Problem
from sync.project.connections import Connections
from sync.project.vendors import Registry, load_vendor, sandbox_url

EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.S)
NAMED = re.compile(r"\b(?:env_var|var)\(\s*(['\"]).*?\1")
QUOTED = re.compile(r"(['\"])(.*?)\1")


def literal_secrets(connections: Connections, registry: Registry) -> Iterator[Problem]:
    """One problem for each connection of any target that has some, but for stand-ins."""
    for target, by_name in connections.by_target.items():
        for name, written in by_name.items():
            try:
                vendor = load_vendor(
                    registry, connections.vendor(target, name), name, connections.noun
                )
                if isinstance(vendor, Problem) or _is_stand_in(connections, target, name):
                    continue
            except ConfigError:
                continue  # `check` says what is wrong with it
            known = vendor.settings.model_fields.items()
            secret = [key for key, field in known if _is_secret(field.annotation)]
            if literal := [key for key in secret if is_literal(written.get(key))]:
                yield _found(connections, target, name, literal)


def _is_stand_in(connections: Connections, target: str, name: str) -> bool:
    if sandbox_url(connections, target, name) is not None:
        return True
    settings, _ = connections.settings_here(target, name)
    return urlsplit(str(settings.get("base_url", ""))).hostname in THIS_MACHINE


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def is_literal(value: Any) -> bool:
    """Text beside expressions, or in quotes inside one; the name of a variable is none."""
    text = "" if value is None else str(value)
    beside = EXPRESSION.sub("", text)
    inside = NAMED.sub("", "".join(EXPRESSION.findall(text)))
    return bool(beside.strip()) or any(found[2] for found in QUOTED.finditer(inside))


def _found(connections: Connections, target: str, name: str, keys: list[str]) -> Problem:
    listed = " and ".join(f"`{key}`" for key in keys)
    variable = f"{name}_{keys[0]}".upper().replace("-", "_")
    return Problem(
        "secret-in-file",
        f"{connections.noun} {name} has {listed} in {connections.path.name} itself",
        where=f"{connections.path}, {connections.key_of(target, name, keys[0])}",
        hint="Everybody who has the file can use it; a repository keeps it for good.",
        fix=f"put it into the environment, and write: {keys[0]}:"
        f" \"{{{{ env_var('{variable}') }}}}\"",
    )
