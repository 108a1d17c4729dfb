"""Credentials of the sandbox's Qualtrics, and every fact the public sources leave open."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activation_sandbox.vendor import Switches

Criterion = Literal["externalDataReference", "email", "phone"]


class QualtricsSwitches(Switches):
    """Defaults follow the sources where they agree; otherwise the reading a client must survive."""

    api_token: str = "sandbox-qualtrics-token"
    client_id: str = "sandbox-qualtrics-client"
    client_secret: str = "sandbox-qualtrics-secret"
    token_seconds: int = Field(3600, gt=0, description="how long an OAuth token is good for")
    may_write: bool = Field(True, description="the user may write contacts; otherwise 403")
    may_read_surveys: bool = Field(True, description="the user may export; otherwise 403")

    datacenter: str = Field("iad1", description="where the account lives")
    brand_id: str = "sandbox"
    directory_id: str = "POOL_sandbox"
    is_lite: bool = Field(False, description="XM Directory Lite: no directory is listed")
    lists: dict[str, str] = Field(
        {
            "CG_sync": "zz data sync - do not send",
            "CG_churn": "churn_risk",
            "CG_winback": "Win-back survey",
        },
        description="mailing lists that exist after a reset, by id",
    )
    surveys: dict[str, str] = Field(
        {"SV_sandbox": "Why did you leave?"},
        description="surveys that exist after a reset, by id; responses are seeded",
    )
    deduplication: frozenset[Criterion] = Field(
        frozenset({"externalDataReference"}),
        description="fields that each are a rule of automatic deduplication, in this order",
    )
    blank_overwrites: bool = Field(
        False, description="directory setting: a blank empties the field instead of being ignored"
    )

    oversize_status: Literal[400, 413] = Field(413, description="answer to too large an import")
    large_pages: Literal["refuse", "clamp"] = Field(
        "refuse", description="a list page of more than 50 contacts"
    )
    job_polls: int = Field(1, ge=0, description="status calls before a job says it is done")
    most_jobs: int = Field(125, ge=0, description="import jobs running or queued, then 429")
    done_word: str = Field("complete", description="the status of a finished import")
    index_base: Literal[0, 1] = Field(0, description="where `sourceIndexId` starts")
    row_numbers: Literal["number", "text", "object"] = Field(
        "number",
        description="how an import's answers write the number of a row; `object` is for the rows"
        " that are refused at once",
    )
    skip_token: Literal["inside", "beside", "next_page"] = Field(
        "inside",
        description="where a report names its next page: among the results, beside them, or as a"
        " whole address",
    )
    import_phone: Literal["refuse", "accept"] = Field(
        "refuse", description="a phone in the contact of an import, whose schema has none"
    )
    report_page: int = Field(1000, gt=0, description="entries in one page of an import's report")
    refusals: Literal["unprocessed", "failed"] = Field(
        "unprocessed", description="whether an import refuses a row at once or in its job"
    )
    rejoining_forgets_opt_out: bool = Field(
        True, description="leaving a list and coming back opts the contact in again"
    )
    search_delay_seconds: float = Field(
        0.0, ge=0, description="how long a new contact can't be found by search"
    )
    transactions_per_request: int | None = Field(
        None, gt=0, description="more entries than this are a 400; no limit is documented"
    )
    failing_exports: bool = Field(False, description="exports end as failed, at 100 percent")

    enforce_limits: bool = Field(
        False,
        description="429 beyond the documented requests per minute; off, because nobody is paced"
        " on this machine",
    )
    retry_after_seconds: int | None = Field(
        5, ge=0, description="Retry-After of those 429; null for none"
    )
