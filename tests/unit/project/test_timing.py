"""Windows and expiries: what is wrong with how they are written."""

from __future__ import annotations

from datetime import time

import pytest

from sync.project.syncs import compile_syncs
from sync.timing import Expiry, Span, Window

WHERE = "models/models.yml, config.meta.activation."


def compiled(world):
    return compile_syncs(world.write(), {"mailer": "mailer"}, world.registry)


def rules(world):
    found = compiled(world)
    assert found.findings == []
    return next(s for s in found.sound if s.model == "events_orders").rules


def test_rows_expire_so_long_after_a_moment(world):
    world.meta("events_orders")["expires"] = {"column": "ordered_at", "after": "96 hours"}
    assert rules(world).expires == Expiry("ordered_at", Span(96, "hour"))


@pytest.mark.parametrize(
    ("zone", "window"),
    [
        ({}, Window(time(9), time(20, 30), "UTC")),
        ({"zone": "Europe/Berlin"}, Window(time(9), time(20, 30), "Europe/Berlin")),
        ({"zone": {"column": "order_id"}}, Window(time(9), time(20, 30), None, "order_id")),
        (
            {"zone": {"column": "order_id", "default": "Etc/UTC"}},
            Window(time(9), time(20, 30), "Etc/UTC", "order_id"),
        ),
    ],
)
def test_people_enter_within_a_window(world, zone, window):
    world.meta("events_orders")["window"] = {"from": "09:00", "to": "20:30", **zone}
    assert rules(world).window == window


@pytest.mark.parametrize(
    ("key", "written", "where"),
    [
        ("expires", {"column": "ordered", "after": "96 hours"}, "expires.column"),
        ("expires", {"column": "order_id", "after": "96 hours"}, "expires.column"),
        ("expires", {"column": "ordered_at", "after": "soon"}, "expires.after"),
        ("expires", {"after": "96 hours"}, "expires.column"),
        ("expires", "96 hours", "expires"),
        ("window", {"from": "09:00", "to": "09:00"}, "window"),
        ("window", {"from": "9", "to": "20:00"}, "window.from"),
        ("window", {"from": "09:00", "to": "24:00"}, "window.to"),
        ("window", {"from": "09:00"}, "window.to"),
        ("window", {"from": "09:00", "to": "20:00", "zone": "Europe/Berln"}, "window.zone"),
        ("window", {"from": "09:00", "to": "20:00", "zone": {"column": "tz"}}, "window.zone"),
        ("window", {"from": "09:00", "to": "20:00", "zone": {"column": "total"}}, "window.zone"),
    ],
)
def test_another_form_is_refused(world, key, written, where):
    world.meta("events_orders")[key] = written
    (finding,) = compiled(world).findings
    assert finding.problem.where.startswith(WHERE + where)


@pytest.mark.parametrize(
    "written",
    [
        {"expires": {"column": "orders", "after": "1 hour"}},
        {"window": {"from": "09:00", "to": "20:00"}},
    ],
)
def test_only_segments_and_events_have_entries(world, written):
    world.meta("traits_customers").update(written)
    found = compiled(world).findings
    assert "kind-key" in {finding.problem.code for finding in found}
