"""Keys and limits of the sandbox's Fullstory, and every fact the public sources leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activation_sandbox.vendor import Switches


class FullstorySwitches(Switches):
    """Defaults follow the sources where they agree; otherwise the reading a client must survive."""

    standard_key: str = "na1.sandbox-standard-key"
    architect_key: str = "na1.sandbox-architect-key"
    org_id: str = Field("SANDBOX", description="the account, as /me names it")

    page_size: int = Field(10, ge=1, description="users in a page of a list")
    job_page_size: int = Field(100, ge=1, description="results of a job in a page")
    job_polls: int = Field(
        1, ge=0, description="so many times a job says it is processing, whatever is true"
    )
    job_seconds: float = Field(0.0, ge=0, description="how long a job takes once it runs")
    batch_items: int = Field(50_000, ge=1, description="items in a job")
    running_jobs: int = Field(100, ge=1, description="jobs that run at a time; others wait")
    open_jobs: int = Field(200, ge=1, description="429 beyond so many unfinished jobs")
    open_operations: int = Field(500_000, ge=1, description="429 beyond so many unfinished items")
    request_bytes: int | None = Field(None, gt=0, description="413 beyond; none is published")
    requests_per_second: int | None = Field(
        None, gt=0, description="429 beyond; no number is published"
    )
    job_results_key: Literal["standard", "architect"] = Field(
        "architect", description="the key that may read what became of a job's items"
    )

    bad_name: Literal["reject", "accept"] = Field("reject", description="an illegal property name")
    null_property: Literal["clear", "ignore", "reject"] = Field(
        "clear", description="what a JSON null does to a property"
    )
    delete_seconds: float = Field(0.0, ge=0, description="how long a deleted user stays readable")
    key_conflict: Literal[400, 409, 422] = Field(
        400, description="answer to another body under a used Idempotency-Key"
    )
    server_errors: int = Field(
        0, ge=0, description="the first so many writes fail inside with 500, without an effect"
    )
    replays_server_errors: bool = Field(
        False, description="a 500 is kept under its Idempotency-Key and given again"
    )
