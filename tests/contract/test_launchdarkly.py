"""What LaunchDarkly in particular holds after each operation, seen in the sandbox."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl

from sync.destinations.launchdarkly import LIMITS
from sync.destinations.launchdarkly.options import Options
from sync.destinations.launchdarkly.segments import TAG
from sync.destinations.spec import Expected, Piece
from sync.errors import DestinationError, Problem
from sync.http.delivery import ask, converse
from sync.http.pacing import Pacing
from sync.http.transport import HttpTransport
from sync.model import Change, Delivered, Kind, NotAttempted, Op, Rejected, Sync, Trait, Unknown
from sync.run.batches import batches, prepare

TIERS = ("low", "high")
AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


class Launchdarkly:
    """One connection, and short ways to say what happens."""

    def __init__(self, connected: Any) -> None:
        self.connected = connected
        self.control: SandboxControl = connected.control

    def sync(self, kind: Kind = Kind.SEGMENT, options: Options | None = None, **more: Any) -> Sync:
        self.connected.kind = kind
        return self.connected.sync(**{"options": options or Options(), **more})

    def deliver(self, sync: Sync, *changes: Change) -> list[Any]:
        return list(self.connected.send(changes, sync).endings)

    def members(self, segment: str) -> list[str] | None:
        found = [s for s in self.control.segments() if s["name"] == segment]
        return found[0]["members"] if found else None

    def sent(self, method: str = "PATCH") -> list[Any]:
        wanted = [r for r in self.connected.http.requests if r.method == method]
        return [json.loads(r.content) for r in wanted]

    def unready(self, sync: Sync) -> list[Problem]:
        return list(self.connected.ask(lambda destination: destination.unready(sync)))

    def audit(self, *syncs: Sync) -> list[str]:
        found = self.connected.ask(lambda destination: destination.audit(syncs))
        return [problem.message for problem in found]


@pytest.fixture
def ld(launchdarkly: Any) -> Launchdarkly:
    return Launchdarkly(launchdarkly)


def add(who: str = "u-1", /, **more: Any) -> Change:
    return Change(
        **{"seq": 1, "op": Op.ADD, "identity": who, "external_id": who, "traits": {}, **more}
    )


def change(who: str = "u-1", /, **more: Any) -> Change:
    return add(who, **{"op": Op.CHANGE, "cause": "changed", **more})


def remove(who: str = "u-1", /, **more: Any) -> Change:
    return add(who, **{"op": Op.REMOVE, "cause": "left", **more})


def tiered(ld: Launchdarkly, **more: Any) -> Sync:
    traits = (Trait("churn_risk_tier", "tier"),)
    return ld.sync(options=Options(tiers=TIERS, **more), traits=traits)


def tier(value: str | None) -> dict[str, Any]:
    return {"traits": {"churn_risk_tier": value}}


def test_entry_exit_and_re_entry_are_membership(ld: Launchdarkly) -> None:
    sync = ld.sync()
    assert ld.deliver(sync, add(), add("u-2")) == [Delivered()] * 2
    assert ld.members("churn_risk") == ["u-1", "u-2"]
    assert ld.deliver(sync, remove()) == [Delivered()]
    assert ld.members("churn_risk") == ["u-2"]
    assert ld.deliver(sync, add(transition=2, cause="returned")) == [Delivered()]
    assert ld.members("churn_risk") == ["u-1", "u-2"]


def test_a_missing_segment_is_created_once_with_our_tag(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add())
    (created,) = ld.sent("POST")
    assert (created["key"], created["tags"], created["unbounded"]) == ("churn_risk", [TAG], False)


def test_an_exit_creates_no_segment(ld: Launchdarkly) -> None:
    assert ld.deliver(ld.sync(), remove()) == [Delivered()]
    assert ld.members("churn_risk") is None


def test_a_segment_is_not_created_where_the_entry_says_so(ld: Launchdarkly) -> None:
    (ending,) = ld.deliver(ld.sync(options=Options(create=False)), add())
    assert isinstance(ending, Rejected)
    assert "`churn_risk`" in ending.reason


def test_nobody_is_in_a_segment_that_is_missing(ld: Launchdarkly) -> None:
    options = Options(create=False, value_segments={"plan": ("team",)})
    sync = ld.sync(Kind.TRAITS, options, traits=(Trait("plan", "plan"),))
    left, joined = change(traits={"plan": None}), change("u-2", traits={"plan": "team"})
    done, refused = ld.deliver(sync, left, joined)
    assert (done, refused.code) == (Delivered(), "launchdarkly-no-segment")


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        ({}, "create a list segment `churn_risk--low` for user contexts with the tag " + TAG),
        (
            {"big": True, "context_kind": "account"},
            "create a big segment `churn_risk--low` for account contexts with the tag " + TAG,
        ),
    ],
)
def test_a_missing_segment_that_is_not_to_be_created_holds_the_sync(
    ld: Launchdarkly, options: dict[str, Any], fix: str
) -> None:
    assert ld.unready(tiered(ld)) == []
    kind = {"unbounded": True, "unboundedContextKind": "account"} if options else {}
    there = [{"key": f"churn_risk{s}", "tags": [TAG], **kind} for s in ("", "--high")]
    ld.control.seed({"segments": there})
    (problem,) = ld.unready(tiered(ld, create=False, **options))
    assert problem.code == "launchdarkly-no-segment"
    assert problem.fix == fix
    assert "destinations (launchdarkly)" in problem.where
    assert ld.control.applied() == []


def test_what_is_looked_at_before_sending_is_not_asked_again(ld: Launchdarkly) -> None:
    ld.control.seed({"segments": [{"key": "churn_risk", "tags": [TAG], "unbounded": True}]})
    sync, connected = ld.sync(), ld.connected
    one, pace = connected.destination, Pacing(connected.clock)
    line = connected.http, connected.clock, pace, connected.policy
    assert ask(one, one.unready(sync), *line) == []
    exchange = converse(one, connected.items([add()], sync), *line, lambda: False)
    assert exchange.endings == [Delivered()]
    assert [r.method for r in ld.connected.http.requests] == ["GET", "POST"]
    assert ld.members("churn_risk") == ["u-1"]


def test_a_token_is_sent_bare_and_a_patch_says_what_it_is(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add())
    (patch,) = [r for r in ld.connected.http.requests if r.method == "PATCH"]
    assert patch.headers["content-type"].endswith("; domain-model=launchdarkly.semanticpatch")
    assert patch.headers["ld-api-version"] == "20240415"
    auth = ld.connected.destination.endpoints["app"].auth
    assert auth.prefix == ""


def test_nobody_is_ever_put_on_the_excluded_list(ld: Launchdarkly) -> None:
    sync = tiered(ld)
    ld.deliver(sync, add(**tier("low")), add("u-2", **tier("high")))
    ld.deliver(sync, change(**tier("high")))
    ld.deliver(sync, remove(), remove("u-2"))
    kinds = {i["kind"] for body in ld.sent() for i in body["instructions"]}
    assert kinds == {"addIncludedTargets", "removeIncludedTargets"}


def test_each_tier_has_a_segment_and_a_move_leaves_the_old_one_first(ld: Launchdarkly) -> None:
    sync = tiered(ld)
    ld.deliver(sync, add(**tier("low")))
    assert (ld.members("churn_risk--low"), ld.members("churn_risk")) == (["u-1"], ["u-1"])
    ld.connected.http.requests.clear()
    ld.deliver(sync, change(**tier("high")))
    assert (ld.members("churn_risk--low"), ld.members("churn_risk--high")) == ([], ["u-1"])
    kinds = [i["kind"] for body in ld.sent() for i in body["instructions"]]
    assert kinds == ["removeIncludedTargets", "addIncludedTargets"]
    ld.deliver(sync, remove())
    assert [ld.members(f"churn_risk{s}") for s in ("", "--low", "--high")] == [[], [], []]


def test_a_move_can_join_the_new_tier_first(ld: Launchdarkly) -> None:
    sync = tiered(ld, tier_order="add_first")
    ld.deliver(sync, add(**tier("low")))
    ld.connected.http.requests.clear()
    ld.deliver(sync, change(**tier("high")))
    kinds = [i["kind"] for body in ld.sent() for i in body["instructions"]]
    assert kinds == ["addIncludedTargets", "removeIncludedTargets"]


@pytest.mark.parametrize("value", ["unheard-of", None])
def test_a_tier_that_is_not_listed_is_no_tier(ld: Launchdarkly, value: str | None) -> None:
    sync = tiered(ld)
    ld.deliver(sync, add(**tier("low")))
    assert ld.deliver(sync, change(**tier(value))) == [Delivered()]
    assert (ld.members("churn_risk--low"), ld.members("churn_risk")) == ([], ["u-1"])


def test_a_change_that_concerns_no_segment_sends_nothing(ld: Launchdarkly) -> None:
    assert ld.deliver(ld.sync(), change(traits={"plan": "x"})) == [Delivered()]
    assert ld.connected.http.requests == []


def test_a_doubtful_change_is_asserted_with_its_base(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), change(cause="in doubt"))
    assert ld.members("churn_risk") == ["u-1"]


def test_a_trait_becomes_one_segment_for_each_listed_value(ld: Launchdarkly) -> None:
    options = Options(value_segments={"plan": ("team", "solo"), "vip": (True,)}, prefix="rv-")
    traits = (Trait("plan", "plan"), Trait("vip", "vip"))
    sync = ld.sync(Kind.TRAITS, options, traits=traits)
    ld.deliver(sync, add(traits={"plan": "team", "vip": True}))
    assert (ld.members("rv-plan--team"), ld.members("rv-vip--true")) == (["u-1"], ["u-1"])
    ld.deliver(sync, change(traits={"vip": False}))
    assert (ld.members("rv-plan--team"), ld.members("rv-vip--true")) == (["u-1"], [])
    ld.deliver(sync, change(traits={"plan": "solo"}))
    assert (ld.members("rv-plan--team"), ld.members("rv-plan--solo")) == ([], ["u-1"])
    ld.deliver(sync, remove())
    assert ld.members("rv-plan--solo") == []


def test_accounts_are_members_by_their_own_kind(ld: Launchdarkly) -> None:
    options = Options(value_segments={"plan": ("team",)})
    sync = ld.sync(Kind.OBJECTS, options, object_type="account", traits=(Trait("plan", "plan"),))
    ld.deliver(sync, add("acc-9", traits={"plan": "team"}))
    (body,) = ld.sent()
    assert body["instructions"][0]["contextKind"] == "account"
    assert ld.members("plan--team") == ["acc-9"]


def test_a_big_segment_takes_its_keys_in_its_own_way(ld: Launchdarkly) -> None:
    sync = ld.sync(options=Options(big=True, context_kind="account"))
    rows = [add(f"acc-{i}") for i in range(2500)]
    assert ld.deliver(sync, *rows) == [Delivered()] * 2500
    assert len(ld.members("churn_risk") or ()) == 2500
    sizes = [len(b["included"]["add"]) for b in ld.sent("POST") if "included" in b]
    assert sizes == [1000, 1000, 500]
    ld.deliver(sync, remove("acc-7"))
    assert len(ld.members("churn_risk") or ()) == 2499


def test_what_a_segment_is_decides_and_not_the_entry(ld: Launchdarkly) -> None:
    ld.control.seed({"segments": [{"key": "churn_risk", "tags": [TAG], "unbounded": True}]})
    assert ld.deliver(ld.sync(), add()) == [Delivered()]
    assert ld.sent() == []
    assert ld.members("churn_risk") == ["u-1"]


def test_full_requests_go_to_either_kind_of_segment(ld: Launchdarkly) -> None:
    sync = ld.sync()
    items = ld.connected.items([add(f"u-{i}") for i in range(10_000)], sync)
    destination = ld.connected.destination
    for group in batches(items, destination.limits):
        assert len(group) <= LIMITS.items
        ld.connected.converse(group)
    sizes = [len(b["instructions"][0]["values"]) for b in ld.sent()]
    assert sizes == [1500] * 6 + [1000]


def test_one_segment_has_one_writer(ld: Launchdarkly) -> None:
    assert ld.connected.destination.limits.concurrency == 1
    assert ld.connected.destination.limits.requests_per_second == LIMITS.requests_per_second


def test_a_conflict_is_tried_again(ld: Launchdarkly) -> None:
    ld.control.set_switch("conflict_once", True)
    assert ld.deliver(ld.sync(), add()) == [Delivered()]
    assert ld.members("churn_risk") == ["u-1"]
    assert ld.control.counters()["statuses"]["409"] == 1


def test_a_conflict_without_end_is_not_attempted(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add("u-0"))
    error = '{"code":"optimistic_locking_error","message":"changed"}'
    ld.connected.fault("status", status=409, method="PATCH", body=error)
    assert ld.deliver(ld.sync(), add()) == [NotAttempted("retry-later")]
    assert len(ld.sent()) == 1 + ld.connected.policy.attempts


def test_a_conflict_about_one_segment_holds_up_no_other(ld: Launchdarkly) -> None:
    options = Options(value_segments={"plan": ("solo", "team")})
    sync = ld.sync(Kind.TRAITS, options, traits=(Trait("plan", "plan"),))
    there = [{"key": f"plan--{plan}", "tags": [TAG]} for plan in ("solo", "team")]
    ld.control.seed({"segments": there})
    error = '{"code":"optimistic_locking_error","message":"changed"}'
    ld.connected.fault("status", status=409, method="PATCH", path="plan--solo", body=error)
    endings = ld.deliver(sync, add(traits={"plan": "solo"}), add("u-2", traits={"plan": "team"}))
    assert endings == [NotAttempted("retry-later"), Delivered()]
    assert ld.members("plan--team") == ["u-2"]


def test_a_segment_that_somebody_else_just_created_is_read_again(ld: Launchdarkly) -> None:
    ld.control.seed({"segments": [{"key": "churn_risk", "tags": [TAG]}]})
    ld.connected.fault("status", status=404, method="GET", times=1, body="{}")
    assert ld.deliver(ld.sync(), add()) == [Delivered()]


def test_a_new_segment_may_be_unknown_for_a_moment(ld: Launchdarkly) -> None:
    ld.control.set_switch("unknown_after_create", 2)
    assert ld.deliver(ld.sync(), add()) == [Delivered()]
    assert ld.members("churn_risk") == ["u-1"]


@pytest.mark.parametrize(
    "body",
    [
        {"ok": False},
        {"key": "churn_risk", "error": "no"},
        {"key": "churn_risk", "statusCode": "FORBIDDEN"},
        {"key": "churn_risk", "Message": "Forbidden"},
        [],
    ],
)
def test_a_success_with_another_body_is_no_yes(ld: Launchdarkly, body: Any) -> None:
    ld.connected.fault("status", status=200, method="PATCH", body=json.dumps(body))
    assert ld.deliver(ld.sync(), add()) == [Unknown("unreadable-answer")]


@pytest.mark.parametrize("body", ["{}", "", '{"status": "accepted"}'])
def test_events_are_taken_by_a_202_that_says_nothing_else(ld: Launchdarkly, body: str) -> None:
    ld.connected.fault("status", status=202, path="event-data-import", body=body)
    assert ld.deliver(ld.sync(Kind.EVENTS), add(occurred_at=AT)) == [Delivered()]


@pytest.mark.parametrize(
    "body",
    [
        '{"error": "forbidden"}',
        '{"errorMessage": "no"}',
        '{"title": "Forbidden"}',
        '{"data": {"error": "x"}}',
        '{"notice": "events are not kept"}',
        "<html></html>",
        "accepted",
    ],
)
def test_events_are_not_taken_by_a_202_with_another_body(ld: Launchdarkly, body: str) -> None:
    ld.connected.fault("status", status=202, path="event-data-import", body=body)
    endings = ld.deliver(ld.sync(Kind.EVENTS), add(occurred_at=AT))
    assert endings == [Unknown("unreadable-answer")]


def test_a_refused_later_segment_writes_no_earlier_one_again(ld: Launchdarkly) -> None:
    sync = tiered(ld)
    rows = [add(f"u-{i}", **tier(TIERS[i % 2])) for i in range(8)]
    ld.connected.fault("status", status=405, path="churn_risk--high", containing="u-3")
    endings = ld.deliver(sync, *rows)
    refused = endings.pop(3)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.is_partial) == ("http-405", True)
    assert endings == [Delivered()] * 7
    sent = [json.dumps(body) for body in ld.sent()]
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize("refused_at", ["contexts/search", "/bulk"])
def test_attributes_that_can_not_be_shown_repeat_no_membership(
    ld: Launchdarkly, refused_at: str
) -> None:
    sync = ld.sync(options=Options(identify=True), traits=(Trait("plan", "plan"),))
    rows = [add(f"u-{i}", traits={"plan": "x"}) for i in range(9)]
    ld.connected.fault("status", status=405, path=refused_at, containing="u-4")
    endings = ld.deliver(sync, *rows)
    refused = endings.pop(4)
    assert isinstance(refused, Rejected)
    assert refused.is_partial
    assert endings == [Delivered()] * 8
    assert len(ld.sent()) == 1
    assert len(ld.members("churn_risk") or ()) == 9


@pytest.mark.parametrize("number", [None, "7", True])
def test_a_metric_event_without_a_number_is_refused(ld: Launchdarkly, number: Any) -> None:
    sync = ld.sync(Kind.EVENTS, options=Options(metric_value="amount"))
    event = add(occurred_at=AT, traits={"amount": number})
    rejected = prepare(ld.connected.destination, (Piece(sync, event),))
    assert isinstance(rejected, Rejected)
    assert "amount" in rejected.reason


@pytest.mark.parametrize(
    ("reset", "least", "most"), [(-60_000, 10, 10), (None, 10, 10), (5000, 3, 9.9)]
)
def test_a_full_window_is_waited_for(
    ld: Launchdarkly, reset: int | None, least: float, most: float
) -> None:
    error = '{"code":"rate_limited","message":"exceeded"}'
    headers = {"x-ratelimit-route-remaining": "0"}
    if reset is not None:
        headers["x-ratelimit-reset"] = str(int(time.time() * 1000) + reset)
    ld.connected.fault("status", status=429, times=1, body=error, headers=headers)
    assert ld.deliver(ld.sync(), add()) == [Delivered()]
    assert least <= ld.connected.clock.seconds <= most


def test_a_limit_that_never_ends_is_not_attempted(ld: Launchdarkly) -> None:
    ld.connected.fault("status", status=429, body="{}")
    assert ld.deliver(ld.sync(), add()) == [NotAttempted("http-429")]
    waited = ld.connected.clock.seconds
    assert waited == 10 * (ld.connected.policy.attempts - 1)
    assert ld.connected.policy.budget.seconds == 900 - waited


def test_a_person_excluded_by_hand_is_rejected_alone_and_stays_excluded(ld: Launchdarkly) -> None:
    seeded = {"key": "churn_risk", "tags": [TAG], "excluded": ["u-500"]}
    ld.control.seed({"segments": [seeded]})
    endings = ld.deliver(ld.sync(), *[add(f"u-{i}") for i in range(1000)])
    assert isinstance(endings[500], Rejected)
    assert endings[500].code == "launchdarkly-excluded"
    assert endings.count(Delivered()) == 999
    assert len(ld.sent()) == 2


def test_whoever_does_not_fit_is_rejected_and_the_others_join(ld: Launchdarkly) -> None:
    ld.control.set_switch("max_targets", 15_000)
    inside = [f"old-{i}" for i in range(14_990)]
    ld.control.seed({"segments": [{"key": "churn_risk", "tags": [TAG], "included": inside}]})
    endings = ld.deliver(ld.sync(), *[add(f"u-{i}") for i in range(15)])
    assert endings[:10] == [Delivered()] * 10
    assert [e.code for e in endings[10:]] == ["launchdarkly-full"] * 5
    assert len(ld.sent()) == 2


@pytest.mark.parametrize(
    ("segment", "code"),
    [
        ({"tags": []}, "launchdarkly-foreign-segment"),
        ({"tags": [TAG], "external": "segment-audiences"}, "launchdarkly-synced-segment"),
        (
            {"tags": [TAG], "unbounded": True, "unboundedContextKind": "account"},
            "launchdarkly-context-kind",
        ),
    ],
)
def test_a_segment_that_is_not_ours_is_left_alone(
    ld: Launchdarkly, segment: dict[str, Any], code: str
) -> None:
    ld.control.seed({"segments": [{"key": "churn_risk", **segment}]})
    assert [problem.code for problem in ld.unready(ld.sync())] == [code]
    (ending,) = ld.deliver(ld.sync(), add())
    assert isinstance(ending, Rejected)
    assert ending.code == code
    assert ld.members("churn_risk") == []


def test_a_standard_segment_is_not_taken_for_the_big_one_that_is_meant(ld: Launchdarkly) -> None:
    ld.control.seed({"segments": [{"key": "churn_risk", "tags": [TAG]}]})
    (problem,) = ld.unready(ld.sync(options=Options(big=True)))
    assert problem.code == "launchdarkly-standard-segment"
    assert "can't become a big one" in problem.message
    (ending,) = ld.deliver(ld.sync(options=Options(big=True)), add())
    assert isinstance(ending, Rejected)
    assert ld.unready(ld.sync()) == []


def test_a_foreign_segment_is_written_to_when_told(ld: Launchdarkly) -> None:
    ld.control.seed({"segments": [{"key": "churn_risk", "tags": ["hand-made"]}]})
    assert ld.unready(ld.sync(options=Options(adopt=True))) == []
    assert ld.deliver(ld.sync(options=Options(adopt=True)), add()) == [Delivered()]
    assert ld.members("churn_risk") == ["u-1"]


def test_a_refused_approval_stops_the_destination(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add())
    ld.control.set_switch("approvals", True)
    exchange = ld.connected.send([add("u-2")], ld.sync())
    assert "approval is required" in str(exchange.stop)
    with pytest.raises(DestinationError, match="approval is required"):
        ld.connected.ask(lambda destination: destination.check())
    assert ld.members("churn_risk") == ["u-1"]


def test_the_comment_counts_reasons_that_may_go_out(ld: Launchdarkly) -> None:
    traits = (Trait("churn_risk_reason", "why"),)
    sync = ld.sync(reason="why", traits=traits)
    ld.deliver(sync, add(reason="usage_drop"), add("u-2", reason="usage_drop"))
    assert ld.sent()[0]["comment"].endswith("+2 -0 (usage_drop=2)")
    ld.deliver(ld.sync(reason="why"), add("u-3", reason="usage_drop"))
    assert "usage_drop" not in ld.sent()[-1]["comment"]


def test_identify_shows_the_whole_context_and_keeps_what_others_listed(ld: Launchdarkly) -> None:
    traits = (Trait("plan", "plan"), Trait("seats", "seats"), Trait("mail", "mail", is_pii=True))
    sync = ld.sync(Kind.TRAITS, Options(identify=True), traits=traits)
    ld.deliver(sync, add(traits={"plan": "team", "seats": 3, "mail": "ann@x.io"}))
    ld.deliver(sync, change(traits={"seats": 4}))
    person = ld.control.person("u-1")
    assert person is not None
    redacted = {"redactedAttributes": ["mail"]}
    assert person["attributes"] == {"plan": "team", "seats": 4, "_meta": redacted}
    ld.deliver(sync, remove())
    assert ld.control.person("u-1")["attributes"] == {}  # type: ignore[index]


def test_a_removal_lists_nobody(ld: Launchdarkly) -> None:
    sync = ld.sync(Kind.TRAITS, Options(identify=True))
    assert ld.deliver(sync, remove()) == [Delivered()]
    assert ld.control.people() == []


def test_identify_without_an_sdk_key_holds_the_sync(ld: Launchdarkly) -> None:
    sync = ld.sync(Kind.TRAITS, Options(identify=True))
    assert ld.unready(sync) == []
    del ld.connected.settings["sdk_key"]
    (problem,) = ld.unready(sync)
    assert problem.code == "launchdarkly-no-sdk-key"
    assert "environment `test` of project `default`" in problem.fix
    assert ld.connected.http.requests == []


def event(number: int, **traits: Any) -> Change:
    return add(
        f"e-{number}",
        external_id="u-1",
        traits=traits,
        event="invoice_paid",
        occurred_at=AT,
        seq=number,
    )


def test_an_event_carries_its_number_time_and_id(ld: Launchdarkly) -> None:
    sync = ld.sync(
        Kind.EVENTS, Options(metric_value="amount", context_kind="account"), event="invoice_paid"
    )
    ld.deliver(sync, event(100, amount=49.5, plan="team"))
    ((sent,),) = ld.sent("POST")
    assert sent == {
        "kind": "custom",
        "key": "invoice_paid",
        "creationDate": 1_772_368_200_000,
        "contextKeys": {"account": "u-1"},
        "metricValue": 49.5,
        "data": {"plan": "team", "event_id": "e-100"},
    }


def test_a_payload_sent_twice_counts_once(ld: Launchdarkly) -> None:
    sync = ld.sync(Kind.EVENTS)
    ld.deliver(sync, event(1), event(2))
    ld.deliver(sync, event(1), event(2))
    assert len(ld.control.events()) == 2


def test_events_alone_count_once_whatever_the_batch(ld: Launchdarkly) -> None:
    sync = ld.sync(Kind.EVENTS, Options(one_per_request=True))
    limits = ld.connected.destination.limits_for([sync])
    for rows in ([event(1), event(2)], [event(2), event(3)]):
        for group in batches(ld.connected.items(rows, sync), limits):
            assert ld.connected.converse(group).endings == [Delivered()]
    assert len(ld.control.events()) == 3


def test_metric_events_fill_the_requests_of_the_import(ld: Launchdarkly) -> None:
    sync = ld.sync(Kind.EVENTS)
    limits = ld.connected.destination.limits_for([sync])
    items = ld.connected.items([event(i, note="x" * 250) for i in range(30_000)], sync)
    (first, *_) = batches(items, limits)
    assert ld.connected.converse(first).endings == [Delivered()] * len(first)
    (sent,) = ld.connected.http.requests
    assert 9_900_000 < len(sent.content) <= 10_000_000
    assert ld.connected.destination.limits_for([ld.sync(Kind.SEGMENT)]) == LIMITS


@pytest.mark.parametrize("broken", [{"occurred_at": None}, {"event": " "}, {"traits": {"v": "x"}}])
def test_an_event_that_would_be_dropped_silently_is_refused(
    ld: Launchdarkly, broken: dict[str, Any]
) -> None:
    sync = ld.sync(Kind.EVENTS, Options(metric_value="v"), event="")
    rejected = prepare(ld.connected.destination, (Piece(sync, event(1)._replace(**broken)),))
    assert isinstance(rejected, Rejected)


def test_read_back_finds_members_tiers_and_strangers(ld: Launchdarkly) -> None:
    sync = tiered(ld)
    ld.deliver(sync, add(**tier("low")), add("u-2", **tier("high")), add("u-3", **tier("low")))
    expected = [
        Expected("u-1", True, tier("low")["traits"]),
        Expected("u-2", True, tier("low")["traits"]),
        Expected("u-3", False, {}),
        Expected("u-4", True, {}),
        Expected("u-5", False, {}),
    ]
    found = ld.connected.ask(lambda destination: destination.read_back(sync, expected))
    assert [one.differing for one in found] == [
        (),
        ("churn_risk_tier",),
        ("churn_risk", "churn_risk_tier"),
        ("churn_risk",),
        (),
    ]


def test_read_back_asks_big_segments_and_the_list_of_contexts(ld: Launchdarkly) -> None:
    traits = (Trait("plan", "plan"),)
    sync = ld.sync(options=Options(big=True, identify=True), traits=traits)
    ld.deliver(sync, add(traits={"plan": "team"}))
    expected = [Expected("u-1", True, {"plan": "solo"}), Expected("u-2", False, {})]
    found = ld.connected.ask(lambda destination: destination.read_back(sync, expected))
    assert [one.differing for one in found] == [("plan",), ()]


def test_the_check_knows_a_wrong_environment_key_and_permission(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add())
    ld.connected.settings["sdk_key"] = "sdk-of-another-environment"
    ld.connected.settings["access_token"] = "api-sandbox-reader"
    health = ld.connected.ask(lambda destination: destination.check())
    codes = [problem.code for problem in health.problems]
    assert codes == ["launchdarkly-permission", "launchdarkly-sdk-key"]
    assert "sdk-of" not in str(health)
    ld.connected.settings["environment"] = "nowhere"
    health = ld.connected.ask(lambda destination: destination.check())
    assert "create the environment `nowhere`" in health.problems[0].fix


MATCH = {"op": "segmentMatch", "values": ["churn_risk"]}


def flag(**setup: Any) -> dict[str, Any]:
    """On for our members, off for everybody else."""
    rules = [{"clauses": [MATCH], "variation": 0}]
    safe = {"rules": rules, "fallthrough": {"variation": 1}, "offVariation": 1}
    return {"key": "discount", "environments": {"test": {**safe, **setup}}}


def test_a_destination_that_audits_says_so(ld: Launchdarkly) -> None:
    assert "audit" in ld.connected.destination.abilities


def test_a_flag_that_falls_back_safely_is_no_problem(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add())
    ld.control.seed({"flags": [flag()]})
    assert ld.audit(ld.sync()) == []


@pytest.mark.parametrize(
    ("setup", "expected"),
    [
        ({"fallthrough": {"variation": 0}}, "the default rule serves `on`"),
        (
            {
                "fallthrough": {
                    "rollout": {
                        "variations": [
                            {"variation": 0, "weight": 1000},
                            {"variation": 1, "weight": 99_000},
                        ]
                    }
                }
            },
            "the default rule serves `on`",
        ),
        (
            {"rules": [{"clauses": [{**MATCH, "negate": True}], "variation": 0}]},
            "rule 1 asks for not being in our segment, and serves `on`",
        ),
        ({"offVariation": None}, "no off variation"),
        ({"on": False, "offVariation": 0, "fallthrough": {"variation": 0}}, None),
        (
            {
                "rules": [
                    {"clauses": [MATCH], "variation": 0},
                    {
                        "clauses": [
                            {"attribute": "key", "op": "startsWith", "values": ["dbt-activation"]}
                        ],
                        "variation": 0,
                    },
                ]
            },
            "an unknown user context is served another variation",
        ),
    ],
)
def test_a_flag_without_a_safe_fallback_is_reported(
    ld: Launchdarkly, setup: dict[str, Any], expected: str | None
) -> None:
    ld.deliver(ld.sync(), add())
    ld.control.seed({"flags": [flag(**setup), {**flag(), "key": "safe"}]})
    found = ld.audit(ld.sync())
    assert len(found) == (expected is not None)
    assert expected is None or expected in found[0]
    assert all("`discount`" in message for message in found)


def test_a_declared_conservative_variation_is_what_counts(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add())
    ld.control.seed({"flags": [flag(fallthrough={"variation": 0}, offVariation=0)]})
    assert ld.audit(ld.sync()) == []
    for declared in ("off", False):
        sync = ld.sync(options=Options(conservative={"discount": declared}))
        assert ld.audit(sync) == [
            "flag `discount`: the default rule serves `on` where the conservative variation is"
            " `off`"
        ]
    unknown = ld.sync(options=Options(conservative={"discount": "sideways"}))
    assert "none of its variations" in ld.audit(unknown)[0]


def test_a_rule_on_a_trait_is_judged_like_one_on_a_segment(ld: Launchdarkly) -> None:
    clause = {"attribute": "plan", "op": "in", "values": ["team"], "contextKind": "user"}
    setup = {"rules": [{"clauses": [clause], "variation": 1}], "fallthrough": {"variation": 0}}
    ld.control.seed({"flags": [flag(**setup)]})
    sync = ld.sync(Kind.TRAITS, Options(identify=True), traits=(Trait("plan", "plan"),))
    assert "the default rule serves `on`" in ld.audit(sync)[0]
    negated = {**setup, "rules": [{"clauses": [{**clause, "negate": True}], "variation": 0}]}
    ld.control.seed({"flags": [flag(**negated, **{"offVariation": 1})]})
    assert len(ld.audit(sync)) == 1


def test_flags_of_others_are_no_concern(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add())
    theirs = [{"clauses": [{**MATCH, "values": ["theirs"]}], "variation": 0}]
    setup = {"rules": theirs, "fallthrough": {"variation": 0}}
    many = [{**flag(**setup), "key": f"flag-{i}"} for i in range(250)]
    ld.control.seed({"flags": [*many, flag(fallthrough={"variation": 0})]})
    assert len(ld.audit(ld.sync())) == 1


def test_the_audit_knows_missing_foreign_full_and_storeless_segments(ld: Launchdarkly) -> None:
    ld.control.set_switch("big_segment_store", False)
    inside = [f"u-{i}" for i in range(12_000)]
    ld.control.seed(
        {
            "segments": [
                {"key": "full", "tags": [TAG], "included": inside},
                {"key": "theirs"},
                {"key": "big", "tags": [TAG], "unbounded": True},
            ]
        }
    )
    names = ("full", "theirs", "big", "missing")
    syncs = [ld.sync(options=Options(create=False), segment=name) for name in names]
    theirs, missing = [problem for sync in syncs for problem in ld.unready(sync)]
    full, big = ld.audit(*syncs)
    assert "holds 12000 of at most 15000" in full
    assert TAG in theirs.fix
    assert "no segment `missing`" in missing.message
    assert "no store for big segments" in big


def test_the_audit_writes_nothing(ld: Launchdarkly) -> None:
    ld.control.seed({"flags": [flag()]})
    before = ld.control.applied()
    ld.audit(ld.sync())
    assert ld.control.applied() == before
    assert ld.members("churn_risk") is None


def test_a_lost_answer_to_a_patch_is_asserted_again(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(), add("u-0"))
    ld.connected.impatient()
    ld.connected.fault("reset", when="after", method="PATCH", times=1)
    assert ld.deliver(ld.sync(), add()) == [Delivered()]
    assert ld.members("churn_risk") == ["u-0", "u-1"]


def test_the_transport_keeps_our_user_agent_for_the_import(ld: Launchdarkly) -> None:
    ld.deliver(ld.sync(Kind.EVENTS), event(1))
    assert isinstance(ld.connected.http.inner, HttpTransport)
    assert ld.control.counters()["statuses"] == {"202": 1}
