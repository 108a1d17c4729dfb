"""The sandbox answers as the fact sheet says Gainsight PX does. Expectations by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from activation_sandbox.client import SandboxControl

from tests.unit.sandbox.gainsight_px_spec import assert_answer_fits

KEY = {"X-APTRINSIC-API-KEY": "sandbox-px-key"}
TAG = "AP-SANDBOX00001-2"
DAY = 86_400
NOW_MS = 1_767_225_600_000


@dataclass
class Px:
    """What a client of the vendor would send, and the control API beside it."""

    base: str
    http: httpx.Client
    control: SandboxControl
    clock: Any

    def api(
        self, method: str, path: str, body: Any = None, host: str = "api", **options: Any
    ) -> httpx.Response:
        options.setdefault("headers", KEY)
        url = f"{self.base}/{host}/v1{path}"
        response = self.http.request(method, url, json=body, **options)
        if response.status_code < 300:
            shown = response.json() if response.content else None
            assert_answer_fits(method, f"/v1{path}", response.status_code, shown)
        return response

    def user(self, who: str = "u-1", **fields: Any) -> httpx.Response:
        return self.api("POST", "/users", {"identifyId": who, "propertyKeys": [TAG], **fields})

    def shown(self, who: str = "u-1") -> dict[str, Any]:
        response = self.api("GET", f"/users/{who}")
        assert response.status_code == 200
        return dict(response.json())


@pytest.fixture
def px(customerio: Any) -> Px:
    """Empty, without faults, all switches at their defaults."""
    control = SandboxControl(customerio.url, "gainsight_px")
    return Px(f"{customerio.url}/gainsight_px", customerio.http, control, customerio.clock)


def error(response: httpx.Response) -> dict[str, Any]:
    return dict(response.json()["externalapierror"])


def custom(**values: Any) -> dict[str, Any]:
    return {"customAttributes": values}


@pytest.mark.parametrize(
    "headers", [{}, {"X-APTRINSIC-API-KEY": TAG}, {"Authorization": "Bearer sandbox-px-key"}]
)
def test_only_the_rest_key_in_its_own_header_opens_the_api(px, headers):
    assert px.api("GET", "/users", headers=headers).status_code == 401


def test_a_key_of_another_region_is_refused(px):
    px.control.set_switch("region", "eu")
    assert px.api("GET", "/users").status_code == 401
    assert px.api("GET", "/users", host="api-eu").status_code == 200


@pytest.mark.parametrize("form", ["html", "json"])
def test_a_read_only_key_reads_and_does_not_write(px, form):
    px.control.set_switch("forbidden_body", form)
    headers = {"X-APTRINSIC-API-KEY": "sandbox-px-read-only-key"}
    assert px.api("GET", "/users", headers=headers).status_code == 200
    refused = px.api("PUT", "/users/u-1", {}, headers=headers)
    assert refused.status_code == 403
    assert ("403 Forbidden" in refused.text) == (form == "html")


@pytest.mark.parametrize("lacking", ["identifyId", "propertyKeys"])
def test_a_new_user_needs_an_id_and_a_product(px, lacking):
    body = {"identifyId": "u-1", "propertyKeys": [TAG]}
    del body[lacking]
    refused = px.api("POST", "/users", body)
    assert refused.status_code == 400
    assert error(refused)["subErrors"] == [{"message": f"{lacking} must not be empty"}]


def test_a_user_is_created_once_and_unset_fields_read_as_defaults(px):
    assert px.user(email="a@x.io").status_code == 201
    shown = px.shown()
    assert (shown["id"], shown["identifyId"], shown["email"]) == ("u-1", "u-1", "a@x.io")
    assert (shown["firstName"], shown["score"], shown["customAttributes"]) == ("", 0, None)
    again = px.user()
    assert (again.status_code, error(again)["status"]) == (400, "BAD_REQUEST")


def test_an_update_answers_nothing_and_leaves_other_attributes(px):
    px.user(email="a@x.io", **custom(seats_used=1))
    before = px.shown()
    px.clock.advance(5)
    for _ in range(2):
        response = px.api("PUT", "/users/u-1", custom(lifecycle_stage="trial"))
        assert (response.status_code, response.content) == (204, b"")
    shown = px.shown()
    assert shown["customAttributes"] == {"seats_used": 1, "lifecycle_stage": "trial"}
    assert shown["email"] == "a@x.io"
    assert shown["lastModifiedDate"] == before["lastModifiedDate"] + 5000


def test_custom_attributes_may_be_replaced_as_a_whole(px):
    px.control.set_switch("merge_custom_attributes", False)
    px.user(**custom(seats_used=1))
    px.api("PUT", "/users/u-1", custom(lifecycle_stage="trial"))
    assert px.shown()["customAttributes"] == {"lifecycle_stage": "trial"}


def test_an_unknown_user_is_not_created_by_an_update(px):
    response = px.api("PUT", "/users/u-404", custom(seats_used=1))
    assert response.status_code == 404
    assert error(response) == {
        "status": "NOT_FOUND",
        "message": "User was not found for parameters {id=u-404}",
        "debugMessage": None,
        "subErrors": None,
    }
    assert px.control.people() == []


def test_an_id_that_fits_no_path_is_updated_by_the_body(px):
    px.user("a/b c")
    body = {"identifyId": "a/b c", **custom(seats_used=2)}
    assert px.api("PUT", "/users/update", body).status_code == 204
    assert px.control.person("a/b c")["attributes"]["seats_used"] == 2


def test_read_only_fields_are_ignored(px):
    px.user()
    assert px.api("PUT", "/users/u-1", {"createDate": 5}).status_code == 204
    assert px.shown()["createDate"] == NOW_MS


@pytest.mark.parametrize("bad", [{"unheard": 1}, {"seats_used": "many"}, {"lifecycle_stage": 3}])
def test_what_an_administrator_has_not_created_is_refused_or_dropped(px, bad):
    px.user()
    refused = px.api("PUT", "/users/u-1", custom(**bad))
    assert refused.status_code == 400
    assert error(refused)["subErrors"]
    px.control.set_switch("bad_attribute", "drop")
    assert px.api("PUT", "/users/u-1", custom(**bad)).status_code == 204
    assert px.shown()["customAttributes"] is None


def test_a_disabled_attribute_takes_nothing(px):
    px.user()
    px.control.set_switch("disabled_attributes", ["seats_used"])
    assert px.api("PUT", "/users/u-1", custom(seats_used=1)).status_code == 400
    listed = px.api("GET", "/admin/model/user/attributes").json()
    assert {a["apiName"]: a["state"] for a in listed}["seats_used"] == "DISABLED"


@pytest.mark.parametrize("clears", [True, False])
def test_whether_a_null_empties_is_a_switch(px, clears):
    px.control.set_switch("null_clears", clears)
    px.user(**custom(seats_used=1, lifecycle_stage="trial"))
    px.api("PUT", "/users/u-1", custom(seats_used=None, lifecycle_stage=""))
    assert px.shown()["customAttributes"] == (None if clears else {"seats_used": 1})


def test_paths_know_letter_case_and_filters_do_not(px):
    px.user("u-1")
    assert px.api("GET", "/users/U-1").status_code == 404
    found = px.api("GET", "/users", params={"filter": "identifyId==U-1"}).json()
    assert [u["identifyId"] for u in found["users"]] == ["u-1"]


def test_pages_end_when_short_not_when_the_scroll_id_is_null(px):
    for i in range(25):
        px.user(f"u-{i:02}")
    sizes, scroll = [], ""
    for _ in range(3):
        answer = px.api("GET", "/users", params={"pageSize": 10, "scrollId": scroll}).json()
        sizes.append(len(answer["users"]))
        scroll = answer["scrollId"]
        assert scroll
        assert answer["totalHits"] == 25
    assert sizes == [10, 10, 5]


@pytest.mark.parametrize(
    ("path", "size"), [("/users", 0), ("/users", 1001), ("/accounts", 1001), ("/segment", 201)]
)
def test_page_sizes_have_bounds(px, path, size):
    assert px.api("GET", path, params={"pageSize": size}).status_code == 400


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["email==a@x.io;customAttributes.seats_used>1"], []),
        (["email==b@x.io;customAttributes.seats_used>1"], ["u-2"]),
        (["email==a@x.io", "email==b@x.io"], ["u-1", "u-2"]),
        (["email~*@x.io"], ["u-1", "u-2"]),
        (["email!~b*"], ["u-1"]),
        (["customAttributes.seats_used<=1"], ["u-1"]),
        (["email!=a@x.io"], ["u-2"]),
    ],
)
def test_filters_join_with_semicolons_and_alternate_when_repeated(px, filters, expected):
    px.user("u-1", email="a@x.io", **custom(seats_used=1))
    px.user("u-2", email="b@x.io", **custom(seats_used=2))
    found = px.api("GET", "/users", params={"filter": filters, "sort": "email"}).json()["users"]
    assert [u["identifyId"] for u in found] == expected
    assert px.api("GET", "/users", params={"filter": "nonsense"}).status_code == 400


def test_attributes_are_listed_for_users_and_accounts_only(px):
    for model, status in (("user", 200), ("account", 200), ("foo", 404)):
        assert px.api("GET", f"/admin/model/{model}/attributes").status_code == status


def account(**fields: Any) -> dict[str, Any]:
    return {"id": "a-1", "name": "Acme", "propertyKeys": [TAG], **fields}


def test_an_account_is_created_with_a_name_and_then_updated(px):
    assert px.api("PUT", "/accounts/a-1", {"plan": "pro"}).status_code == 404
    assert px.api("POST", "/accounts", {**account(), "name": ""}).status_code == 400
    assert px.api("POST", "/accounts", account()).status_code == 201
    assert px.api("PUT", "/accounts/a-1", {"plan": "pro"}).status_code == 204
    (thing,) = px.control.objects()
    assert thing["attributes"] == {"name": "Acme", "plan": "pro"}


def test_deleting_an_account_deletes_its_users(px):
    px.api("POST", "/accounts", account())
    px.user("u-1", accountId="a-1")
    px.user("u-2", accountId="elsewhere")
    assert px.api("DELETE", "/accounts/a-1").status_code == 204
    assert [p["identifiers"]["id"] for p in px.control.people()] == ["u-2"]


@pytest.mark.parametrize(
    ("days", "hard", "status"), [(6, "false", 204), (8, "false", 404), (1, "true", 404)]
)
def test_an_update_brings_back_a_user_deleted_a_short_while_ago(px, days, hard, status):
    px.user(email="a@x.io")
    assert px.api("DELETE", "/users/u-1", params={"hardDelete": hard}).status_code == 204
    assert px.api("DELETE", "/users/u-1").status_code == 404
    px.clock.advance(days * DAY)
    assert px.api("GET", "/users/u-1").status_code == 404
    response = px.api("PUT", "/users/u-1", custom(seats_used=1))
    assert response.status_code == status
    if status == 204:
        assert px.shown()["email"] == "a@x.io"


def event(**more: Any) -> dict[str, Any]:
    given = {"eventName": "paid", "identifyId": "u-1", "propertyKey": TAG, "userType": "USER"}
    return {**given, "eventId": "e-1", "date": NOW_MS, **more}


def test_an_event_is_stored_as_often_as_it_is_sent(px):
    for _ in range(2):
        assert px.api("POST", "/events/custom", event(attributes={"amount": 4})).status_code == 201
    found = px.api("GET", "/events/custom", params={"filter": "identifyId==u-1;eventName==paid"})
    assert [e["attributes"] for e in found.json()["customEvents"]] == [{"amount": 4}] * 2
    px.control.set_switch("dedupe_event_ids", True)
    px.api("POST", "/events/custom", event())
    assert len(px.control.events()) == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"userType": None},
        {"userType": "ROBOT"},
        {"propertyKey": ""},
        {"date": "2026-01-01"},
        {"eventName": "x" * 2001},
        {"attributes": {f"p{i}": 1 for i in range(51)}},
    ],
)
def test_an_incomplete_or_oversized_event_is_refused(px, bad):
    assert px.api("POST", "/events/custom", event(**bad)).status_code == 400
    assert px.control.events() == []


def test_events_are_listed_for_a_day_unless_asked_and_190_at_most(px):
    px.api("POST", "/events/custom", event(date=NOW_MS - 3 * DAY * 1000))
    assert px.api("GET", "/events/custom").json()["customEvents"] == []
    start = NOW_MS - 4 * DAY * 1000
    found = px.api("GET", "/events/custom", params={"dateRangeStart": start})
    assert len(found.json()["customEvents"]) == 1
    start = NOW_MS - 191 * DAY * 1000
    refused = px.api("GET", "/events/custom", params={"dateRangeStart": start})
    assert error(refused)["message"] == "Exceeded date range190days"


def make_segment(px: Px, fail_if_exists: str = "false") -> httpx.Response:
    body = {"externalId": "risk", "name": "At risk"}
    params = {"failIfExists": fail_if_exists}
    return px.api("POST", "/external_segment/metadata", body, params=params)


def change_members(px: Px, made: str, **lists: Any) -> httpx.Response:
    actions = {
        verb: [
            {
                "segmentId": made,
                "lastQualificationTime": "2026-01-01T06:00:00.000000Z",
                "identities": identities,
            }
        ]
        if identities
        else []
        for verb, identities in lists.items()
    }
    return px.api("POST", "/external_segment/update_membership", actions)


def test_an_external_segment_is_made_once(px):
    first = make_segment(px).json()
    assert make_segment(px).json() == first
    assert make_segment(px, "true").status_code == 400


def test_membership_is_a_set(px):
    px.user()
    made = make_segment(px).json()["id"]
    for add, remove, members in ((["u-1"], [], ["u-1"]), ([], ["u-1"], [])):
        for _ in range(2):
            assert change_members(px, made, add=add, remove=remove).status_code == 200
        (segment,) = px.control.segments()
        assert segment["members"] == members


def test_a_repeated_membership_may_be_refused(px):
    px.user()
    made = make_segment(px).json()["id"]
    px.control.set_switch("repeated_membership", "reject")
    assert change_members(px, made, add=["u-1"], remove=[]).status_code == 200
    assert change_members(px, made, add=["u-1"], remove=[]).status_code == 400


def test_a_change_of_membership_must_be_complete(px):
    made = make_segment(px).json()["id"]
    assert change_members(px, made, add=["u-1"]).status_code == 400
    assert change_members(px, "unheard-of", add=["u-1"], remove=[]).status_code == 400
    action = {"segmentId": made, "lastQualificationTime": NOW_MS, "identities": ["u-1"]}
    body = {"add": [action], "remove": []}
    assert px.api("POST", "/external_segment/update_membership", body).status_code == 400


@pytest.mark.parametrize("status", [403, 404])
def test_external_segments_may_be_switched_off(px, status):
    px.control.set_switch("external_segments", str(status))
    assert make_segment(px).status_code == status


def test_201_requests_in_a_second_are_too_many(px):
    px.control.set_switch("requests_per_second", 200)
    px.control.set_switch("retry_after", 3)
    statuses = [px.api("GET", "/users").status_code for _ in range(201)]
    assert statuses == [200] * 200 + [429]
    refused = px.api("GET", "/users")
    assert (refused.text, refused.headers["retry-after"]) == ("Rate limit exceeded", "3")
    px.clock.advance(1)
    assert px.api("GET", "/users").status_code == 200


def push(px: Px, body: Any, tag: str = TAG) -> httpx.Response:
    return px.http.post(f"{px.base}/push/rte/segmentio/v1/push", json=body, auth=(tag, ""))


def test_the_cloud_endpoint_takes_events_with_the_tag(px):
    track = {"type": "track", "userId": "u-1", "event": "paid", "messageId": "m-1"}
    assert push(px, track).status_code == 200
    (stored,) = px.control.events()
    assert (stored["who"], stored["name"], stored["id"]) == ("u-1", "paid", "m-1")
    assert push(px, []).status_code == 400
    assert push(px, track, "nonsense").json() == {
        "message": "Unable to authenticate key 'nonsense': not a valid API key structure"
    }
    assert push(px, track, "AP-OTHER-2").status_code == 401


def test_preferences_and_the_deny_list_are_kept(px):
    px.user()
    px.api("PUT", "/user/preferences/u-1", {"surveys": False})
    assert px.api("PUT", "/user/preferences/u-1", {"surveys": None}).status_code == 204
    assert px.api("GET", "/user/preferences/u-1").json()["surveys"] is False
    px.api("PUT", "/users/denylist/u-1", {"denied": True})
    found = px.api("GET", "/users/denylist/u-1").json()
    assert found == {"denied": True, "identifyId": "u-1"}


def test_segments_and_matches_are_listed_under_the_vendors_names(px):
    match = {"segmentId": "s1", "identifyId": "u-1", "propertyKey": TAG, "userType": "USER"}
    px.control.seed({"segments": [{"id": "s1", "name": "Active"}], "segment_matches": [match]})
    assert px.api("GET", "/segment").json() == {
        "segments": [{"id": "s1", "name": "Active"}],
        "pageNumber": 0,
        "isLastPage": True,
    }
    assert px.api("GET", "/events/segment_match").json()["featureMatchEvents"]
