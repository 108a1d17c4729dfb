"""bqemulator's server, with some of BigQuery's ways that it lacks. Its arguments are a port and a
folder for DuckDB's extensions.

Run by the Python of `make emulators`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_spatial
from bqemulator import cli, server
from bqemulator.domain.errors import NotFoundError
from bqemulator.sql.rewriter import information_schema
from starlette.requests import Request
from starlette.responses import Response

STATUS = {"notFound": 404, "accessDenied": 403, "duplicate": 409}
TEMPORARY = re.compile(r"create\s+(or\s+replace\s+)?temp", re.IGNORECASE)
ESCAPED = re.compile(r"\\x([01][0-9a-f])")
"""A control character, which the emulator's translator leaves as it is written."""
SCANNED = "1000"
"""Bytes that each statement is said to have read."""
WRITES = re.compile(r"(update|delete)\b", re.IGNORECASE)

_create_app = server.create_app
_tables = information_schema.expand_information_schema_tables


def with_extensions(home: Path) -> None:
    """Where DuckDB looks for the extension that the emulator loads."""
    name = "spatial.duckdb_extension"
    found = next(Path(duckdb_extension_spatial.__file__).parent.rglob(name))
    there = home / ".duckdb" / "extensions" / f"v{duckdb.__version__}" / "linux_amd64"
    there.mkdir(parents=True, exist_ok=True)
    shutil.copy(found, there / name)
    os.environ["HOME"] = str(home)


def with_data_sets(sql: str, project: str, catalog: Any) -> str:
    """Control characters decoded; and a data set that is not there has no catalogue."""
    sql = ESCAPED.sub(lambda found: chr(int(found[1], 16)), sql)
    for pattern in (information_schema._TABLES_PROJECT_DS, information_schema._TABLES_DS):
        for found in pattern.finditer(sql):
            if catalog.get_dataset(project, found["dataset"]) is None:
                raise NotFoundError(f"Not found: Dataset {project}:{found['dataset']}")
    expanded: str = _tables(sql, project, catalog)
    return expanded


def refusal(asked: dict[str, Any]) -> str:
    """What BigQuery refuses and DuckDB does not."""
    sql = asked.get("query", "").strip()
    if TEMPORARY.match(sql) and not asked.get("connectionProperties"):
        return "Use of CREATE TEMPORARY TABLE requires a script or session"
    if WRITES.match(sql) and "where" not in sql.lower():
        return "DML statement must have a WHERE clause"
    return ""


def with_refusals(context: Any) -> Any:
    """A statement that fails is an HTTP error, and one that succeeds has read something."""
    app = _create_app(context)

    @app.middleware("http")
    async def refuse(request: Request, go_on: Callable[[Request], Any]) -> Response:
        if not request.url.path.endswith("/queries"):
            answer: Response = await go_on(request)
            return answer
        if said := refusal(json.loads(await request.body() or "{}")):
            return failed({"reason": "invalidQuery", "message": said})
        made = await go_on(request)
        body = b"".join([part async for part in made.body_iterator])
        answered = json.loads(body)
        if errors := answered.get("errors"):
            return failed(errors[0])
        if "totalBytesProcessed" in answered:  # it says 0 of everything
            body = json.dumps({**answered, "totalBytesProcessed": SCANNED}).encode()
        return Response(body, made.status_code, media_type="application/json")

    return app


def failed(error: dict[str, str]) -> Response:
    status = STATUS.get(error["reason"], 400)
    said = {"error": {"code": status, "message": error["message"], "errors": [error]}}
    return Response(json.dumps(said), status, media_type="application/json")


if __name__ == "__main__":
    port, home = sys.argv[1:]
    with_extensions(Path(home))
    server.create_app = with_refusals
    information_schema.expand_information_schema_tables = with_data_sets
    cli.main(["start", "--rest-port", port, "--grpc-port", "0", "--log-level", "warning"])
