"""Faults that the page can switch on with a click."""

from __future__ import annotations

from typing import NamedTuple

from activation_sandbox.faults import FaultSpec


class Preset(NamedTuple):
    """A fault under the words of its button."""

    words: str
    spec: FaultSpec


PRESETS = {
    "busy": Preset("503 for the next 10 requests", FaultSpec(kind="status", status=503, times=10)),
    "limit": Preset(
        "429 for the next 5 requests, retry after 2 s",
        FaultSpec(kind="status", status=429, headers={"retry-after": "2"}, times=5),
    ),
    "lost": Preset(
        "Apply the next 3 requests, and lose the answers",
        FaultSpec(kind="reset", when="after", times=3),
    ),
    "slow": Preset("Wait 3 s before each answer", FaultSpec(kind="delay", seconds=3)),
    "silent": Preset("Never answer the next request", FaultSpec(kind="hang", times=1)),
    "proxy": Preset("A proxy's HTML for the next 3 requests", FaultSpec(kind="html", times=3)),
    "key": Preset("401: the credentials are refused", FaultSpec(kind="status", status=401)),
}


def spec_of(name: str, vendor: str) -> FaultSpec:
    """The fault of a button, for one vendor or for all. Raises KeyError for another name."""
    return PRESETS[name].spec.model_copy(update={"vendor": vendor or None})
