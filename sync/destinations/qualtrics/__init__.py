"""Qualtrics XM Directory: contacts, embedded data, mailing lists, transactions, survey responses.

Source: https://api.qualtrics.com, through its published clients (read 2026-11). Contacts go one by
one or as import jobs; an exit has no bulk call. See docs/destinations/qualtrics.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from sync.destinations.credentials import Header
from sync.destinations.exchange import JSON, Conversation, Endpoint, Limits, Verdict
from sync.destinations.names import unmarked_email
from sync.destinations.options import Connection
from sync.destinations.qualtrics import contacts, imports, readiness, reading, responses
from sync.destinations.qualtrics.contacts import ListId, Options
from sync.destinations.qualtrics.delivery import Delivery
from sync.destinations.qualtrics.wire import ROOT
from sync.destinations.spec import Destination, Lag, Page
from sync.destinations.stages import Stage
from sync.destinations.transitions import PEOPLE
from sync.model import Change, JobRow, Kind, Outcome, Sync

WRITES_PER_SECOND = 350 / 60
"""Of the 500 a minute that contact writes and searches have for the whole brand."""
READS_PER_SECOND = 1500 / 60
"""Of the brand's 3000 a minute."""


class Settings(Connection):
    """A connection: one directory of one brand."""

    datacenter: str = Field(pattern=r"^[a-z0-9.-]+$")
    api_token: SecretStr = Field(min_length=1)
    directory_id: str = Field(pattern=r"^POOL_[A-Za-z0-9]+$")
    mailing_list: ListId
    deduplicate_by: Literal["extRef", "email"] = "extRef"
    empty_value: str = Field("-", max_length=100)
    import_minutes: float = Field(
        30,
        ge=0,
        le=60,
        description="How long a run waits for an import; the next run asks about one that takes"
        " longer.",
    )
    surveys: tuple[Annotated[str, StringConstraints(pattern=r"^SV_[A-Za-z0-9]+$")], ...] = ()
    responses_since: date | None = None
    forget: Literal["delete"] | None = Field(
        None, description="Whether `forget` deletes a contact from the directory and all lists."
    )
    requests_per_second: float | None = Field(None, gt=0, le=500 / 60)

    def list_path(self, mailing_list: str) -> str:
        """Where a mailing list is, below the API's root."""
        return f"/directories/{self.directory_id}/mailinglists/{mailing_list}"


class Qualtrics(Destination):
    """One directory of XM Directory."""

    name = "qualtrics"
    kinds = PEOPLE | {Kind.EVENTS}
    settings = Settings
    stand_in = {
        "base_url": "/qualtrics",
        "datacenter": "iad1",
        "api_token": "sandbox-qualtrics-token",
        "directory_id": "POOL_sandbox",
        "mailing_list": "CG_sync",
    }
    options = Options
    verdicts = {400: Verdict.READ, 404: Verdict.READ}
    normal_forms = {"": "any_case", "email": "email"}
    opt_outs = {"unsubscribed": True}
    person_fields = frozenset({"ext_ref", "recipient_email"})
    answer_fields = frozenset({"answers"})
    lag = Lag(300.0, "Qualtrics' search follows writes after a delay")
    has_read_back = True
    check = readiness.check
    find = reading.find
    forget = reading.forget
    mapping_errors = staticmethod(contacts.mapping_errors)
    unready = readiness.unready

    def __init__(self, settings: Settings) -> None:
        self.connection = settings
        rate = settings.requests_per_second
        # One batch at a time: Qualtrics works off the writes to one list one after the other.
        self.limits = Limits(10_000, 4_500_000, 64_000, rate or WRITES_PER_SECOND, concurrency=1)
        center = settings.datacenter
        host = settings.url(f"https://{center}.qualtrics.com", f"/{center}") + ROOT
        auth = Header(settings.api_token, prefix="", name="X-API-TOKEN")
        reads = None if settings.base_url else READS_PER_SECOND
        # Two addresses of one host, so that reads are paced by their own, higher limit.
        self.endpoints = {
            "directory": Endpoint(f"{host}/directories/{settings.directory_id}", auth, rate),
            "api": Endpoint(host, auth, reads),
        }

    @staticmethod
    def mapping_hints(sync: Sync) -> Iterable[tuple[str, str]]:
        """An e-mail address that goes out as the extRef."""
        return unmarked_email(sync, "extRef")

    @staticmethod
    def login_url(settings: Mapping[str, str]) -> str | None:
        """The host of the data centre."""
        center = settings.get("datacenter")
        return f"https://{center}.qualtrics.com" if center else None

    def encode(self, sync: Sync, change: Change) -> Sequence[JSON]:
        """Three parts: the contact, its opt-out, its transaction's data."""
        return contacts.parts(sync, change, self.connection.empty_value)

    def stages(self) -> Sequence[Stage]:
        """Contacts and memberships, then opt-outs, then transactions."""
        settings = self.connection
        directory, home = f"/directories/{settings.directory_id}", settings.mailing_list
        return Delivery(directory, home, 60 * settings.import_minutes).stages()

    def resume(self, job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
        """What an import did."""
        return (yield from imports.resume(job, [row.place for row in rows]))

    def pull(self, cursor: str | None) -> Conversation[Page]:
        """Responses to the connection's `surveys` since the cursor; records of one shape."""
        settings = self.connection
        since = settings.responses_since
        return (yield from responses.pull(settings.surveys, cursor, since))
