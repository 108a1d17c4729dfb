"""What it means to forget one person at a destination."""

from __future__ import annotations

from typing import NamedTuple


class Known(NamedTuple):
    """How a destination knows a person."""

    identify_by: str
    """The vendor's identifier; empty for its default id."""
    external_id: str
    remote_id: str | None = None
    """The id that the vendor gave the person's record, where it names records and that is known."""


class Erased(NamedTuple):
    """What came of it; neither text holds an identity."""

    endpoint: str
    """The call that erases, as the vendor's page writes it."""
    answer: str
    """What was answered, such as `204`, or `nobody` where the vendor does not have the person."""
    is_done: bool = True
    """False for a vendor that has only taken the order: asking again tells whether it is done."""


NOBODY = "nobody"
