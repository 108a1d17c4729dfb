"""Which vendors the sandbox has. A new one is a file with a `Vendor`, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from activation_sandbox.customerio import Customerio
from activation_sandbox.fullstory import Fullstory
from activation_sandbox.gainsight_px import GainsightPx
from activation_sandbox.launchdarkly import Launchdarkly
from activation_sandbox.qualtrics import Qualtrics
from activation_sandbox.vendor import Vendor
from activation_sandbox.webhook import Webhook

VENDORS: Mapping[str, type[Vendor[Any]]] = {
    vendor.name: vendor
    for vendor in (Customerio, Fullstory, GainsightPx, Launchdarkly, Qualtrics, Webhook)
}
"""By name, which is also the first part of their URLs."""
