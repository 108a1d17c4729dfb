"""How a project reaches each vendor's stand-in, as profiles.yml.example says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CUSTOMERIO = "customerio"
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    CUSTOMERIO: {
        "region": "us",
        "site_id": "sandbox-site",
        "api_key": "sandbox-track-key",
        "app_api_key": "sandbox-app-key",
    },
    "fullstory": {
        "org_id": "SANDBOX",
        "api_key": "na1.sandbox-standard-key",
        "read_api_key": "na1.sandbox-architect-key",
    },
    "gainsight_px": {"api_key": "sandbox-px-key", "tag_key": "AP-SANDBOX00001-2"},
    "launchdarkly": {
        "project": "default",
        "environment": "test",
        "access_token": "api-sandbox",
        "sdk_key": "sdk-sandbox",
    },
    "qualtrics": {
        "datacenter": "iad1",
        "api_token": "sandbox-qualtrics-token",
        "directory_id": "POOL_sandbox",
        "mailing_list": "CG_sync",
    },
    "webhook": {"secret": "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMDAx"},
}
PATHS = {"webhook": "webhook/hook"}
"""Where a stand-in's address is more than its name."""


def settings(vendor: str, url: str, **more: Any) -> dict[str, Any]:
    """A connection's block in profiles.yml."""
    return {"base_url": f"{url}/{PATHS.get(vendor, vendor)}", **SETTINGS[vendor], **more}
