"""What tests of a destination need: a vendor, a clock and a warehouse, and the contract."""

from sync.testing.contract import DestinationContract
from sync.testing.fakes import (
    WHEN,
    FakeClock,
    FakeVendor,
    Fault,
    a_warehouse,
    json_response,
)
from sync.testing.jobs import FakeJobs
from sync.testing.records import FakeRecords
from sync.testing.world import World, a_change, a_sync, deliver

__all__ = [
    "WHEN",
    "DestinationContract",
    "FakeClock",
    "FakeJobs",
    "FakeRecords",
    "FakeVendor",
    "Fault",
    "World",
    "a_change",
    "a_sync",
    "a_warehouse",
    "deliver",
    "json_response",
]
