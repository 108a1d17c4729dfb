"""What notices say: to Slack as text, to an endpoint of one's own as a message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from sync.destinations.notices import (
    Condition,
    Notice,
    Notifiers,
    SlackSettings,
    batches,
    message,
    text,
)
from sync.destinations.spec import UnreadableAnswer
from sync.destinations.webhook import Settings
from sync.testing import json_response

SECRET = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMDAx"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HELD = Notice(
    condition=Condition.HELD,
    project="shop",
    target="prod",
    sync="seg_cart__crm",
    model="seg_cart",
    connection="crm",
    at=NOON,
    owner="retention@example.com",
    code="not-tested",
    text="a test failed",
    command="python -m sync status --select seg_cart",
    completed_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
)


def test_slack_gets_a_line_for_each_sync_without_mentions_or_links() -> None:
    loud = replace(HELD, text="<!channel> & <https://example.com|look>")
    assert text([HELD, loud]).split("\n") == [
        "*seg_cart -&gt; crm* (shop, prod) is held: a test failed"
        " `python -m sync status --select seg_cart`",
        "*seg_cart -&gt; crm* (shop, prod) is held: &lt;!channel&gt; &amp;"
        " &lt;https://example.com|look&gt; `python -m sync status --select seg_cart`",
    ]


def test_many_syncs_are_one_message_that_says_how_many_more() -> None:
    lines = text([HELD] * 25).split("\n")
    assert (len(lines), lines[-1]) == (21, "and 5 more: python -m sync status")


def test_a_message_has_the_id_of_the_notice_that_it_repeats() -> None:
    first, again = message(HELD), message(replace(HELD, at=NOON.replace(hour=13)))
    assert first["id"] == again["id"]
    later = replace(HELD, completed_at=NOON)
    recovered = replace(HELD, condition=Condition.RECOVERED)
    assert len({first["id"], message(later)["id"], message(recovered)["id"]}) == 3
    assert first["type"] == "sync.held"
    assert first["data"] == {
        "project": "shop",
        "target": "prod",
        "sync": "seg_cart__crm",
        "model": "seg_cart",
        "destination": "crm",
        "owner": "retention@example.com",
        "code": "not-tested",
        "message": "a test failed",
        "command": "python -m sync status --select seg_cart",
        "completed_at": "2026-11-20T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("body", "is_yes"),
    [({}, True), ({"status": "ok"}, True), ({"Error_Code": 7}, False), ({"ok": "no"}, False)],
)
def test_a_notice_is_taken_by_a_success_that_says_no_no(body: dict[str, Any], is_yes: bool) -> None:
    hook = Notifiers.load("webhook")(
        Settings.model_validate({"base_url": "https://x.example/rx", "secret": SECRET})
    )
    ((_, conversation),) = batches(hook, [HELD])
    next(conversation)
    with pytest.raises(StopIteration if is_yes else UnreadableAnswer):
        conversation.send(json_response(body))


def test_what_a_sync_was_complete_with_last_is_optional() -> None:
    assert "completed_at" not in message(replace(HELD, completed_at=None))["data"]


@pytest.mark.parametrize("url", ["http://hooks.slack.com/x", "https://", "hooks.slack.com/x", ""])
def test_slack_is_reached_over_https_only(url: str) -> None:
    with pytest.raises(ValidationError):
        SlackSettings.model_validate({"url": url})


def test_plain_http_reaches_this_machine() -> None:
    SlackSettings.model_validate({"url": "http://127.0.0.1:1/x", "about": ["late"]})
