"""Which vendors the sandbox has. A new one is a file with a `Vendor`, and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.sandbox.customerio import Customerio
from sync.sandbox.vendor import Vendor

VENDORS: Mapping[str, type[Vendor[Any]]] = {vendor.name: vendor for vendor in (Customerio,)}
"""By name, which is also the first part of their URLs."""
