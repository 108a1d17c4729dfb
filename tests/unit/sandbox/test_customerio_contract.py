"""The sandbox answers as the fact sheet says Customer.io does. Expectations are written by hand."""

from __future__ import annotations

import json

import pytest

ULID = "01KDVDNA008B29QHS7BPDR7JMP"
HOUR = 3600


def errors(response):
    return response.json()["errors"]


def test_the_region_call_names_the_true_region_on_either_host(customerio):
    customerio.control.set_switch("region", "eu")
    expected = {"url": "https://track-eu.customer.io", "region": "eu", "environment_id": 4711}
    for host in ("track", "track-eu"):
        response = customerio.http.get(
            f"{customerio.url}/customerio/{host}/api/v1/accounts/region",
            auth=("sandbox-site", "sandbox-track-key"),
        )
        assert (response.status_code, response.json()) == (200, expected)


@pytest.mark.parametrize("auth", [("sandbox-site", "wrong"), ("sandbox-app-key", ""), None])
def test_wrong_track_credentials_answer_401(customerio, identify, auth):
    auth = auth or ("", "")
    region = customerio.track("GET", "/api/v1/accounts/region", auth=auth)
    batch = customerio.track("POST", "/api/v2/batch", {"batch": [identify("u1")]}, auth=auth)
    assert (region.status_code, batch.status_code) == (401, 401)
    assert customerio.control.people() == []


def test_app_and_track_credentials_are_not_interchangeable(customerio):
    track = ("sandbox-site", "sandbox-track-key")
    assert customerio.app("GET", "/segments", headers={}, auth=track).status_code == 401
    as_bearer = {"Authorization": "Bearer sandbox-track-key"}
    assert customerio.app("GET", "/segments", headers=as_bearer).status_code == 401
    as_basic = ("sandbox-app-key", "")
    assert customerio.track("GET", "/api/v1/accounts/region", auth=as_basic).status_code == 401


def test_an_accepted_batch_answers_as_recorded(customerio, identify):
    response = customerio.batch(identify("u1", plan="a"), identify("u2", plan="b"))
    assert (response.status_code, response.content) == (200, b"{}\n")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["content-length"] == "3"
    assert response.headers["cache-control"] == "no-cache, no-store, must-revalidate, max-age=0"
    assert not [name for name in response.headers if "rate" in name or "request-id" in name]
    assert customerio.attributes("u2") == {"plan": "b"}


def test_one_bad_item_is_named_by_index_and_the_others_apply(customerio, identify, event):
    response = customerio.batch(
        identify("1", tier="a"), identify("2", note="x" * 1001), event("3", "ping", id=ULID)
    )
    assert response.status_code == 207
    (error,) = errors(response)
    assert (error["batch_index"], error["field"], error["reason"]) == (
        1,
        "attributes.note",
        "invalid",
    )
    assert {p["identifiers"]["id"] for p in customerio.control.people()} == {"1", "3"}


def test_a_value_of_1000_bytes_is_accepted_and_bytes_are_counted_not_characters(
    customerio, identify
):
    assert customerio.batch(identify("1", note="x" * 1000)).status_code == 200
    customerio.control.set_switch("all_invalid_batch", 207)
    assert customerio.batch(identify("1", note="é" * 501)).status_code == 207


@pytest.mark.parametrize("status", [400, 207])
def test_a_batch_without_a_valid_item_lists_each(customerio, identify, status):
    customerio.control.set_switch("all_invalid_batch", status)
    response = customerio.batch(*[identify(str(i), note="x" * 1001) for i in range(3)])
    assert response.status_code == status
    assert [e["batch_index"] for e in errors(response)] == [0, 1, 2]
    assert customerio.control.people() == []


@pytest.mark.parametrize("body", [b'{"batch": "x"}', b'{"batch": [', b"[]", b"{}", b""])
def test_a_request_that_is_no_batch_answers_400_without_an_index(customerio, body):
    response = customerio.http.post(
        f"{customerio.url}/customerio/track/api/v2/batch",
        content=body,
        auth=("sandbox-site", "sandbox-track-key"),
    )
    assert response.status_code == 400
    assert errors(response)
    assert all("batch_index" not in e for e in errors(response))


@pytest.mark.parametrize("status", [200, 400])
def test_an_empty_batch_answers_as_switched(customerio, status):
    customerio.control.set_switch("empty_batch", status)
    assert customerio.batch().status_code == status


@pytest.mark.parametrize(
    ("kilobyte", "status", "size"), [(1000, 413, 500_001), (1024, 400, 512_001)]
)
def test_too_large_a_body_is_refused_as_a_whole(customerio, identify, kilobyte, status, size):
    customerio.control.set_switch("kilobyte", kilobyte)
    customerio.control.set_switch("oversize_status", status)
    body = json.dumps({"batch": [identify("u1")]})
    for length, expected in ((size, status), (size - 1, 200)):
        response = customerio.http.post(
            f"{customerio.url}/customerio/track/api/v2/batch",
            content=body.ljust(length),
            auth=("sandbox-site", "sandbox-track-key"),
        )
        assert response.status_code == expected
        assert len(customerio.control.people()) == (expected == 200)


def test_one_item_above_32_kb_is_refused_alone(customerio, identify):
    large = {f"trait_{i}": "x" * 900 for i in range(37)}
    response = customerio.batch(identify("1", a=1), identify("2", **large), identify("3", a=1))
    assert response.status_code == 207
    assert [e["batch_index"] for e in errors(response)] == [1]


@pytest.mark.parametrize(
    ("identifiers", "field"),
    [
        ({"id": "a", "email": "b@c.io"}, "identifiers"),
        ({"id": True}, "identifiers.id"),
        ({"id": ["a"]}, "identifiers.id"),
        ({"id": "  "}, "identifiers.id"),
        ({"id": "x" * 151}, "identifiers.id"),
        ({"email": "not an address"}, "identifiers.email"),
        ({"phone": "+4912345678"}, "identifiers"),
        ({}, "identifiers"),
        (None, "identifiers"),
    ],
)
def test_wrong_identifiers_are_refused(customerio, identify, identifiers, field):
    bad = {**identify("x"), "identifiers": identifiers}
    response = customerio.batch(identify("good"), bad)
    assert response.status_code == 207
    assert [(e["batch_index"], e["field"]) for e in errors(response)] == [(1, field)]
    single = customerio.track("POST", "/api/v2/entity", bad)
    assert single.status_code == 400
    assert "batch_index" not in errors(single)[0]


def test_an_identifier_that_is_no_text_or_number_says_so(customerio, identify):
    customerio.control.set_switch("all_invalid_batch", 207)
    (error,) = errors(customerio.batch(identify(True)))
    assert error["message"] == "must be a string or a number"


def test_a_number_and_its_text_are_the_same_person(customerio, identify):
    customerio.batch(identify(42, a=1))
    customerio.batch(identify("42", b=2))
    assert [p["attributes"] for p in customerio.control.people()] == [{"a": 1, "b": 2}]


@pytest.mark.parametrize(
    "op",
    [
        {"type": "person", "action": "promote", "identifiers": {"id": "1"}},
        {"type": "person", "action": "merge", "identifiers": {"id": "1"}},
        {"type": "person", "action": "merge", "primary": {"id": "1"}},
        {"type": "planet", "action": "identify"},
        {"type": "delivery", "action": "event", "identifiers": {"id": "1"}, "name": "lost"},
        {"type": ["person"], "action": {}},
        "person",
        None,
    ],
)
def test_an_unknown_operation_is_refused(customerio, identify, op):
    response = customerio.batch(op, identify("good"))
    assert response.status_code == 207
    assert {e["batch_index"] for e in errors(response)} == {0}


def test_the_limits_on_attributes_and_event_names_hold_per_item(customerio, identify, event):
    refused = [
        identify("1", **{f"a{i}": 1 for i in range(301)}),
        identify("2", **{"n" * 151: 1}),
        event("3", "e" * 101),
        event("4", "   "),
        event("5", None),
    ]
    accepted = [
        identify("6", **{f"a{i}": 1 for i in range(300)}),
        identify("7", **{"n" * 150: 1}),
        event("8", "e" * 100),
    ]
    response = customerio.batch(*refused, *accepted)
    assert response.status_code == 207
    assert {e["batch_index"] for e in errors(response)} == {0, 1, 2, 3, 4}
    assert {p["identifiers"]["id"] for p in customerio.control.people()} == {"6", "7", "8"}


def test_null_removes_an_attribute_and_leaves_the_others(customerio, identify):
    customerio.batch(identify("u1", plan="a", seats=3))
    customerio.batch(identify("u1", plan=None))
    assert customerio.attributes("u1") == {"seats": 3}


@pytest.mark.parametrize(("removes", "left"), [(True, {}), (False, {"plan": ""})])
def test_an_empty_text_removes_as_switched(customerio, identify, removes, left):
    customerio.control.set_switch("empty_string_removes", removes)
    customerio.batch(identify("u1", plan="a"))
    customerio.batch(identify("u1", plan=""))
    assert customerio.attributes("u1") == left


def test_an_unchanged_value_keeps_its_timestamp(customerio, identify):
    customerio.batch(identify("u1", plan="a", seats=1))
    customerio.clock.advance(60)
    customerio.batch(identify("u1", plan="a", seats=2))
    changed_at = customerio.control.person("u1")["changed_at"]
    assert changed_at["seats"] - changed_at["plan"] == 60


def test_update_only_creates_nobody_and_leaves_an_activity(customerio, identify):
    response = customerio.batch(identify("nobody", _update=True, plan="a"))
    assert response.content == b"{}\n"
    assert customerio.control.people() == []
    (activity,) = customerio.activities("failed_attribute_change")
    assert activity["customer_identifiers"] == {"id": "nobody"}


def test_update_only_changes_somebody_known_and_is_no_attribute(customerio, identify):
    customerio.batch(identify("u1", plan="a"))
    customerio.batch(identify("u1", _update=True, plan="b"))
    assert customerio.attributes("u1") == {"plan": "b"}


def test_an_email_owned_by_another_profile_is_not_taken(customerio, identify):
    customerio.batch(identify("A", email="old@x.io"), identify("B", email="b@x.io"))
    response = customerio.batch(identify("A", email="b@x.io", plan="new"))
    assert response.content == b"{}\n"
    assert customerio.control.person("A")["identifiers"]["email"] == "old@x.io"
    assert customerio.attributes("A") == {"plan": "new"}
    (activity,) = customerio.activities("failed_attribute_change")
    assert activity["customer_identifiers"]["id"] == "A"
    assert activity["data"]["email"]["value"] == "b@x.io"
    assert activity["data"]["email"]["reason"]


def test_a_new_id_with_a_known_email_goes_to_its_owner(customerio, identify):
    customerio.batch(identify("b@x.io", by="email", plan="a"))
    customerio.batch(identify("C", email="b@x.io"))
    (person,) = customerio.control.people()
    assert person["identifiers"] == {"email": "b@x.io", "id": "C"}


@pytest.mark.parametrize(("policy", "people"), [("conflict", 2), ("move", 1)])
def test_a_second_id_with_a_known_email_follows_the_switch(customerio, identify, policy, people):
    customerio.control.set_switch("reused_email", policy)
    customerio.batch(identify("t1", email="b@x.io"))
    customerio.batch(identify("t2", email="b@x.io"))
    assert len(customerio.control.people()) == people
    assert len(customerio.activities("failed_attribute_change")) == (policy == "conflict")


@pytest.mark.parametrize(("allowed", "email"), [(False, "old@x.io"), (True, "new@x.io")])
def test_an_email_changes_by_id_only_where_the_workspace_allows_it(
    customerio, identify, allowed, email
):
    customerio.control.set_switch("update_email_by_id", allowed)
    customerio.batch(identify("A", email="old@x.io"))
    customerio.batch(identify("A", email="new@x.io"))
    assert customerio.control.person("A")["identifiers"]["email"] == email
    assert (customerio.control.person("old@x.io") is None) == allowed


def test_a_cio_id_may_change_identifiers_and_an_unknown_one_is_dropped(customerio, identify):
    customerio.batch(identify("A", email="old@x.io"))
    key = customerio.control.person("A")["key"]
    customerio.batch(identify(key, by="cio_id", email="new@x.io", id="B"))
    assert customerio.control.person("B")["identifiers"] == {"email": "new@x.io", "id": "B"}
    assert customerio.batch(identify("a3ffffff", by="cio_id", plan="x")).status_code == 200
    assert len(customerio.control.people()) == 1


def test_emails_ignore_case_and_ids_do_not(customerio, identify):
    customerio.batch(identify("EMAIL@X.IO", by="email"))
    customerio.batch(identify("email@x.io", by="email"))
    customerio.batch(identify("ID"), identify("id"))
    assert len(customerio.control.people()) == 3


def test_in_a_workspace_by_id_an_email_is_an_ordinary_attribute(customerio, identify):
    customerio.control.set_switch("identifiers", ["id"])
    customerio.batch(identify("A", email="x@x.io"), identify("B", email="x@x.io"))
    assert customerio.attributes("A") == customerio.attributes("B") == {"email": "x@x.io"}


@pytest.mark.parametrize("scope", ["profile", "attribute"])
def test_a_stale_update_is_dropped_in_silence(customerio, identify, scope):
    customerio.control.set_switch("stale_scope", scope)
    customerio.batch(identify("u1", plan="new"))
    old = {**identify("u1", plan="old", other=1), "timestamp": int(customerio.clock.now) - 60}
    assert customerio.batch(old).content == b"{}\n"
    kept = {"plan": "new"} if scope == "profile" else {"plan": "new", "other": 1}
    assert customerio.attributes("u1") == kept


@pytest.mark.parametrize("timestamp", ["yesterday", -1, None, True, 1_767_225_600_000])
def test_a_timestamp_that_is_none_counts_as_now(customerio, identify, timestamp):
    customerio.batch(identify("u1", plan="old"))
    customerio.clock.advance(60)
    customerio.batch({**identify("u1", plan="new"), "timestamp": timestamp})
    assert customerio.attributes("u1") == {"plan": "new"}
    assert customerio.control.person("u1")["changed_at"]["plan"] == int(customerio.clock.now)


def test_an_event_id_is_stored_once_across_batches(customerio, event):
    customerio.batch(event("u1", "paid", id=ULID), event("u1", "paid", id=ULID))
    assert customerio.batch(event("u1", "paid", id=ULID)).content == b"{}\n"
    assert len(customerio.control.events()) == 1
    assert customerio.control.counters()["operations"]["id:u1"] == 3


def test_events_without_an_id_are_stored_each_time(customerio, event):
    customerio.batch(event("u1", "paid"))
    customerio.batch(event("u1", "paid"))
    assert len(customerio.control.events()) == 2


def test_an_id_used_by_another_person_counts_as_seen_in_the_workspace(customerio, event):
    customerio.batch(event("u1", "paid", id="not-a-ulid"))
    customerio.batch(event("u2", "paid", id="not-a-ulid"))
    assert [e["who"] for e in customerio.control.events()] == ["u1"]
    customerio.control.set_switch("event_id_scope", "person")
    customerio.batch(event("u2", "paid", id="not-a-ulid"), event("u2", "paid", id="not-a-ulid"))
    assert [e["who"] for e in customerio.control.events()] == ["u1", "u2"]


def test_only_events_of_the_last_72_hours_may_trigger(customerio, event):
    now = int(customerio.clock.now)
    customerio.batch(
        event("u1", "old", timestamp=now - 73 * HOUR),
        event("u1", "fresh", timestamp=now - 71 * HOUR),
        event("u1", "undated"),
    )
    flags = {e["name"]: e["may_trigger"] for e in customerio.control.events()}
    assert flags == {"old": False, "fresh": True, "undated": True}


def test_an_event_name_is_trimmed_and_page_views_are_events(customerio, event):
    customerio.batch({**event("u1", "  /home "), "action": "page"})
    (stored,) = customerio.control.events()
    assert (stored["name"], stored["type"]) == ("/home", "page")


def test_deleting_somebody_unknown_is_accepted(customerio):
    response = customerio.track("DELETE", "/api/v1/customers/nobody")
    assert (response.status_code, response.content) == (200, b"{}\n")
    op = {"type": "person", "action": "delete", "identifiers": {"id": "nobody"}}
    assert customerio.batch(op).content == b"{}\n"


def test_a_deleted_person_comes_back_empty(customerio, identify, event):
    customerio.batch(identify("u1", plan="a"))
    customerio.batch(event("u1", "paid"))
    customerio.batch({"type": "person", "action": "delete", "identifiers": {"id": "u1"}})
    assert customerio.control.person("u1") is None
    customerio.batch(identify("u1", seats=1))
    assert customerio.attributes("u1") == {"seats": 1}
    assert customerio.control.events() == []
    assert len(customerio.activities("profile_create")) == 2


def test_a_suppressed_person_can_not_be_created_until_freed(customerio, identify, event):
    suppress = {"type": "person", "action": "suppress", "identifiers": {"id": "u1"}}
    customerio.batch(identify("u1", email="a@x.io"))
    customerio.batch(suppress)
    for op in (identify("u1", plan="a"), identify("A@x.io", by="email"), event("u1", "paid")):
        assert customerio.batch(op).content == b"{}\n"
    assert customerio.control.people() == []
    customerio.batch({**suppress, "action": "unsuppress"})
    customerio.batch(identify("a@x.io", by="email"), identify("u1", plan="a"))
    assert len(customerio.control.people()) == 2


def test_a_merge_into_somebody_unknown_changes_nothing(customerio, identify):
    customerio.batch(identify("2", plan="a"))
    merge = {"type": "person", "action": "merge", "primary": {"id": "1"}, "secondary": {"id": "2"}}
    assert customerio.batch(merge).content == b"{}\n"
    assert customerio.attributes("2") == {"plan": "a"}


def test_a_merge_fills_the_gaps_of_the_primary(customerio, identify, event):
    segment = customerio.segment()
    customerio.batch(identify("1", plan="mine"), identify("2", plan="theirs", seats=2))
    customerio.batch(identify("2", email="two@x.io"), event("2", "paid"))
    customerio.track("POST", f"/api/v1/segments/{segment}/add_customers", {"ids": ["2"]})
    body = {"primary": {"id": "1"}, "secondary": {"email": "two@x.io"}}
    assert customerio.track("POST", "/api/v1/merge_customers", body).content == b"{}\n"
    (person,) = customerio.control.people()
    assert person["attributes"] == {"plan": "mine", "seats": 2}
    assert person["identifiers"] == {"id": "1", "email": "two@x.io"}
    assert (person["events"], person["segments"]) == (1, ["members"])
    assert [e["may_trigger"] for e in customerio.control.events()] == [False]


def test_more_than_1000_members_in_one_call_are_refused(customerio):
    path = f"/api/v1/segments/{customerio.segment()}/add_customers"
    ids = [f"u{i}" for i in range(1001)]
    response = customerio.track("POST", path, {"ids": ids})
    assert response.status_code == 400
    assert response.json()["meta"]["errors"]
    assert customerio.track("POST", path, {"ids": ids[:1000]}).content == b"{}\n"


def test_members_of_another_kind_of_identifier_are_ignored(customerio, identify):
    customerio.batch(identify("u1", email="a@x.io"), identify("u2", email="b@x.io"))
    path = f"/api/v1/segments/{customerio.segment()}/add_customers?id_type=email"
    assert customerio.track("POST", path, {"ids": ["A@x.io", "u2"]}).content == b"{}\n"
    assert customerio.members() == ["u1"]
    effects = {e["identity"]: e["effect"] for e in customerio.control.applied()}
    assert effects["u2"].startswith("ignored")


def test_members_join_and_leave_repeatably(customerio, identify):
    segment = customerio.segment()
    customerio.batch(identify("u1"), identify("u2"))
    for action, expected in (("add", ["u1", "u2"]), ("remove", [])):
        for _ in range(2):
            path = f"/api/v1/segments/{segment}/{action}_customers"
            assert customerio.track("POST", path, {"ids": ["u1", "u2"]}).content == b"{}\n"
            assert customerio.members() == expected


def test_a_deleted_person_leaves_segments_and_objects(customerio, identify):
    segment = customerio.segment()
    acme = {"object_type_id": "1", "object_id": "acme"}
    customerio.batch({**identify("u1"), "cio_relationships": [{"identifiers": acme}]})
    customerio.track("POST", f"/api/v1/segments/{segment}/add_customers", {"ids": ["u1"]})
    customerio.track("DELETE", "/api/v1/customers/u1")
    assert customerio.members() == []
    assert customerio.app("GET", f"/segments/{segment}/membership").json()["ids"] == []
    assert customerio.control.objects()[0]["people"] == []


def test_nobody_can_be_added_to_a_dynamic_or_unknown_segment(customerio):
    customerio.control.seed({"segments": [{"name": "computed", "type": "dynamic"}]})
    for number in ("1", "99", "x"):
        path = f"/api/v1/segments/{number}/add_customers"
        assert customerio.track("POST", path, {"ids": ["u1"]}).status_code == 400


@pytest.mark.parametrize(("policy", "members"), [("ignore", []), ("create", ["nobody"])])
def test_unknown_members_follow_the_switch(customerio, policy, members):
    customerio.control.set_switch("unknown_members", policy)
    path = f"/api/v1/segments/{customerio.segment()}/add_customers"
    assert customerio.track("POST", path, {"ids": ["nobody"]}).content == b"{}\n"
    assert customerio.members() == members


@pytest.mark.parametrize("needed", [False, True])
def test_people_without_an_id_leave_a_manual_segment_as_switched(customerio, identify, needed):
    customerio.control.set_switch("remove_needs_id", needed)
    segment = customerio.segment()
    customerio.batch(identify("u1", email="a@x.io"), identify("b@x.io", by="email"))
    body = {"ids": ["a@x.io", "b@x.io"]}
    for action in ("add", "remove"):
        path = f"/api/v1/segments/{segment}/{action}_customers?id_type=email"
        assert customerio.track("POST", path, body).content == b"{}\n"
    count = customerio.app("GET", f"/segments/{segment}/customer_count").json()["count"]
    assert count == (1 if needed else 0)


def test_reads_lag_behind_writes_by_the_settle_delay(customerio, identify):
    customerio.batch(identify("u1", plan="old"))
    customerio.control.set_switch("settle_seconds", 10)
    assert customerio.batch(identify("u1", plan="new")).content == b"{}\n"
    read = lambda: customerio.app_at_once("GET", "/customers/u1/attributes").json()  # noqa: E731
    customerio.clock.advance(9)
    assert read()["customer"]["attributes"]["plan"] == "old"
    customerio.clock.advance(1)
    assert read()["customer"]["attributes"]["plan"] == "new"


def test_opposite_updates_in_one_batch_apply_in_any_order(customerio, identify):
    ends = set()
    for number in range(20):
        who = f"u{number}"
        customerio.batch(identify(who, plan="first"), identify(who, plan="second"))
        ends.add(customerio.attributes(who)["plan"])
    assert ends == {"first", "second"}


def test_the_order_in_a_batch_can_be_kept(customerio, identify):
    customerio.control.set_switch("shuffle_batches", False)
    for number in range(10):
        who = f"u{number}"
        customerio.batch(identify(who, plan="first"), identify(who, plan="second"))
        assert customerio.attributes(who) == {"plan": "second"}


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_after_applying_leaves_no_double_state(customerio, identify, event, status):
    customerio.control.add_fault("status", {"status": status, "when": "after", "times": 1})
    ops = identify("u1", plan="a"), event("u1", "paid", id=ULID)
    assert customerio.batch(*ops).status_code == status
    assert customerio.batch(*ops).status_code == 200
    assert customerio.attributes("u1") == {"plan": "a"}
    assert len(customerio.control.events()) == 1
    assert customerio.control.counters()["operations"] == {"id:u1": 4}


@pytest.mark.parametrize("headers", [{"Retry-After": "3"}, {}])
def test_a_429_applies_nothing_and_carries_the_wanted_headers(customerio, identify, headers):
    customerio.control.add_fault("status", {"status": 429, "headers": headers, "times": 1})
    response = customerio.batch(identify("u1"))
    assert response.status_code == 429
    assert response.headers.get("retry-after") == headers.get("Retry-After")
    assert customerio.control.people() == []


def test_credentials_can_fail_in_the_middle_of_a_run(customerio, identify):
    customerio.control.add_fault("status", {"status": 401, "skip": 2})
    statuses = [customerio.batch(identify(f"u{i}")).status_code for i in range(4)]
    assert statuses == [200, 200, 401, 401]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_an_eu_account_on_the_us_host_is_sent_elsewhere(customerio, identify, status):
    customerio.control.set_switch("region", "eu")
    customerio.control.set_switch("wrong_region", status)
    response = customerio.batch(identify("u1"))
    assert response.status_code == status
    there = f"{customerio.url}/customerio/track-eu/api/v2/batch"
    assert response.headers["location"] == there
    assert customerio.control.people() == []
    auth = ("sandbox-site", "sandbox-track-key")
    assert customerio.http.post(there, json={"batch": [identify("u1")]}, auth=auth).is_success


def test_a_us_account_fails_on_the_eu_host(customerio, identify):
    there = f"{customerio.url}/customerio/track-eu/api/v2/batch"
    auth = ("sandbox-site", "sandbox-track-key")
    response = customerio.http.post(there, json={"batch": [identify("u1")]}, auth=auth)
    assert response.status_code == 401


def test_bulk_read_back_leaves_out_unknown_ids_and_returns_texts(customerio, identify):
    customerio.batch(
        identify("u1", seats=3, rate=1.5, whole=2.0, ok=True, tags=["a", 1]), identify("u2")
    )
    response = customerio.app("POST", "/customers/attributes", {"ids": ["u1", "nobody", "u2"]})
    first, second = (c["customer"] for c in response.json()["customers"])
    shown = {k: first["attributes"][k] for k in ("seats", "rate", "whole", "ok", "tags")}
    assert shown == {"seats": "3", "rate": "1.5", "whole": "2", "ok": "true", "tags": '["a",1]'}
    assert second["id"] == "u2"


@pytest.mark.parametrize("count", [0, 101])
def test_bulk_read_back_takes_1_to_100_ids(customerio, count):
    body = {"ids": [str(i) for i in range(count)]}
    assert customerio.app("POST", "/customers/attributes", body).status_code == 400


def test_an_id_type_that_is_disabled_answers_400(customerio):
    path = "/customers/attributes?id_type=phone"
    assert customerio.app("POST", path, {"ids": ["+491"]}).status_code == 400


def test_a_plus_sign_must_be_escaped_to_find_an_email(customerio, identify):
    customerio.batch(identify("u1", email="a+b@x.io"))
    assert customerio.app("GET", "/customers?email=a+b@x.io").json() == {"results": []}
    (found,) = customerio.app("GET", "/customers?email=a%2Bb@x.io").json()["results"]
    assert (found["id"], found["email"]) == ("u1", "a+b@x.io")


def test_reading_somebody_unknown_answers_404_with_a_reference(customerio):
    response = customerio.app("GET", "/customers/nope/attributes")
    assert response.status_code == 404
    (error,) = errors(response)
    assert error["status"] == "404"
    assert error["detail"].startswith("not found (reference ")


def test_the_eleventh_app_request_within_a_second_is_refused(customerio):
    statuses = [customerio.app_at_once("GET", "/segments").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    assert customerio.app_at_once("GET", "/segments").content == b""
    customerio.clock.advance(1)
    assert customerio.app_at_once("GET", "/segments").status_code == 200
    customerio.control.set_switch("app_rate_limit", False)
    statuses = {customerio.app_at_once("GET", "/segments").status_code for _ in range(20)}
    assert statuses == {200}


def test_membership_is_paged_until_exhausted(customerio, identify):
    segment = customerio.segment()
    ids = [f"u{i}" for i in range(25)]
    customerio.batch(*[identify(i) for i in ids])
    customerio.track("POST", f"/api/v1/segments/{segment}/add_customers", {"ids": ids})
    found, start = [], ""
    while True:
        path = f"/segments/{segment}/membership?limit=10&start={start}"
        page = customerio.app("GET", path).json()
        found += page["ids"]
        assert [i["id"] for i in page["identifiers"]] == page["ids"]
        start = page["next"]
        if not start:
            break
    assert sorted(found) == sorted(ids)
    count = customerio.app("GET", f"/segments/{segment}/customer_count").json()
    assert count == {"segment_id": segment, "count": 25}


@pytest.mark.parametrize("status", [400, 200])
def test_a_membership_page_has_at_most_30000_people(customerio, status):
    segment = customerio.segment()
    customerio.control.set_switch("membership_over_limit", status)
    path = f"/segments/{segment}/membership?limit="
    assert customerio.app("GET", f"{path}30000").status_code == 200
    assert customerio.app("GET", f"{path}30001").status_code == status


def test_segments_are_created_listed_and_deleted(customerio):
    segment = customerio.segment("vip")
    (listed,) = customerio.app("GET", "/segments").json()["segments"]
    assert (listed["id"], listed["name"], listed["type"]) == (segment, "vip", "manual")
    assert listed["deduplicate_id"] == f"{segment}:{listed['updated_at']}"
    assert customerio.app("DELETE", f"/segments/{segment}").is_success
    assert customerio.app("GET", f"/segments/{segment}").status_code == 404
    assert customerio.app("POST", "/segments", {"segment": {"name": " "}}).status_code == 400


def test_a_dynamic_segment_and_a_search_evaluate_the_same_filter(customerio, identify):
    condition = {
        "and": [
            {"attribute": {"field": "plan", "operator": "eq", "value": "a"}},
            {"not": {"attribute": {"field": "churned", "operator": "exists"}}},
        ]
    }
    customerio.control.seed({"segments": [{"name": "active", "filter": condition}]})
    customerio.batch(
        identify("u1", plan="a"), identify("u2", plan="a", churned=True), identify("u3", plan="b")
    )
    assert customerio.app("GET", "/segments/1/customer_count").json()["count"] == 1
    found = customerio.app("POST", "/customers", {"filter": {"segment": {"id": 1}}}).json()
    assert found["ids"] == ["u1"]
    (mine,) = customerio.app("GET", "/customers/u1/segments").json()["segments"]
    assert mine["name"] == "active"
    assert customerio.app("POST", "/customers", {"filter": {"x": 1}}).status_code == 400


def test_failed_changes_can_be_read_through_the_app_api(customerio, identify):
    customerio.batch(identify("A"), identify("B", email="b@x.io"))
    customerio.batch(identify("A", email="b@x.io"))
    page = customerio.app("GET", "/activities?type=failed_attribute_change&limit=100").json()
    (activity,) = page["activities"]
    assert activity["data"]["email"]["value"] == "b@x.io"
    assert page["next"] == ""
    about = customerio.app("GET", "/activities?customer_id=B&id_type=id").json()["activities"]
    assert [a["type"] for a in about] == ["profile_create"]


def test_a_page_without_a_limit_is_short(customerio, identify):
    customerio.batch(*[identify(f"u{i}", plan="a") for i in range(60)])
    condition = {"attribute": {"field": "plan", "operator": "exists"}}
    found = customerio.app("POST", "/customers", {"filter": condition}).json()
    assert (len(found["ids"]), found["next"]) == (50, "50")
    found = customerio.app("GET", "/activities").json()
    assert (len(found["activities"]), found["next"]) == (10, "10")


def test_activities_of_somebody_are_asked_for_by_an_enabled_identifier(customerio):
    path = "/activities?customer_id=%2B12025550100&id_type=phone"
    assert customerio.app("GET", path).status_code == 400


@pytest.mark.parametrize("path", ["/batch", "/identify"])
def test_pipelines_drop_what_is_too_large_unless_strict(customerio, path):
    traits = {f"t{i}": "x" * 900 for i in range(40)}
    call = {"type": "identify", "userId": "u1", "traits": traits}
    body = {"batch": [call] * 20} if path == "/batch" else call
    silent = customerio.cdp(path, body, strict=False)
    assert silent.status_code == 200
    assert customerio.cdp(path, body, strict=True).status_code == 400
    assert customerio.control.people() == []


def test_pipelines_hide_wrong_keys_unless_strict(customerio):
    call = {"userId": "u1", "traits": {"plan": "a"}}
    assert customerio.cdp("/identify", call, strict=False, auth=("no", "")).status_code == 200
    assert customerio.cdp("/identify", call, strict=True, auth=("no", "")).status_code == 401
    assert customerio.control.people() == []


def test_pipelines_calls_become_people_events_and_objects(customerio):
    calls = [
        {"type": "identify", "userId": "u1", "traits": {"plan": "a"}},
        {
            "type": "track",
            "userId": "u1",
            "event": "paid",
            "properties": {"amount": 2},
            "timestamp": "2026-01-01T00:00:00Z",
        },
        {"type": "group", "userId": "u1", "groupId": "acme", "traits": {"tier": "gold"}},
        {"type": "identify", "userId": "u2"},
    ]
    assert customerio.cdp("/batch", {"batch": calls}, strict=True).json() == {"success": True}
    customerio.cdp("/track", {"userId": "u2", "event": "User Deleted"}, strict=True)
    (person,) = customerio.control.people()
    assert person["attributes"] == {"plan": "a"}
    (stored,) = customerio.control.events()
    assert (stored["name"], stored["timestamp"]) == ("paid", 1_767_225_600)
    (thing,) = customerio.control.objects()
    assert (thing["object_id"], thing["attributes"]) == ("acme", {"tier": "gold"})
    assert [p["identifiers"]["id"] for p in thing["people"]] == ["u1"]
