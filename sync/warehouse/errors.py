"""What may be repeated of a database's own words."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"'(?:[^']|'')*'")


def without_values(message: str) -> str:
    """The first line of an error, with every quoted literal masked: it may be somebody's value."""
    first_line = message.strip().split("\n", 1)[0]
    return _QUOTED.sub("'...'", first_line)
