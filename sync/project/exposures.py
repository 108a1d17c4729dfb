"""The file of exposures, as YAML that dbt reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sync.project.yaml import written

WRITTEN_BY = "python -m sync exposures"
HEAD = f"# Written by `{WRITTEN_BY}` from the models' metadata. Change that, not this file.\n"
EXPRESSION = re.compile(r"\{[{%#]")


def verbatim(text: str) -> str:
    """Words of other people, which dbt would otherwise evaluate where they hold braces."""
    if not EXPRESSION.search(text):
        return text
    return "{% raw %}" + re.sub(r"\{%-?\s*endraw\s*-?%\}", "", text) + "{% endraw %}"


def as_yaml(exposures: Sequence[Mapping[str, Any]]) -> str:
    """The whole file. Without exposures it has an empty list, which dbt takes."""
    body = written({"version": 2, "exposures": list(exposures)}, width=100)
    return f"{HEAD}\n{body}"


def parse(text: str) -> Sequence[Mapping[str, Any]]:
    """The exposures of a file that was written; [] where it is none any more."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return []
    listed = found.get("exposures") if isinstance(found, dict) else None
    return listed if isinstance(listed, list) else []
