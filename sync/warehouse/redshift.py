"""Redshift, through its own connector as dbt-redshift opens it."""

from __future__ import annotations

from sync.warehouse.session import AdapterSession


class RedshiftSession(AdapterSession):
    """A connection in UTC: its clock is read in the session's zone."""

    def prepare(self, wait_seconds: float, state_schema: str) -> None:
        """Whatever zone the user has set."""
        super().prepare(wait_seconds, state_schema)
        self.execute("set timezone to 'UTC'")
