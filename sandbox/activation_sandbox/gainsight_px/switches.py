"""Credentials and attributes of the sandbox's Gainsight PX, and what its sources leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activation_sandbox.vendor import Switches

AttributeType = Literal["STRING", "NUMBER", "BOOLEAN", "DATE_TIME"]


class GainsightPxSwitches(Switches):
    """Defaults follow the sources where they agree; otherwise the strictest reading."""

    api_key: str = "sandbox-px-key"
    read_only_key: str = "sandbox-px-read-only-key"
    tag_key: str = "AP-SANDBOX00001-2"
    region: Literal["us", "eu", "us2"] = Field("us", description="where the subscription lives")

    user_attributes: dict[str, AttributeType] = Field(
        {
            "lifecycle_stage": "STRING",
            "seats_used": "NUMBER",
            "shop_cart_recovery": "BOOLEAN",
            "shop_cart_recovery_reason": "STRING",
            "shop_cart_recovery_tier": "STRING",
            "shop_cart_value": "NUMBER",
            "shop_checkout_friction": "BOOLEAN",
            "shop_checkout_friction_reason": "STRING",
        },
        description="custom attributes of users that an administrator has created",
    )
    account_attributes: dict[str, AttributeType] = Field(
        {"arr_band": "STRING"},
        description="custom attributes of accounts that an administrator has created",
    )
    disabled_attributes: frozenset[str] = Field(
        frozenset(), description="attributes, also default ones, that are switched off"
    )
    bad_attribute: Literal["reject", "drop"] = Field(
        "reject", description="unknown, disabled or wrongly typed: 400, or 204 and dropped"
    )
    merge_custom_attributes: bool = Field(
        True, description="PUT merges customAttributes key by key, or replaces all of them"
    )
    null_clears: bool = Field(True, description="a null empties a value, or is ignored")
    property_keys_on_put: Literal["replace", "ignore"] = "replace"
    revival_days: float = Field(
        7.0, ge=0, description="a write brings back a user deleted less long ago"
    )

    write_status: Literal["documented", 200, 202] = Field(
        "documented", description="201 and 204 for writes, or this for all of them"
    )
    forbidden_body: Literal["html", "json"] = "html"
    requests_per_second: int | None = Field(
        None, gt=0, description="answer 429 beyond this; the vendor's limit is about 200"
    )
    retry_after: int | None = Field(None, ge=0, description="sent along with a 429")

    dedupe_event_ids: bool = Field(False, description="an eventId seen before is dropped")
    oversized_event: Literal["reject", "truncate"] = "reject"
    event_of_nobody: Literal["keep", "reject"] = Field(
        "keep", description="an event of an unknown user"
    )

    external_segments: Literal["on", "403", "404"] = Field(
        "on", description="whether Gainsight support has switched them on"
    )
    segment_id: Literal["id", "external_id", "either"] = Field(
        "id", description="what segmentId names in a change of membership"
    )
    repeated_membership: Literal["accept", "reject"] = Field(
        "accept", description="adding a member again, or removing one who is none"
    )
