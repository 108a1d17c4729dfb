from __future__ import annotations

import importlib.metadata
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from sync.destinations import registry
from sync.destinations.customerio import Customerio


def test_a_built_in_destination_loads_by_name() -> None:
    assert registry.load("customerio") is Customerio
    assert "customerio" in registry.names()


def test_an_unknown_name_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        registry.load("customer.io")


def test_naming_destinations_imports_none_of_them() -> None:
    script = (
        "import sys; from sync.destinations import registry; registry.names();"
        "assert 'sync.destinations.customerio' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_another_package_adds_a_destination_but_takes_none_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = [
        importlib.metadata.EntryPoint(name, "sync.destinations.spec:Limits", registry.GROUP)
        for name in ("acme", "customerio")
    ]

    def installed(group: str, name: str | None = None) -> list[importlib.metadata.EntryPoint]:
        return [point for point in points if name in (None, point.name)]

    built_in = registry.built_in()
    monkeypatch.setattr(registry, "entry_points", installed)
    assert registry.names() == sorted({*built_in, "acme"})
    assert registry.load("acme").__name__ == "Limits"
    assert registry.load("customerio") is Customerio


@pytest.mark.parametrize("name", registry.built_in())
def test_a_destination_opens_with_one_short_file(name: str) -> None:
    """What is sent, where, under which limits: read at one sitting; the rest stands beside."""
    source = inspect.getsourcefile(registry.load(name))
    assert source is not None
    assert Path(source).name == "__init__.py"
    assert len(Path(source).read_text(encoding="utf-8").splitlines()) <= 155
