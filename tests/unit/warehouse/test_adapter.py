"""What an adapter can't do is the warehouse's error, never an unexpected one."""

from __future__ import annotations

import multiprocessing

import pytest

from sync.errors import WarehouseError
from sync.warehouse.adapter import AdapterWarehouse
from tests.conftest import Postgres


def test_a_machine_without_room_for_a_lock_is_an_unreachable_warehouse(
    monkeypatch: pytest.MonkeyPatch, postgres: Postgres
) -> None:
    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(multiprocessing.get_context("spawn"), "RLock", full, raising=False)
    warehouse = AdapterWarehouse("postgres", postgres.credentials("public"))
    with pytest.raises(WarehouseError, match="No space left"), warehouse.session():
        pass
