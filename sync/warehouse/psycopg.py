"""What psycopg2 makes of dates and timestamps that Python has no value for.

By default one of them fails the whole page of rows that it stands in, and infinity is the last day
of the year 9999.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sync.warehouse.arrow import DATE, TIMESTAMP

FORMS: Mapping[int, str] = {1082: DATE, 1114: TIMESTAMP, 1184: TIMESTAMP}
"""Types by their number in PostgreSQL's catalogue, and the form that their text has."""

Cast = Callable[[str | None, Any], Any]


def as_text(cursor: Any) -> Mapping[int, str]:
    """The types of which results of this cursor have text from now on, and its form."""
    from psycopg2 import extensions

    for oid in FORMS:
        _register(cursor, oid, extensions.UNICODE)
    return FORMS


def as_far_as_possible(cursor: Any) -> None:
    """Results of this cursor have text in place of a value that Python can't hold."""
    from psycopg2 import extensions

    for oid in FORMS:
        _register(cursor, oid, _tolerant(extensions.string_types[oid]))


def _register(cursor: Any, oid: int, cast: Cast) -> None:
    from psycopg2 import extensions

    extensions.register_type(extensions.new_type((oid,), "ACTIVATION", cast), cursor)


def _tolerant(cast: Cast) -> Cast:
    def tolerant(text: str | None, cursor: Any) -> Any:
        try:
            return cast(text, cursor)
        except (ValueError, OverflowError):
            return text

    return tolerant
