"""Google's own analyzer of BigQuery's SQL, ZetaSQL: what it refuses of statements, as JSON.

Run by the Python of `make emulators`. It reads `tables`, types by column by name, and `runs`, lists
of statements, and writes `refused`, a list of `[sql, error]`. Tables that a run creates are there
for what follows in it. Of `texts`, expressions, it writes what Google's own engine makes of them.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

from wasmtime import Module
from zetasql import types as t
from zetasql.api import Analyzer, CatalogBuilder, PreparedExpression
from zetasql.core import wasm_client

CACHE = Path(sys.prefix) / "zetasql.module"
"""The analyzer as it was compiled here; that takes half a minute."""


class Cached:
    """Stands in for the module, which is compiled once."""

    @staticmethod
    def from_file(engine: Any, path: str) -> Module:
        if CACHE.exists():
            return Module.deserialize_file(engine, str(CACHE))
        made = Module.from_file(engine, path)
        CACHE.write_bytes(made.serialize())
        return made


class Client(wasm_client.WasmClient):
    """Copies memory as a whole, and not byte by byte."""

    def _at(self, place: int) -> int:
        return ctypes.addressof(self.memory.data_ptr().contents) + place

    def write_bytes(self, ptr: int, data: bytes) -> None:
        ctypes.memmove(self._at(ptr), data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        return ctypes.string_at(self._at(ptr), size)


class Catalogue:
    """Tables by data set, as the analyzer knows them."""

    def __init__(self) -> None:
        language = t.LanguageOptions.maximum_features()
        language.product_mode = t.ProductMode.PRODUCT_EXTERNAL
        functions = t.ZetaSQLBuiltinFunctionOptions(language_options=language)
        self.root = CatalogBuilder("project").with_builtin_functions(functions).build()
        self.options = t.AnalyzerOptions(language_options=language)
        self.analyzer = Analyzer(self.options, self.root)
        self.number = 0

    def refusal(self, sql: str) -> str | None:
        try:
            found = self.analyzer.analyze_statement(sql)
        except Exception as error:  # noqa: BLE001  the binding has no class for them
            return str(error)
        if columns := getattr(found, "column_definition_list", None):
            self.put(found.name_path, [(c.name, c.type) for c in columns])
        return None

    def text(self, sql: str) -> str:
        with PreparedExpression(sql, self.options, self.root) as prepared:
            return str(prepared.execute().get_string())

    def put(self, path: list[str], columns: list[tuple[str, Any]]) -> None:
        self.number += 1
        made = [t.SimpleColumn(name=name, type=kind) for name, kind in columns]
        tables = self._within(path[:-1]).table
        tables[:] = [x for x in tables if x.name != path[-1]]
        tables.append(t.SimpleTable(name=path[-1], serialization_id=self.number, column=made))

    def _within(self, path: list[str]) -> Any:
        if not path:
            return self.root
        for one in self.root.catalog:
            if one.name == path[0]:
                return one
        self.root.catalog.append(t.SimpleCatalog(name=path[0]))
        return self.root.catalog[-1]


def main() -> None:
    asked = json.load(sys.stdin)
    refused = []
    catalogue = Catalogue()
    for name, types in asked["tables"].items():
        listed = ", ".join(f"`{column}` {kind}" for column, kind in types.items())
        parts = ".".join(f"`{part}`" for part in name.split("."))
        assert not catalogue.refusal(f"create table {parts} ({listed})"), name
    first = {one.name: list(one.table) for one in catalogue.root.catalog}
    for run in asked["runs"]:
        catalogue.root.table.clear()
        for one in catalogue.root.catalog:
            one.table[:] = first[one.name]
        refused += [(sql, said) for sql in run if (said := catalogue.refusal(sql))]
    texts = [catalogue.text(sql) for sql in asked["texts"]]
    json.dump({"refused": refused, "texts": texts}, sys.stdout)


if __name__ == "__main__":
    wasm_client.Module = Cached
    import zetasql.core.local_service as service

    service.WasmClient = Client
    main()
