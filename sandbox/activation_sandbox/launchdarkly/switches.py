"""Credentials of the sandbox's LaunchDarkly, and every fact the public sources leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activation_sandbox.vendor import Switches


class LaunchdarklySwitches(Switches):
    """Defaults follow the sources where they agree; otherwise the reading a client must survive."""

    access_token: str = "api-sandbox"
    reader_token: str = Field("api-sandbox-reader", description="may read and not write")
    sdk_key: str = "sdk-sandbox"
    mobile_key: str = "mob-sandbox"
    client_side_id: str = Field("5f0000000000000000000001", description="also the environment's id")
    account_id: str = "5f00000000000000000000aa"
    project: str = "default"
    environment: str = "test"
    region: Literal["us", "eu", "federal"] = Field(
        "us", description="synced segments exist in the US only"
    )

    approvals: bool = Field(False, description="segments need approval: targeting answers 403")
    bypasses_approvals: bool = Field(False, description="the token's role passes all the same")
    conflict_once: bool = Field(False, description="the next PATCH of each segment answers 409")
    unknown_after_create: int = Field(
        0, ge=0, description="how many requests a new segment answers 404 at first"
    )
    requests_per_window: int | None = Field(
        None, gt=0, description="answer 429 beyond this, per route and window of 10 seconds"
    )
    reset: Literal["ahead", "past", "absent"] = Field(
        "ahead", description="where the 429's X-Ratelimit-Reset points"
    )
    strict_fields: bool = Field(
        False, description="refuse unknown body fields, which LaunchDarkly silently ignores"
    )
    max_patch_targets: int = Field(1500, description="target operations of one PATCH")
    max_targets: int = Field(15_000, description="targets of a standard segment")
    max_big_batch: int | None = Field(
        None, description="keys of one POST to a big segment; no limit is documented"
    )
    noop_raises_version: bool = Field(False, description="a PATCH that changes nothing counts")
    big_segment_store: bool = Field(True, description="a store for big segments is configured")
    import_seconds: float = Field(0.0, ge=0, description="how long an import is in progress")
    import_needs_approval: bool = False
    oversized_import_status: Literal[400, 413] = Field(
        413, description="answer to an event import of more than 10 MB"
    )
    payload_memory: int = Field(100_000, gt=0, description="payload ids that are remembered")
