"""What connections and models' options have in common, whatever the vendor."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from sync.destinations.credentials import Auth
from sync.destinations.exchange import Endpoint
from sync.model import Kind, Sync
from sync.rules import ExitCause

T = TypeVar("T")
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def require_https(url: str) -> None:
    """Raise ValueError for an address at which others on the way could read along."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in THIS_MACHINE:
        raise ValueError("must be https://; plain http reaches this machine only")


class Strict(BaseModel):
    """Values that can't be changed, of keys that are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Effect(Enum):
    """What another value of an option means for rows that were acknowledged.

    An option without one decides where rows are written: all members leave the old place and join
    the new one.
    """

    NONE = "none"
    MANNER = "manner"
    """It decides how a row is written: every row is asserted again."""
    PLACES = "places"
    """Its keys are traits of which each listed value is a place of its own."""


def only(*kinds: Kind) -> frozenset[Kind]:
    """Marks an option that is for these kinds alone."""
    return frozenset(kinds)


class VendorOptions(Strict):
    """What a model's entry may say to one vendor alone.

    What is particular about an option is an annotation of it, such as
    `update_only: Annotated[bool, Effect.MANNER, only(Kind.TRAITS)] = False`.
    """

    ASIDE: ClassVar[frozenset[str]] = frozenset()
    """Options with `Effect.NONE`; like the following, collected from the annotations."""
    MANNER: ClassVar[frozenset[str]] = frozenset()
    LISTED: ClassVar[frozenset[str]] = frozenset()
    KINDS: ClassVar[Mapping[str, Collection[Kind]]] = {}
    """Options that are for some kinds only."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Collect what is annotated."""
        marks = [(name, mark) for name, of in cls.model_fields.items() for mark in of.metadata]
        cls.ASIDE |= {name for name, mark in marks if mark is Effect.NONE}
        cls.MANNER |= {name for name, mark in marks if mark is Effect.MANNER}
        cls.LISTED |= {name for name, mark in marks if mark is Effect.PLACES}
        own = {name: mark for name, mark in marks if isinstance(mark, frozenset)}
        cls.KINDS = {**cls.KINDS, **own}

    @classmethod
    def of(cls, sync: Sync) -> Self:
        """The options of a sync, which are the defaults where its entry says nothing."""
        chosen: Self | None = sync.options
        return _defaults(cls) if chosen is None else chosen


@cache
def _defaults(options: type[T]) -> T:
    return options()


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

    def url(self, host: str, stand_in: str = "") -> str:
        """The vendor's host, or the path under `base_url` at which the stand-in has it."""
        return host if self.base_url is None else self.base_url.rstrip("/") + stand_in

    def endpoint(
        self, host: str, stand_in: str, auth: Auth, headers: Mapping[str, str] | None = None
    ) -> Endpoint:
        """The same, with its credential and the pace that the connection asks for."""
        url = self.url(host, stand_in)
        return Endpoint(url, auth, self.requests_per_second, headers or {})


def _names_a_host(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


class Event(Strict):
    """An event sent when a member enters or leaves a segment."""

    event: str = Field(min_length=1)


class ExitEvent(Event):
    """An event sent when a member leaves; `except` names causes for which it is not."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    silent: tuple[ExitCause, ...] = Field((), alias="except")


class Transitions(VendorOptions):
    """A model's entry for a vendor that takes events when a member enters or leaves a segment."""

    on_enter: Annotated[Event | None, Effect.NONE, only(Kind.SEGMENT)] = None
    on_exit: Annotated[ExitEvent | None, Effect.NONE, only(Kind.SEGMENT)] = None


def misplaced(sync: Sync) -> Iterator[tuple[str, str]]:
    """(what is wrong, how to mend it) for each option that was given and is not for this kind."""
    options = sync.options
    for key, kinds in options.KINDS.items() if isinstance(options, VendorOptions) else ():
        if sync.kind not in kinds and key in options.model_fields_set:
            wanted = " and ".join(sorted(kinds))
            yield f"`{key}` is for kind {wanted}, the model is of kind {sync.kind}", "remove it"
