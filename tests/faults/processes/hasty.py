"""`python -m sync` with leases of a few seconds, so that tests need not wait for minutes."""

from __future__ import annotations

import sys
from functools import partial

from sync.cli.root import run
from sync.commands import apply
from sync.state.store import Terms

TERMS = Terms(seconds=6, grace_seconds=2)
OVER_SECONDS = TERMS.seconds + TERMS.grace_seconds + 1.0
"""After so long, a run that has stopped extending its lease may be taken over."""

if __name__ == "__main__":
    apply.RunOptions = partial(apply.RunOptions, terms=TERMS)  # type: ignore[assignment, misc]
    sys.exit(run())
