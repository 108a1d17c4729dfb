"""The dbt adapters that the sync was run on.

Databases differ in what a transaction covers, how decimals are described, whether a key is unique
and how names are folded. Each of these has sent wrong values or emptied people where an adapter
was let in untried.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from sync.errors import Problem

PROVED = ("duckdb", "postgres")
EMULATED: Mapping[str, str] = {
    "snowflake": "fakesnow",
    "spark": "Sail",
    "bigquery": "bqemulator",
}
"""Adapters that were run with their own driver on an emulator only, and which."""
ALLOW = "SYNC_ALLOW_ADAPTER"
"""The environment variable that lets in the one adapter it names."""


def unproved(adapter: str, environ: Mapping[str, str] = os.environ) -> Problem | None:
    """What speaks against an adapter that was never run; None where it may be used."""
    if adapter in (*PROVED, *EMULATED) or environ.get(ALLOW) == adapter:
        return None
    emulated = f"only on {' and '.join(PROVED)}, and on an emulator of {' and '.join(EMULATED)}"
    return Problem(
        "adapter-unproved",
        f"the sync was never run on {adapter}, {emulated}",
        where="profiles.yml, outputs.<target>.type",
        hint="Untried, it may send wrong values, remove people, or send every row again.",
        fix=f"use a target on {' or '.join(PROVED)};"
        f" to try {adapter} all the same, on data that may be lost, set {ALLOW}={adapter}",
    )


def emulated(adapter: str) -> Problem | None:
    """What is not known of an adapter that was run on an emulator only; None of others."""
    if adapter not in EMULATED:
        return None
    return Problem(
        "adapter-emulated",
        f"the sync was run on an emulator of {adapter} only ({EMULATED[adapter]}), never on"
        f" {adapter} itself: look at a plan first, then send to a test account",
    )
