"""The same project on DuckDB, and what two days of a project send, to compare them by."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from activation_sandbox.server import Sandbox

from e2e.emulated import Emulated

VARYING = re.compile(rb'"timestamp":\d+|"id":"[0-9A-Z]{26}"')
"""What a run's own time is in."""
ITEM = re.compile(rb'(?:^\{"batch":\[|,)(?=\{"type":)')


@dataclass
class OnDuckDB(Emulated):
    """A project of the same files where the tests run, on the engine that is proven."""

    dbt_program: ClassVar[str] = str(Path(sys.executable).with_name("dbt"))
    program = (sys.executable, "-m", "sync")


def two_days(project: Emulated, sandbox: Sandbox) -> list[tuple[str, str, list[bytes]]]:
    """Every request of two days but for what a run's own time is in."""
    sandbox.control.reset()
    project.sync("apply")
    project.dbt("build", "--vars", "day: 2")
    project.sync("apply")
    return sent_to(sandbox)


def sent_to(sandbox: Sandbox) -> list[tuple[str, str, list[bytes]]]:
    """The requests that it has, each with its items."""
    sent = sandbox._server._traffic.exchanges
    return [(x.entry.method, x.entry.path, _items(x.sent)) for x in sent]


def _items(body: bytes) -> list[bytes]:
    """The items of a request, whose order an engine chooses as it likes."""
    return sorted(ITEM.split(VARYING.sub(b"", body.removesuffix(b"]}"))))
