"""The numbers that syncs have in what a command tells."""

from __future__ import annotations

from sync.model import Sync
from sync.report.events import Place


class Places:
    """Numbers syncs in the order in which they come up."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._known: dict[str, Place] = {}

    def of(self, sync: Sync) -> Place:
        """The sync's place, the next number when it is new."""
        if sync.name not in self._known:
            index = len(self._known) + 1
            self._known[sync.name] = Place(
                index, self.total, sync.name, sync.model, sync.connection, sync.unique_id
            )
        return self._known[sync.name]
