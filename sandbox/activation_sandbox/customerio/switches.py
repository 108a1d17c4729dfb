"""Credentials of the sandbox's Customer.io, and every fact the public sources leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activation_sandbox.vendor import Switches


class CustomerioSwitches(Switches):
    """Defaults follow the sources where they agree; otherwise the reading a client must survive."""

    site_id: str = "sandbox-site"
    track_key: str = "sandbox-track-key"
    app_key: str = "sandbox-app-key"
    source_key: str = "sandbox-source-key"

    region: Literal["us", "eu"] = Field("us", description="where the account lives")
    environment_id: int = Field(4711, description="the workspace, as the region call names it")
    region_url: Literal["vendor", "sandbox"] = Field(
        "vendor", description="the region call names Customer.io's host, or this server"
    )
    wrong_region: Literal[301, 302, 307, 308] | Literal["accept"] = Field(
        307, description="answer to an EU account on the US host"
    )

    identifiers: frozenset[Literal["id", "email", "phone"]] = Field(
        frozenset({"id", "email"}), description="identifiers enabled in the workspace"
    )
    update_email_by_id: bool = Field(
        False, description="workspace setting: an id may replace an email once set"
    )
    object_types: frozenset[str] = Field(
        frozenset({"1", "2", "3"}), description="object types created in the workspace"
    )
    disabled_object_types: frozenset[str] = Field(
        frozenset(), description="object types that are switched off: writes vanish in silence"
    )
    anonymous_merging: bool = Field(
        True, description="a linked anonymous_id brings its events of the last 30 days"
    )

    kilobyte: Literal[1000, 1024] = Field(1000, description="what the documented kb means")
    oversize_status: Literal[400, 413] = Field(413, description="answer to too large a body")
    all_invalid_batch: Literal[207, 400] = Field(
        400, description="answer to a batch in which no item is valid"
    )
    empty_batch: Literal[200, 400] = Field(400, description="answer to a batch without items")
    shuffle_batches: bool = Field(True, description="items of a batch take effect in any order")
    track_requests_per_second: int | None = Field(
        None, gt=0, description="answer 429 beyond this; the vendor does not enforce its limit"
    )

    empty_string_removes: bool = Field(True, description='"" empties an attribute of a person')
    invalid_email: Literal["log", "reject"] = Field(
        "log", description="an attribute `email` that is none: 200 and an activity, or 207"
    )
    reused_email: Literal["conflict", "move"] = Field(
        "conflict",
        description="unknown id with an email whose owner has another id: failed change, or the"
        " owner takes the new id",
    )
    update_miss: Literal["failed_attribute_change", "skipped_update", "silent"] = Field(
        "failed_attribute_change", description="activity when `_update` finds nobody"
    )
    stale_scope: Literal["profile", "attribute"] = Field(
        "profile", description="what a timestamp is compared with"
    )
    stale_is_logged: bool = Field(False, description="a stale update leaves a skipped_update")

    event_id_scope: Literal["workspace", "person"] = Field(
        "workspace", description="where an event id counts as seen"
    )
    non_ulid_ids: Literal["dedupe", "ignore"] = Field(
        "dedupe", description="event ids that are no ULIDs"
    )
    unknown_person: Literal["create", "ignore"] = Field(
        "create", description="an event or relationship for somebody unknown"
    )
    unknown_object: Literal["create", "ignore"] = Field(
        "create", description="a relationship with an unknown object"
    )
    unknown_members: Literal["create", "ignore"] = Field(
        "ignore", description="adding unknown ids to a manual segment"
    )
    remove_needs_id: bool = Field(
        True, description="people without an id are not taken out of a manual segment"
    )

    app_rate_limit: bool = Field(True, description="enforce the App API's requests per second")
    membership_over_limit: Literal[200, 400] = Field(
        400, description="membership with limit above 30000: refused, or capped"
    )
    cdp_silent_401: bool = Field(
        True, description="Pipelines without strict mode answers 200 even to a wrong key"
    )
