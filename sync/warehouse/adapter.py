"""Any other dbt adapter: its credentials class and its connection manager log us in.

Only the adapter layer is imported, never dbt-core: it costs a second instead of several.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock, local
from typing import Any

from sync.errors import ConfigError, Problem, WarehouseError
from sync.warehouse.athena import AthenaSession
from sync.warehouse.bigquery import BigQuerySession
from sync.warehouse.databricks import DatabricksSession
from sync.warehouse.dialect import FACTS
from sync.warehouse.errors import driver_words
from sync.warehouse.port import Session
from sync.warehouse.postgres import PostgresSession
from sync.warehouse.redshift import RedshiftSession
from sync.warehouse.session import AdapterSession
from sync.warehouse.snowflake import SnowflakeSession
from sync.warehouse.spark import SparkSession
from sync.warehouse.trino import TrinoSession

DIALECTS = {"sqlserver": "tsql", "synapse": "tsql"}
"""Adapters whose sqlglot dialect has another name."""
SESSIONS: Mapping[str, type[AdapterSession]] = {
    "postgres": PostgresSession,
    "redshift": RedshiftSession,
    "snowflake": SnowflakeSession,
    "bigquery": BigQuerySession,
    "trino": TrinoSession,
    "athena": AthenaSession,
    "databricks": DatabricksSession,
    "spark": SparkSession,
}
"""Drivers with words of their own, by dialect."""


@dataclass(slots=True)
class _AdapterConfig:
    """The part of dbt's runtime configuration that a connection manager reads."""

    credentials: Any
    profile_name: str = "activation"
    project_name: str = "activation"
    target_name: str = "activation"
    threads: int = 1
    query_comment: Any = None
    cli_vars: Mapping[str, Any] = field(default_factory=dict)
    target_path: str | None = None
    log_cache_events: bool = False


class AdapterWarehouse:
    """Whatever `dbt debug` can reach, this can: same credentials, same drivers.

    Raises ConfigError for an adapter that there are no facts about.
    """

    def __init__(
        self, adapter_type: str, credentials: Mapping[str, Any], state_schema: str = ""
    ) -> None:
        self.dialect = DIALECTS.get(adapter_type, adapter_type)
        if self.dialect not in FACTS:
            raise _without_facts(adapter_type)
        self.engine = adapter_type
        self._type = adapter_type
        self._credentials = credentials
        self._state_schema = state_schema
        self._manager: Any = None
        self._making = Lock()
        self._of_thread = local()

    @contextmanager
    def session(
        self, wait_seconds: float = 60.0, is_stopping: Callable[[], bool] = lambda: False
    ) -> Iterator[Session]:
        """Open a connection of its own, closed at the end; within another session of the same
        thread, the same one.

        Where the engine can, no statement waits longer than `wait_seconds` for a lock.
        """
        known: AdapterSession | None = getattr(self._of_thread, "session", None)
        if known is not None:
            yield known
            return
        with self._opened() as session:
            self._of_thread.session = session
            try:
                session.prepare(wait_seconds, self._state_schema)
                yield session
            finally:
                self._of_thread.session = None

    @contextmanager
    def _opened(self) -> Iterator[AdapterSession]:
        with self._making:
            manager = self._connection_manager()
        try:
            manager.set_connection_name("activation")
            connection = manager.get_thread_connection()
            session = SESSIONS.get(self.dialect, AdapterSession)(connection.handle, self.dialect)
            session.credentials = connection.credentials
        except Exception as e:  # adapters raise their own errors here
            raise _unreachable(self._type, e) from e
        try:
            yield session
        finally:
            with contextlib.suppress(Exception):
                session.close()
            manager.clear_thread_connection()

    def _connection_manager(self) -> Any:
        if self._manager is None:
            try:
                from dbt.adapters.factory import FACTORY

                credentials_class = FACTORY.load_plugin(self._type)
            except Exception as e:
                raise _no_adapter(self._type) from e
            values = credentials_class.translate_aliases(
                {k: v for k, v in self._credentials.items() if k not in {"type", "threads"}}
            )
            config = _AdapterConfig(credentials_class.from_dict(values))
            manager = FACTORY.get_plugin_by_name(self._type).adapter.ConnectionManager
            try:
                self._manager = manager(config, multiprocessing.get_context("spawn"))
            except OSError as e:  # its lock takes a place in shared memory
                raise _unreachable(self._type, e) from e
        return self._manager


def _unreachable(adapter_type: str, error: Exception) -> WarehouseError:
    return WarehouseError(
        Problem(
            "warehouse-unreachable",
            f"the {adapter_type} adapter could not connect: {driver_words(error)}",
            where="profiles.yml, outputs.<target>",
            fix="run: dbt debug",
        )
    )


def _without_facts(adapter_type: str) -> ConfigError:
    return ConfigError(
        Problem(
            "adapter-unknown",
            f"no SQL can be written for {adapter_type}: nothing is known here of its transactions,"
            " types and hashes",
            where="profiles.yml, outputs.<target>.type",
            fix="use a target on another adapter",
        )
    )


def _no_adapter(adapter_type: str) -> ConfigError:
    return ConfigError(
        Problem(
            "adapter-missing",
            f"the dbt adapter for {adapter_type} is not installed in this environment",
            where="profiles.yml, outputs.<target>.type",
            fix=f"run: pip install dbt-{adapter_type}",
        )
    )
