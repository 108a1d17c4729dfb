"""Real dbt, real warehouses, a real sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "end_to_end" / "support"))

from e2e.fixtures import forks, lab_on, postgres_uri, running_sandbox, sandbox, warehouse_of

__all__ = ["forks", "lab_on", "postgres_uri", "running_sandbox", "sandbox", "warehouse_of"]
