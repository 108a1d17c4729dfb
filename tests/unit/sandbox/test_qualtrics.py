"""The sandbox answers as the fact sheet says Qualtrics does. Expectations are written by hand."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from activation_sandbox.client import SandboxControl

TOKEN = {"X-API-TOKEN": "sandbox-qualtrics-token"}
POOL = "/directories/POOL_sandbox"
HOME = f"{POOL}/mailinglists/CG_sync"
IMPORT = f"{HOME}/transactioncontacts"


@dataclass
class Client:
    """Whoever calls the vendor, and the control API beside it."""

    url: str
    http: httpx.Client
    control: SandboxControl
    clock: Any

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        more.setdefault("headers", TOKEN)
        host = more.pop("datacenter", "iad1")
        url = f"{self.url}/qualtrics/{host}/API/v3{path}"
        return self.http.request(method, url, json=body, **more)

    def result(self, method: str, path: str, body: Any = None) -> Any:
        response = self(method, path, body)
        assert response.status_code in (200, 202), response.text
        return response.json().get("result")

    def create(self, **contact: Any) -> str:
        return str(self.result("POST", f"{POOL}/contacts", contact)["id"])

    def contact(self, contact_id: str) -> Any:
        return self.result("GET", f"{POOL}/contacts/{contact_id}")

    def finish(self, job: str) -> Any:
        self.result("GET", f"{IMPORT}/{job}")
        return self.result("GET", f"{IMPORT}/{job}")


@pytest.fixture
def call(_running: Any) -> Client:
    _running.control.reset(switches=True)
    control = SandboxControl(_running.url, "qualtrics")
    return Client(_running.url, _running.http, control, _running.clock)


def test_a_wrong_token_is_401_with_the_vendors_envelope(call: Client) -> None:
    response = call("GET", "/whoami", headers={"X-API-TOKEN": "no"})
    assert response.status_code == 401
    assert set(response.json()["meta"]["error"]) == {"errorMessage", "errorCode"}


def test_another_datacenter_passes_calls_on_and_refuses_imports(call: Client) -> None:
    response = call("GET", "/whoami", datacenter="fra1")
    assert response.json()["result"]["datacenter"] == "iad1"
    assert "iad1.qualtrics.com" in response.json()["meta"]["notice"]
    assert "notice" not in call("GET", "/whoami").json()["meta"]
    assert call("POST", IMPORT, {"contacts": [{}]}, datacenter="fra1").status_code == 400


def test_oauth_tokens_expire(call: Client) -> None:
    url = f"{call.url}/qualtrics/iad1/oauth2/token"
    pair = base64.b64encode(b"sandbox-qualtrics-client:sandbox-qualtrics-secret").decode()
    form = {"grant_type": "client_credentials", "scope": "read:directories"}
    granted = call.http.post(url, data=form, headers={"Authorization": f"Basic {pair}"}).json()
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    assert call("GET", "/whoami", headers=bearer).status_code == 200
    call.clock.advance(granted["expires_in"])
    assert call("GET", "/whoami", headers=bearer).status_code == 401


def test_a_missing_permission_is_403(call: Client) -> None:
    call.control.set_switch("may_write", False)
    assert call("POST", f"{POOL}/contacts", {"extRef": "c"}).status_code == 403


def test_deduplication_decides_between_update_and_a_second_contact(call: Client) -> None:
    first = call.create(extRef="c1", firstName="Ada", embeddedData={"a": 1})
    assert call.create(extRef="C1", firstName="", embeddedData={"b": True}) == first
    found = call.contact(first)
    assert found["firstName"] == "Ada"
    assert found["embeddedData"] == {"a": "1", "b": "true"}
    call.control.set_switch("blank_overwrites", True)
    assert call.create(extRef="c1", firstName="") == first
    assert call.contact(first)["firstName"] == ""
    call.control.set_switch("deduplication", [])
    assert call.create(extRef="c1") != first


def test_an_update_keeps_what_it_does_not_name(call: Client) -> None:
    contact = call.create(extRef="c1", embeddedData={"a": "1", "b": "2"})
    assert call("PUT", f"{POOL}/contacts/{contact}", {"embeddedData": {"b": 3}}).json().keys() == {
        "meta"
    }
    assert call.contact(contact)["embeddedData"] == {"a": "1", "b": "3"}


@pytest.mark.parametrize("value", [{"x": 1}, ["x"], None, "x" * 1025])
def test_embedded_data_are_short_scalars(call: Client, value: Any) -> None:
    body = {"extRef": "c1", "embeddedData": {"a": value}}
    assert call("POST", f"{POOL}/contacts", body).status_code == 400
    result = call.result("POST", IMPORT, {"contacts": [{"extRef": "c0"}, body]})
    assert result["contacts"]["unprocessed"] == [1]


def test_only_an_explicit_false_opts_a_contact_in_again(call: Client) -> None:
    contact = call.create(extRef="c1", unsubscribed=True)
    call.create(extRef="c1", firstName="Ada")
    assert call.contact(contact)["directoryUnsubscribed"] is True
    call.create(extRef="c1", unsubscribed=False)
    assert call.contact(contact)["directoryUnsubscribed"] is False


def test_list_membership_leaves_the_contact_in_the_directory(call: Client) -> None:
    contact = call.create(extRef="c1")
    joined = call.result("POST", f"{HOME}/contacts", {"extRef": "c1"})
    assert joined["id"] == contact
    assert joined["contactLookupId"].startswith("CGC_")
    assert "CG_sync" in call.contact(contact)["mailingListMembership"]
    assert call("DELETE", f"{HOME}/contacts/{contact}").status_code == 200
    assert call.contact(contact)["mailingListMembership"] == {}
    assert call("DELETE", f"{HOME}/contacts/{contact}").status_code == 404


def test_pages_of_a_list_hold_fifty_and_lead_to_the_next(call: Client) -> None:
    for i in range(60):
        call.result("POST", f"{HOME}/contacts", {"extRef": f"c{i}"})
    assert call("GET", f"{HOME}/contacts?pageSize=51").status_code == 400
    call.control.set_switch("large_pages", "clamp")
    first = call.result("GET", f"{HOME}/contacts?pageSize=51")
    assert len(first["elements"]) == 50
    path = first["nextPage"].partition("/API/v3")[2]
    second = call.result("GET", path)
    assert (len(second["elements"]), second["nextPage"]) == (10, None)


def test_an_unknown_list_is_the_recorded_404(call: Client) -> None:
    response = call("GET", f"{POOL}/mailinglists/CG_nope")
    assert response.status_code == 404
    error = response.json()["meta"]["error"]
    assert error == {"errorMessage": "Mailing List not found", "errorCode": "PACC_6"}


@pytest.mark.parametrize(
    "path",
    [
        "/mailinglists",
        "/mailinglists/ML_1/contacts",
        f"{POOL}/frequencyrules",
        f"{POOL}/samples/definitions",
        f"{IMPORT}/PGRS_1/summary",
    ],
)
def test_what_was_withdrawn_is_404(call: Client, path: str) -> None:
    assert call("GET", path).status_code == 404


def test_an_import_is_bounded_in_rows_and_bytes(call: Client) -> None:
    many = {"contacts": [{"extRef": f"c{i}"} for i in range(10_001)]}
    large = {"contacts": [{"extRef": "c", "firstName": "x" * 5_000_001}]}
    for body in (many, large):
        assert call("POST", IMPORT, body).status_code == 413
    assert call.control.people() == []


def test_an_import_ends_later_with_counts_and_a_report(call: Client) -> None:
    rows = [{"extRef": "c1", "email": "a@x.io"}, {"extRef": "c2"}]
    response = call("POST", IMPORT, {"contacts": rows})
    assert response.status_code == 202
    job = response.json()["result"]["id"]
    assert job.startswith("PGRS_")
    assert call.result("GET", f"{IMPORT}/{job}")["percentComplete"] == 50
    done = call.result("GET", f"{IMPORT}/{job}")
    assert done["percentComplete"] == 100
    assert done["contacts"]["count"] == {"added": 2, "updated": 0, "failed": 0}
    report = call("GET", f"{POOL}/imports/api-import/jobs/{job}/report").json()
    entries = report["results"]["importReportEntries"]
    assert [entry["sourceIndexId"] for entry in entries] == [0, 1]
    assert all(entry["contactId"].startswith("CID_") for entry in entries)


def test_transaction_data_need_their_fields_declared_and_double_when_repeated(
    call: Client,
) -> None:
    batch = call.result("POST", f"{POOL}/transactionbatches", {"transactionIds": []})["id"]
    meta = {"batchId": batch, "fields": ["event_id"]}
    row = {"extRef": "c1", "transactionData": {"event_id": "e1"}}
    stray = {"extRef": "c2", "transactionData": {"other": "x"}}
    assert call("POST", IMPORT, {"contacts": [row]}).status_code == 400
    body = {"contacts": [row, stray], "transactionMeta": meta}
    for _ in range(2):
        result = call.result("POST", IMPORT, body)
        assert result["contacts"]["unprocessed"] == [1]
    assert len(call.control.people()) == 1
    assert len(call.control.events()) == 2


def test_an_import_to_an_unknown_list_counts_nothing(call: Client) -> None:
    path = f"{POOL}/mailinglists/CG_gone/transactioncontacts"
    job = call.result("POST", path, {"contacts": [{"extRef": "c1"}]})["id"]
    call.result("GET", f"{path}/{job}")
    done = call.result("GET", f"{path}/{job}")
    assert done["percentComplete"] == 100
    assert set(done["contacts"]["count"].values()) == {0}


def test_a_full_queue_refuses_jobs(call: Client) -> None:
    call.control.set_switch("most_jobs", 2)
    body = {"contacts": [{"extRef": "c1"}]}
    assert [call("POST", IMPORT, body).status_code for _ in range(3)] == [202, 202, 429]


def test_a_transaction_of_an_unknown_contact_is_named_in_a_200(call: Client) -> None:
    contact = call.create(extRef="c1")
    entry = {"mailingListId": "CG_sync", "transactionDate": "2026-03-04 21:15:00", "data": {}}
    entries = {"a": {**entry, "contactId": contact}, "b": {**entry, "contactId": "CID_no"}}
    result = call.result("POST", f"{POOL}/transactions", entries)
    assert set(result["createdTransactions"]) == {"a"}
    assert set(result["unprocessedTransactions"]) == {"b"}
    found = call.result("GET", f"{POOL}/contacts/{contact}/transactions?withData=true")
    assert found["elements"][0]["transactionDate"] == "2026-03-04 21:15:00"


def test_search_answers_with_names_of_its_own(call: Client) -> None:
    contact = call.create(extRef="c1", phone="+4930", embeddedData={"a": 1})
    body = {"filter": {"filterType": "extRef", "comparison": "eq", "value": " C1 "}}
    path = f"{POOL}/contacts/search?includeEmbedded=true"
    result = call.result("POST", path, body)
    (hit,) = result["elements"]
    assert (hit["id"], hit["externalDataReference"], hit["phoneNumber"]) == (contact, "c1", "+4930")
    assert "skipToken" not in result
    six = {"filter": {"conjunction": "and", "filters": [body["filter"]] * 6}}
    assert call("POST", f"{POOL}/contacts/search", six).status_code == 400
    deep = str(10_000).encode().hex()
    assert call("POST", f"{POOL}/contacts/search?skipToken={deep}", body).status_code == 400


@pytest.mark.parametrize("seconds", [7, None])
def test_the_501st_write_of_a_minute_is_429(call: Client, seconds: int | None) -> None:
    call.control.set_switch("enforce_limits", True)
    call.control.set_switch("retry_after_seconds", seconds)
    statuses = [call("DELETE", f"{HOME}/contacts/CID_0").status_code for _ in range(500)]
    refused = call("DELETE", f"{HOME}/contacts/CID_0")
    assert (set(statuses), refused.status_code) == ({404}, 429)
    assert refused.headers.get("retry-after") == (None if seconds is None else "7")
    call.clock.advance(60)
    assert call("DELETE", f"{HOME}/contacts/CID_0").status_code == 404


SURVEY = {"id": "SV_1", "responses": [{"recorded_at": "2026-03-01T10:00:00Z", "answers": {}}]}
EXPORT = "/surveys/SV_1/export-responses"


def test_an_export_is_a_job_with_a_file_at_its_end(call: Client) -> None:
    call.control.seed({"surveys": [SURVEY]})
    started = call.result("POST", EXPORT, {"format": "json", "allowContinuation": True})
    progress = f"{EXPORT}/{started['progressId']}"
    assert "fileId" not in call.result("GET", progress)
    done = call.result("GET", progress)
    packed = call("GET", f"{EXPORT}/{done['fileId']}/file").content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        (name,) = archive.namelist()
        (response,) = json.loads(archive.read(name))["responses"]
    assert response["responseId"].startswith("R_")
    assert call("GET", f"{EXPORT}/not-yet/file").status_code == 404
    body = {"format": "json", "continuationToken": done["continuationToken"]}
    assert call("POST", EXPORT, body).status_code == 200
    call.clock.advance(8 * 24 * 3600)
    assert call("POST", EXPORT, body).status_code == 400


def test_an_export_can_be_made_large_on_the_wire(call: Client) -> None:
    large = {"answers": {}, "filler_bytes": 3_000_000}
    call.control.seed({"surveys": [{"id": "SV_1", "responses": [large] * 3}]})
    path = f"{EXPORT}/{call.result('POST', EXPORT, {'format': 'json'})['progressId']}"
    call.result("GET", path)
    packed = call("GET", f"{EXPORT}/{call.result('GET', path)['fileId']}/file").content
    assert 9_000_000 < len(packed) < 9_500_000


@pytest.mark.parametrize(
    "more",
    [
        {"useLabels": True},
        {"continuationToken": "CT_1", "filterId": "f"},
        {"format": "pdf"},
        {"startDate": "yesterday"},
    ],
)
def test_impossible_exports_are_400(call: Client, more: dict[str, Any]) -> None:
    call.control.seed({"surveys": [SURVEY]})
    assert call("POST", EXPORT, {"format": "json", **more}).status_code == 400


def test_a_failed_export_says_100_percent_in_a_200(call: Client) -> None:
    call.control.seed({"surveys": [SURVEY]})
    call.control.set_switch("failing_exports", True)
    path = f"{EXPORT}/{call.result('POST', EXPORT, {'format': 'json'})['progressId']}"
    call.result("GET", path)
    failed = call.result("GET", path)
    assert failed == {"fileId": None, "percentComplete": 100.0, "status": "failed"}


def test_the_page_shows_contacts_lists_transactions_and_responses(call: Client) -> None:
    call.result("POST", f"{HOME}/contacts", {"extRef": "c1", "embeddedData": {"plan": "team"}})
    seeded = {"ext_ref": "c1", "answers": {"QID1": "Too dear"}}
    call.control.seed({"surveys": [{"id": "SV_1", "name": "Why?", "responses": [seeded]}]})
    (person,) = call.control.people()
    html = call.http.get(f"{call.url}/_page/qualtrics/person/{person['key']}").text
    for word in ("c1", "team", "zz data sync", "Why?", "Too dear"):
        assert word in html


def test_only_lists_and_surveys_can_be_seeded(call: Client) -> None:
    call.control.seed({"lists": {"CG_vip": "VIP"}})
    assert call.result("GET", f"{POOL}/mailinglists/CG_vip")["name"] == "VIP"
    with pytest.raises(Exception, match="no people"):
        call.control.seed({"people": []})
