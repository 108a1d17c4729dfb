"""The sandbox answers as the fact sheet says LaunchDarkly does; expectations written by hand."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

SEMANTIC = "application/json; domain-model=launchdarkly.semanticpatch"
ONE = "/segments/default/test/risk"
INSIDE = "/projects/default/environments/test"
USER_AGENT = "MetricImport-acme-int/1.0"


class Launchdarkly:
    """What any client would send, and the control API beside it."""

    def __init__(self, customerio: Any) -> None:
        self.http: httpx.Client = customerio.http
        self.url, self.clock = customerio.url, customerio.clock

    def api(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = {"authorization": "api-sandbox", **options.pop("headers", {})}
        url = f"{self.url}/launchdarkly/app/api/v2{path}"
        return self.http.request(method, url, json=body, headers=headers, **options)

    def patch(self, *instructions: Any, path: str = ONE, **options: Any) -> httpx.Response:
        body = {"environmentKey": "test", "instructions": list(instructions)}
        return self.api("PATCH", path, body, headers={"content-type": SEMANTIC}, **options)

    def create(self, key: str = "risk", **more: Any) -> httpx.Response:
        return self.api("POST", "/segments/default/test", {"key": key, "name": key, **more})

    def included(self) -> list[str]:
        return list(self.api("GET", ONE).json()["included"])

    def events(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        given = {"authorization": "sdk-sandbox", "x-launchdarkly-event-schema": "4"}
        url = f"{self.url}/launchdarkly/events{path}"
        return self.http.post(url, json=body, headers={**given, **(headers or {})})

    def import_(self, *events: Any, **headers: str) -> httpx.Response:
        given = {"authorization": "api-sandbox", "user-agent": USER_AGENT}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.events("/v2/event-data-import/default/test", events, {**given, **named})

    def control(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        url = f"{self.url}/_sandbox/{path}"
        params = {"vendor": "launchdarkly", **query}
        answer = self.http.request(method, url, params=params, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def switch(self, name: str, value: Any) -> None:
        self.control("POST", "switches", {name: value})

    def stored(self) -> list[str]:
        return [event["name"] for event in self.control("GET", "state", part="events")["events"]]


@pytest.fixture
def ld(customerio: Any) -> Launchdarkly:
    return Launchdarkly(customerio)


def add(*keys: str, kind: str = "user") -> dict[str, Any]:
    return {"kind": "addIncludedTargets", "contextKind": kind, "values": list(keys)}


def remove(*keys: str) -> dict[str, Any]:
    return {"kind": "removeIncludedTargets", "contextKind": "user", "values": list(keys)}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("token", ["", "wrong", "Bearer api-sandbox", "sdk-sandbox"])
def test_only_the_bare_access_token_opens_the_api(ld: Launchdarkly, token: str) -> None:
    answer = ld.api("GET", ONE, headers={"authorization": token})
    assert code(answer) == (401, "unauthorized")
    assert answer.json()["message"] == "Invalid access token"


def test_a_semantic_patch_needs_its_content_type_and_its_environment(ld: Launchdarkly) -> None:
    ld.create()
    body = {"environmentKey": "test", "instructions": [add("u-1")]}
    assert code(ld.api("PATCH", ONE, body)) == (400, "invalid_request")
    headers = {"content-type": SEMANTIC}
    bare = {"instructions": [add("u-1")]}
    assert code(ld.api("PATCH", ONE, bare, headers=headers)) == (400, "invalid_request")
    assert ld.included() == []


def test_members_join_once_and_leave_without_complaint(ld: Launchdarkly) -> None:
    ld.create()
    assert ld.patch(add("u-1", "u-2")).json()["version"] == 2
    assert ld.patch(add("u-1", "u-2")).json()["version"] == 2
    assert ld.included() == ["u-1", "u-2"]
    assert ld.patch(remove("u-9")).status_code == 200
    assert ld.patch(remove("u-1"), add("u-3")).json()["included"] == ["u-2", "u-3"]


@pytest.mark.parametrize(
    "instructions",
    [
        ({"kind": "noSuchKind", "values": ["u-2"]},),
        (add("u-1"), {"kind": "noSuchKind", "values": ["u-2"]}),
        (add("u-1"), add("u-blocked")),
        (add(*(f"u-{i}" for i in range(1000))), remove(*(f"v-{i}" for i in range(501)))),
        (add("u-1"), {"kind": "addBigSegmentIncludedTargets", "values": ["u-2"]}),
        (add("u-1", kind="multi"),),
        (add("u-1", ""),),
        (),
    ],
)
def test_a_patch_applies_as_a_whole_or_not_at_all(
    ld: Launchdarkly, instructions: tuple[Any, ...]
) -> None:
    ld.control("POST", "seed", {"segments": [{"key": "risk", "excluded": ["u-blocked"]}]})
    assert code(ld.patch(*instructions)) == (400, "invalid_request")
    assert ld.included() == []


def test_1500_targets_fit_and_a_segment_holds_15000(ld: Launchdarkly) -> None:
    inside = [f"old-{i}" for i in range(13_500)]
    ld.control("POST", "seed", {"segments": [{"key": "risk", "included": inside}]})
    assert ld.patch(add(*(f"u-{i}" for i in range(1500)))).status_code == 200
    assert code(ld.patch(add("u-1", "one-too-many"))) == (400, "invalid_request")
    assert len(ld.included()) == 15_000


def test_other_kinds_of_context_have_lists_of_their_own(ld: Launchdarkly) -> None:
    ld.create()
    found = ld.patch(add("acc-9", kind="account")).json()
    assert found["included"] == []
    assert found["includedContexts"] == [{"contextKind": "account", "values": ["acc-9"]}]


def test_what_is_not_there_is_not_found(ld: Launchdarkly) -> None:
    assert code(ld.patch(add("u-1"))) == (404, "not_found")
    assert code(ld.api("GET", "/segments/default/nowhere/risk")) == (404, "not_found")
    assert code(ld.api("GET", "/segments/other/test/risk")) == (404, "not_found")
    assert code(ld.api("GET", "/nothing")) == (404, "not_found")


def test_of_two_writers_one_meets_a_conflict(ld: Launchdarkly) -> None:
    ld.create()
    ld.switch("conflict_once", True)
    assert code(ld.patch(add("u-1"))) == (409, "optimistic_locking_error")
    assert ld.patch(add("u-1")).status_code == 200


@pytest.mark.parametrize(
    ("reset", "expected"), [("ahead", 10_000), ("past", -10_000), ("absent", None)]
)
def test_a_full_window_says_when_it_ends(
    ld: Launchdarkly, reset: str, expected: int | None
) -> None:
    ld.create()
    ld.switch("requests_per_window", 1)
    ld.switch("reset", reset)
    assert ld.api("GET", ONE).status_code == 200
    answer = ld.api("GET", ONE)
    assert code(answer) == (429, "rate_limited")
    assert answer.headers["x-ratelimit-route-remaining"] == "0"
    at = answer.headers.get("x-ratelimit-reset")
    assert at == (None if expected is None else str(int(ld.clock.now * 1000) + expected))
    ld.clock.advance(10)
    assert ld.api("GET", ONE).status_code == 200


def test_a_big_segment_takes_lists_and_a_standard_one_does_not(ld: Launchdarkly) -> None:
    ld.create()
    ld.create("big", unbounded=True, unboundedContextKind="user")
    body = {"included": {"add": ["u-1", "u-2"], "remove": ["u-7"]}}
    assert code(ld.api("POST", f"{ONE}/contexts", body)) == (400, "invalid_request")
    path = "/segments/default/test/big"
    answer = ld.api("POST", f"{path}/contexts", body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert ld.api("GET", f"{path}/contexts/u-1").json()["included"] is True
    assert ld.api("GET", f"{path}/contexts/u-7").json()["included"] is False
    found = ld.api("GET", path).json()
    assert (found["included"], found["_unboundedMetadata"]["includedCount"]) == ([], 2)
    assert code(ld.patch(add("u-1"), path=path)) == (400, "invalid_request")


def test_a_segment_is_created_empty_and_once(ld: Launchdarkly) -> None:
    answer = ld.create(included=["u-1"], rules=[{}])
    assert (answer.status_code, answer.json()["included"]) == (201, [])
    assert code(ld.create()) == (409, "conflict")
    assert code(ld.create("-no")) == (400, "invalid_request")
    ld.switch("strict_fields", True)
    assert code(ld.create("other", included=[])) == (400, "invalid_request")


def test_a_segment_may_be_unknown_right_after_its_creation(ld: Launchdarkly) -> None:
    ld.switch("unknown_after_create", 1)
    ld.create()
    assert [ld.api("GET", ONE).status_code for _ in range(2)] == [404, 200]


def test_a_dry_run_changes_nothing(ld: Launchdarkly) -> None:
    ld.create()
    assert ld.patch(add("u-1"), params={"dryRun": "true"}).status_code == 200
    assert ld.included() == []


def test_approvals_guard_targets_and_not_names(ld: Launchdarkly) -> None:
    ld.switch("approvals", True)
    assert ld.create().status_code == 201
    answer = ld.patch(add("u-1"))
    assert code(answer) == (403, "forbidden")
    assert answer.json()["message"] == "approval is required"
    assert ld.patch({"kind": "updateName", "value": "Other"}).json()["name"] == "Other"
    ld.switch("bypasses_approvals", True)
    assert ld.patch(add("u-1")).status_code == 200


def test_a_reader_writes_nothing(ld: Launchdarkly) -> None:
    ld.create()
    reader = {"authorization": "api-sandbox-reader"}
    answer = ld.api("GET", ONE, headers=reader)
    assert answer.json()["_access"]["denied"][0]["action"] == "updateIncluded"
    body = {"key": "x", "name": "x"}
    answer = ld.api("POST", "/segments/default/test", body, headers=reader)
    assert code(answer) == (403, "forbidden")


def form(content: bytes, mode: str = "replace") -> dict[str, Any]:
    return {"files": {"file": ("keys.csv", content)}, "data": {"mode": mode}}


def test_an_import_runs_alone_and_replaces_or_merges(ld: Launchdarkly) -> None:
    ld.create("risk", unbounded=True)
    ld.api("POST", f"{ONE}/contexts", {"included": {"add": ["u-0"]}})
    ld.switch("import_seconds", 60)
    first = ld.api("POST", f"{ONE}/imports", **form(b"u-1\nu-2\n"))
    assert first.status_code == 204
    assert code(ld.api("POST", f"{ONE}/imports", **form(b"u-3\n"))) == (409, "conflict")
    job = first.headers["location"]
    token = {"authorization": "api-sandbox"}
    assert ld.http.get(job, headers=token).json()["status"] == "in_progress"
    ld.clock.advance(61)
    assert ld.http.get(job, headers=token).json()["status"] == "complete"
    members = [ld.api("GET", f"{ONE}/contexts/u-{i}").json()["included"] for i in range(3)]
    assert members == [False, True, True]
    ld.switch("import_seconds", 0)
    ld.api("POST", f"{ONE}/imports", **form(b"u-0\n", "merge"))
    assert ld.api("GET", ONE).json()["_unboundedMetadata"]["includedCount"] == 3


def test_an_import_has_limits(ld: Launchdarkly) -> None:
    ld.create("risk", unbounded=True)
    too_many = ld.api("POST", f"{ONE}/imports", **form(b"u\n" * 1_000_001))
    assert code(too_many) == (400, "invalid_request")
    assert code(ld.api("POST", f"{ONE}/imports", **form(b"u\n", "add"))) == (400, "invalid_request")


def flag(**setup: Any) -> dict[str, Any]:
    clause = {"op": "segmentMatch", "values": ["risk"]}
    rules = [{"clauses": [clause], "variation": 0}]
    safe = {"rules": rules, "fallthrough": {"variation": 1}, "offVariation": 1}
    return {"key": "discount", "environments": {"test": {**safe, **setup}}}


def served(ld: Launchdarkly, **context: Any) -> tuple[Any, str]:
    answer = ld.api("POST", f"{INSIDE}/flags/evaluate", {"kind": "user", "key": "u-9", **context})
    (item,) = [item for item in answer.json()["items"] if item["key"] == "discount"]
    return item["_value"], item["reason"]["kind"]


def test_evaluation_knows_members_and_strangers(ld: Launchdarkly) -> None:
    ld.create()
    ld.patch(add("u-1"))
    ld.control("POST", "seed", {"flags": [flag()]})
    for key, expected in (("u-1", True), ("u-9", False)):
        context = {"kind": "user", "key": key}
        (found,) = ld.api("POST", f"{INSIDE}/segments/evaluate", context).json()["items"]
        assert (found["isMember"], found["isIndividuallyTargeted"]) == (expected, expected)
    assert served(ld, key="u-1") == (True, "RULE_MATCH")
    assert served(ld) == (False, "FALLTHROUGH")
    both = {"kind": "multi", "user": {"key": "u-1"}, "account": {"key": "a-1"}}
    answer = ld.api("POST", f"{INSIDE}/flags/evaluate", both)
    assert answer.json()["items"][0]["_value"] is True
    keyless = {"kind": "multi", "user": {"key": ""}}
    assert ld.api("POST", f"{INSIDE}/flags/evaluate", keyless).status_code == 400
    ld.control("POST", "seed", {"flags": [flag(on=False)]})
    assert served(ld, key="u-1") == (False, "OFF")


def test_included_wins_over_excluded_and_lists_over_rules(ld: Launchdarkly) -> None:
    rule = {"clauses": [{"attribute": "plan", "op": "in", "values": ["pro"]}]}
    given = {"key": "risk", "included": ["u-1"], "excluded": ["u-1", "u-2"], "rules": [rule]}
    ld.control("POST", "seed", {"segments": [given], "flags": [flag()]})
    assert served(ld, key="u-1")[0] is True
    assert served(ld, key="u-2", plan="pro")[0] is False
    assert served(ld, key="u-3", plan="pro")[0] is True


def test_a_clause_on_a_missing_attribute_fails_even_when_negated(ld: Launchdarkly) -> None:
    clause = {"attribute": "plan", "op": "in", "values": ["solo"], "negate": True}
    ld.control("POST", "seed", {"flags": [flag(rules=[{"clauses": [clause], "variation": 0}])]})
    assert served(ld)[0] is False
    assert served(ld, plan=None)[0] is False
    assert served(ld, plan="team")[0] is True
    assert served(ld, plan=["solo", "team"])[0] is False


def test_an_unmet_prerequisite_serves_the_off_variation(ld: Launchdarkly) -> None:
    needed = {"prerequisites": [{"key": "gate", "variation": 0}], "fallthrough": {"variation": 0}}
    gate = {**flag(on=False), "key": "gate"}
    ld.control("POST", "seed", {"flags": [gate, flag(**needed)]})
    assert served(ld) == (False, "PREREQUISITE_FAILED")


def test_attributes_sent_by_events_are_listed_and_never_evaluated(ld: Launchdarkly) -> None:
    clause = {"attribute": "plan", "op": "in", "values": ["pro"]}
    ld.control("POST", "seed", {"flags": [flag(rules=[{"clauses": [clause], "variation": 0}])]})
    context = {"kind": "user", "key": "u-9", "plan": "pro"}
    event = {"kind": "identify", "creationDate": 1_767_225_600_000, "context": context}
    assert ld.events("/bulk", [event]).status_code == 202
    found = ld.api("GET", f"{INSIDE}/contexts/user/u-9").json()["items"]
    assert found[0]["context"]["plan"] == "pro"
    assert served(ld)[0] is False
    assert served(ld, plan="pro")[0] is True


def test_a_big_segment_without_a_store_has_no_members(ld: Launchdarkly) -> None:
    ld.create("risk", unbounded=True)
    ld.api("POST", f"{ONE}/contexts", {"included": {"add": ["u-9"]}})
    ld.control("POST", "seed", {"flags": [flag()]})
    assert served(ld)[0] is True
    ld.switch("big_segment_store", False)
    assert served(ld)[0] is False


def test_stores_are_in_beta_and_are_shown_by_that_version_alone(ld: Launchdarkly) -> None:
    path = "/integration-capabilities/big-segment-store"
    assert code(ld.api("GET", path, headers={"ld-api-version": "20240415"})) == (403, "forbidden")
    beta = {"ld-api-version": "beta"}
    assert [one["on"] for one in ld.api("GET", path, headers=beta).json()["items"]] == [True]
    ld.switch("big_segment_store", False)
    assert ld.api("GET", path, headers=beta).json()["items"] == []


def test_a_search_takes_its_parameters_from_one_place(ld: Launchdarkly) -> None:
    path, body = f"{INSIDE}/contexts/search", {"filter": 'kind equals "user"', "limit": 2}
    for i in range(3):
        context = {"kind": "user", "key": f"u-{i}"}
        ld.events("/bulk", [{"kind": "index", "creationDate": 1, "context": context}])
    assert code(ld.api("POST", path, body, params={"limit": 2})) == (400, "invalid_request")
    assert code(ld.api("POST", path, {"limit": 51})) == (400, "invalid_request")
    assert code(ld.api("POST", path, {"filter": "nonsense"})) == (400, "invalid_request")
    first = ld.api("POST", path, body).json()
    assert len(first["items"]) == 2
    more = ld.api("POST", path, {**body, "continuationToken": first["continuationToken"]}).json()
    assert [item["context"]["key"] for item in more["items"]] == ["u-2"]


def custom(key: str = "paid", **more: Any) -> dict[str, Any]:
    return {"kind": "custom", "key": key, "creationDate": 1, "contextKeys": {"user": "u"}, **more}


def test_a_payload_is_stored_once(ld: Launchdarkly) -> None:
    payload = {"x-launchdarkly-payload-id": "p-1"}
    assert [ld.events("/bulk", [custom()], payload).status_code for _ in range(2)] == [202, 202]
    assert ld.stored() == ["paid"]
    assert ld.events("/bulk", [custom()], {"authorization": "api-sandbox"}).status_code == 401
    client_id = "5f0000000000000000000001"
    assert ld.events(f"/events/bulk/{client_id}", [custom()]).status_code == 202
    assert ld.events("/events/bulk/unknown", [custom()]).status_code == 404


def test_events_that_are_no_json_or_not_posted_are_refused(ld: Launchdarkly) -> None:
    url = f"{ld.url}/launchdarkly/events/bulk"
    key = {"authorization": "sdk-sandbox"}
    assert ld.http.post(url, content=b"{", headers=key).status_code == 400
    assert ld.http.get(url, headers=key).status_code == 405


def test_the_import_is_strict_about_form_and_silent_about_content(ld: Launchdarkly) -> None:
    for schema in ("", "3"):
        answer = ld.import_(custom(), x_launchdarkly_event_schema=schema)
        assert answer.status_code == 406
    assert ld.import_(custom(), user_agent="curl").status_code == 400
    assert ld.import_({**custom(), "kind": "identify"}).status_code == 400
    assert ld.import_(custom(), authorization="sdk-sandbox").status_code == 401
    assert ld.import_(custom("x", data={"note": "x" * 10_000_000})).status_code == 413
    assert ld.stored() == []
    nameless = {name: value for name, value in custom().items() if name != "key"}
    assert ld.import_(custom("good"), nameless).status_code == 202
    assert ld.stored() == ["good"]


def test_a_synced_segment_belongs_to_its_integration(ld: Launchdarkly) -> None:
    body = {
        "environmentId": "5f0000000000000000000001",
        "cohortId": "risk",
        "cohortName": "Risk",
        "contextKind": "user",
        "listData": {"add": [{"id": "u-1"}], "remove": [{"id": "u-7"}]},
    }
    path = "/segment-targets/rudderstack"
    assert ld.api("POST", path, body).status_code == 204
    assert ld.api("GET", ONE).json()["_external"] == "rudderstack"
    assert ld.api("GET", f"{ONE}/contexts/u-1").json()["included"] is True
    refused = ld.api("POST", path, body, headers={"authorization": "wrong"})
    assert code(refused) == (403, "forbidden")
    assert code(ld.api("POST", path, {"listData": 1})) == (400, "invalid_request")
    ld.switch("region", "eu")
    assert code(ld.api("POST", path, body)) == (404, "not_found")


def test_a_segment_in_use_is_not_deleted(ld: Launchdarkly) -> None:
    ld.create()
    ld.control("POST", "seed", {"flags": [flag()]})
    assert ld.api("GET", ONE).json()["_flags"][0]["key"] == "discount"
    assert code(ld.api("DELETE", ONE)) == (409, "conflict")
    ld.control("POST", "seed", {"flags": [flag(rules=[])]})
    assert [ld.api("DELETE", ONE).status_code for _ in range(2)] == [204, 404]
    assert ld.create().json()["generation"] == 2


def test_flags_show_their_rules_only_when_asked(ld: Launchdarkly) -> None:
    ld.control("POST", "seed", {"flags": [{**flag(), "key": f"f-{i}"} for i in range(30)]})
    short = ld.api("GET", "/flags/default", params={"env": "test"}).json()
    assert len(short["items"]) == 20
    assert "rules" not in short["items"][0]["environments"]["test"]
    query = {"env": "test", "summary": "0", "limit": 100}
    full = ld.api("GET", "/flags/default", params=query).json()
    assert len(full["items"]) == 30
    assert full["items"][0]["environments"]["test"]["rules"]


def test_the_page_shows_members_and_events(ld: Launchdarkly) -> None:
    ld.create()
    ld.patch(add("u-1"))
    ld.events("/bulk", [custom("paid", contextKeys={"user": "u-1"})])
    page = ld.http.get(f"{ld.url}/_page/launchdarkly/person/u-1").text
    assert "risk" in page
    assert "paid" in page
