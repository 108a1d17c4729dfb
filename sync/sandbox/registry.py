"""Which vendors the sandbox has. A new one is a file with a `Vendor`, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.sandbox.customerio import Customerio
from sync.sandbox.fullstory import Fullstory
from sync.sandbox.gainsight_px import GainsightPx
from sync.sandbox.launchdarkly import Launchdarkly
from sync.sandbox.qualtrics import Qualtrics
from sync.sandbox.vendor import Vendor

VENDORS: Mapping[str, type[Vendor[Any]]] = {
    vendor.name: vendor for vendor in (Customerio, Fullstory, GainsightPx, Launchdarkly, Qualtrics)
}
"""By name, which is also the first part of their URLs."""
