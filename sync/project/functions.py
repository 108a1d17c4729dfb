"""The functions of dbt's Jinja that need nothing but their arguments, as dbt defines them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import md5
from typing import Any

_MODULES = ("datetime", "itertools", "re")


def functions() -> Mapping[str, Any]:
    """By the name that a template uses."""
    from importlib import import_module

    import yaml

    to_yaml: Callable[[Any], Any] = partial(yaml.safe_dump, sort_keys=False)
    return {
        "fromjson": _or_default(json.loads),
        "tojson": _or_default(json.dumps),
        "fromyaml": _or_default(yaml.safe_load),
        "toyaml": _or_default(to_yaml),
        "set": _or_default(_set),
        "zip": zip,
        "local_md5": _local_md5,
        "modules": {name: import_module(name) for name in _MODULES},
    }


def _or_default(function: Callable[[Any], Any]) -> Callable[..., Any]:
    """`function(value, default)`: the default for a value that it can't take."""

    def call(value: Any, default: Any = None) -> Any:
        try:
            return function(value)
        except Exception:  # noqa: BLE001  dbt answers with the default whatever went wrong
            return default

    return call


def _set(values: Iterable[Any]) -> set[Any]:
    return set(values)


def _local_md5(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()
