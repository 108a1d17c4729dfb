"""Which destinations there are: those built in, and those installed under an entry point."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from sync.destinations.spec import Destination

GROUP = "dbt_activation.destinations"
"""Entry point group for destinations of other packages: `name = "package.module:Class"`."""

_BUILT_IN = {
    "customerio": "sync.destinations.customerio:Customerio",
    "fullstory": "sync.destinations.fullstory:Fullstory",
    "gainsight_px": "sync.destinations.gainsight_px:GainsightPx",
    "launchdarkly": "sync.destinations.launchdarkly:Launchdarkly",
    "qualtrics": "sync.destinations.qualtrics:Qualtrics",
    "webhook": "sync.destinations.webhook:Webhook",
}


def built_in() -> list[str]:
    """The vendors of this package, sorted."""
    return sorted(_BUILT_IN)


def names() -> list[str]:
    """All registered vendors, sorted. Nothing is imported."""
    return sorted({*_BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


def load(name: str) -> type[Destination]:
    """Import one vendor's class; a built-in name can't be taken over. KeyError when unknown."""
    if path := _BUILT_IN.get(name):
        return _imported(EntryPoint(name, path, GROUP))
    for point in entry_points(group=GROUP, name=name):
        return _imported(point)
    raise KeyError(name)


def _imported(point: EntryPoint) -> type[Destination]:
    destination: type[Destination] = getattr(import_module(point.module), point.attr)
    return destination
