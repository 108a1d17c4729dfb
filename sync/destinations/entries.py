"""What connections and models' entries have in common, whatever the vendor."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sync.model import Kind, Sync
from sync.rules import ExitCause


class Strict(BaseModel):
    """Values that can't be changed, of keys that are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(Strict):
    """What a model's entry may say to one vendor alone: its options.

    An option decides where rows are written, unless it is named here: another value means that
    everybody leaves the old place and joins the new one.
    """

    ASIDE: ClassVar[frozenset[str]] = frozenset()
    """Options that change nothing about rows which were acknowledged."""
    MANNER: ClassVar[frozenset[str]] = frozenset()
    """Options that decide how a row is written: another value asserts every row again."""


class Connection(Strict):
    """What stands in profiles.yml. `base_url` sends everything to a stand-in instead.

    One that is written and empty is an error: without it, requests go to the vendor itself.
    """

    base_url: str | None = None
    requests_per_second: float | None = Field(None, gt=0, le=1000)

    @field_validator("base_url", mode="before")
    @classmethod
    def _is_an_address(cls, value: object) -> object:
        """Runs only where the key is written, so that leaving it out still means the vendor."""
        if value is None or (isinstance(value, str) and not value.strip()):
            raise ValueError("is empty; write an address, or remove the key to send to the vendor")
        if isinstance(value, str) and not _names_a_host(value):
            raise ValueError("must be https://, a host and at most a port and a path")
        return value


def _names_a_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


class Event(Strict):
    """An event sent when somebody enters or leaves a segment."""

    event: str = Field(min_length=1)


class ExitEvent(Event):
    """An event sent when somebody leaves; `except` names causes for which it is not."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    silent: tuple[ExitCause, ...] = Field((), alias="except")


class Transitions(Entry):
    """A model's entry for a vendor that takes events when somebody enters or leaves a segment."""

    ASIDE: ClassVar[frozenset[str]] = frozenset({"on_enter", "on_exit"})

    on_enter: Event | None = None
    on_exit: ExitEvent | None = None


def misplaced(
    sync: Sync, options: BaseModel, fitting: Mapping[str, Collection[Kind]]
) -> Iterator[tuple[str, str]]:
    """(what is wrong, how to mend it) for each key that was given and is not for this kind."""
    for key, kinds in fitting.items():
        if sync.kind not in kinds and key in options.model_fields_set:
            wanted = " and ".join(sorted(kinds))
            yield f"`{key}` is for kind {wanted}, the model is of kind {sync.kind}", "remove it"
