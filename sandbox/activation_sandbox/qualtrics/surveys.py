"""Surveys whose responses can be exported, as a job with a file at its end."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from activation_sandbox.call import Answer, Call
from activation_sandbox.qualtrics.envelope import Refusal, body_of, success
from activation_sandbox.world import Event

if TYPE_CHECKING:
    from activation_sandbox.qualtrics import Qualtrics

FORMATS = frozenset({"csv", "tsv", "json", "ndjson", "spss", "xml"})
SERVED = frozenset({"json", "ndjson"})
NOT_WITH_JSON = frozenset(
    {"useLabels", "timeZone", "breakoutSets", "seenUnansweredRecode", "includeDisplayOrder"}
    | {"multiselectSeenUnansweredRecode", "formatDecimalAsComma", "newlineReplacement"}
)
TOKEN_SECONDS = 7 * 24 * 3600


@dataclass(slots=True)
class Survey:
    """A survey with its responses, in the order of arrival."""

    id: str
    name: str
    responses: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Export:
    """One export; `upto` is how many responses there were when it started."""

    survey: Survey
    rows: list[dict[str, Any]]
    format: str
    is_zipped: bool
    polls_left: int
    file_id: str
    token: str | None


class SurveyApi:
    """`/surveys/{survey}/export-responses`, and what tests and demos seed."""

    def __init__(self, vendor: Qualtrics) -> None:
        self.vendor = vendor
        named = vendor.switches.surveys.items()
        self.surveys = {survey: Survey(survey, name) for survey, name in named}
        self.exports: dict[str, Export] = {}
        self._files: dict[str, Export] = {}
        self._tokens: dict[str, tuple[str, int, float]] = {}
        at = "/surveys/{survey}/export-responses"
        vendor.route("GET", "/surveys", self.list_all, 3000)
        vendor.route("POST", at, self.start, 100)
        vendor.route("GET", at + "/{export}", self.progress, 1000)
        vendor.route("GET", at + "/{file}/file", self.download, 100)
        vendor.route("GET", "/surveys/{survey}/responses/{response}", self.read, 240)

    def add(self, given: Mapping[str, Any]) -> None:
        """A survey, or more responses to one that exists. Responses are also shown as events."""
        survey_id = str(given["id"])
        name = str(given.get("name", survey_id))
        survey = self.surveys.setdefault(survey_id, Survey(survey_id, name))
        for response in given.get("responses", ()):
            self._add_response(survey, response)

    def _add_response(self, survey: Survey, given: Mapping[str, Any]) -> None:
        number = self.vendor.world.next_number("response")
        recorded = str(given.get("recorded_at") or _iso(self.vendor.clock()))
        at = datetime.fromisoformat(recorded)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        values = {
            "startDate": recorded,
            "endDate": recorded,
            "recordedDate": recorded,
            "status": int(given.get("status", 0)),
            "finished": int(given.get("finished", 1)),
            "progress": 100,
            "duration": 60,
            "ipAddress": "192.0.2.1",
            "_recordId": f"R_{number:015d}",
            "distributionChannel": str(given.get("channel", "email")),
            "userLanguage": "EN",
            "externalDataReference": given.get("ext_ref"),
            "recipientEmail": given.get("email"),
            **given.get("embedded_data", {}),
            **given["answers"],
            **self._filler(int(given.get("filler_bytes", 0))),
        }
        response = {
            "responseId": str(given.get("id") or values["_recordId"]),
            "values": {n: v for n, v in values.items() if v is not None},
            "labels": dict(given.get("labels", {})),
            "displayedFields": sorted(given["answers"]),
            "displayedValues": {},
        }
        survey.responses = [
            r for r in survey.responses if r["responseId"] != response["responseId"]
        ]
        survey.responses.append({**response, "number": number})
        self._show(survey, given, at.timestamp())

    def _filler(self, size: int) -> dict[str, str]:
        """An answer that stays at least this large when it is zipped."""
        noise = base64.b64encode(self.vendor.rng.randbytes(size)).decode()
        return {"QID0_TEXT": noise} if size else {}

    def _show(self, survey: Survey, given: Mapping[str, Any], at: float) -> None:
        """As an event of the person, where there is one."""
        world = self.vendor.world
        key = str(given.get("ext_ref") or given.get("email") or "anonymous")
        people = self.vendor.directory.having("extRef", key)
        event = Event(
            world.next_number("event"), survey.name, "response", None, int(at),
            dict(given["answers"]), False, 0,
        )  # fmt: skip
        known = people[0].events if people else world.anonymous_events.setdefault(key, [])
        known.append(event)

    def _survey(self, call: Call) -> Survey:
        if not self.vendor.switches.may_read_surveys:
            raise Refusal(403, "The user may not see this survey's responses", "AUTHZ_2")
        if call.params["survey"] not in self.surveys:
            raise Refusal(404, "Survey not found", "GSI_2")
        return self.surveys[call.params["survey"]]

    def list_all(self, call: Call) -> Answer:
        """Every survey."""
        rows = [{"id": s.id, "name": s.name, "isActive": True} for s in self.surveys.values()]
        return success(call, {"elements": rows, "nextPage": None})

    def read(self, call: Call) -> Answer:
        """One response."""
        for response in self._survey(call).responses:
            if response["responseId"] == call.params["response"]:
                return success(call, _shown(response))
        raise Refusal(404, "Response not found", "RES_1")

    def start(self, call: Call) -> Answer:
        """Begin an export."""
        survey, body = self._survey(call), body_of(call)
        form = body.get("format")
        if form not in FORMATS:
            raise Refusal(400, "format is unknown")
        if form not in SERVED:
            raise Refusal(400, "the sandbox exports json and ndjson only")
        if NOT_WITH_JSON & set(body):
            raise Refusal(400, f"{min(NOT_WITH_JSON & set(body))} can't be used with {form}")
        filtered = {"continuationToken", "sortByLastModifiedDate"} & set(body)
        if "filterId" in body and filtered:
            raise Refusal(400, "filterId excludes continuationToken and sortByLastModifiedDate")
        after = self._after(survey, body, call.now)
        rows = [r for r in survey.responses if r["number"] > after and _is_within(r, body)]
        number = self.vendor.world.next_number("export")
        token = None
        if body.get("allowContinuation"):
            token = f"CT_{number:015d}"
            newest = max((r["number"] for r in survey.responses), default=after)
            self._tokens[token] = (survey.id, newest, call.now + TOKEN_SECONDS)
        export = Export(
            survey,
            rows,
            form,
            bool(body.get("compress", True)),
            self.vendor.switches.job_polls,
            f"{number:08x}-0000-4000-8000-000000000000-def",
            token,
        )
        self.exports[f"ES_{number:015d}"] = export
        result = {"progressId": f"ES_{number:015d}", "percentComplete": 0.0}
        return success(call, {**result, "status": "inProgress"})

    def _after(self, survey: Survey, body: Mapping[str, Any], now: float) -> int:
        token = body.get("continuationToken")
        if token is None:
            return 0
        known = self._tokens.get(str(token))
        if known is None or known[0] != survey.id or known[2] <= now:
            raise Refusal(400, "The continuation token is unknown or has expired")
        return known[1]

    def progress(self, call: Call) -> Answer:
        """`fileId` only when complete; a failure is a 200 at 100 percent."""
        self._survey(call)
        export = self.exports.get(call.params["export"])
        if export is None:
            raise Refusal(404, "Export not found", "ESG_1")
        export.polls_left -= 1
        if export.polls_left >= 0:
            return success(call, {"percentComplete": 50.0, "status": "inProgress"})
        if self.vendor.switches.failing_exports:
            result = {"fileId": None, "percentComplete": 100.0, "status": "failed"}
            return success(call, result)
        self._files[export.file_id] = export
        result = {"fileId": export.file_id, "percentComplete": 100.0, "status": "complete"}
        if export.token is not None:
            result["continuationToken"] = export.token
        return success(call, result)

    def download(self, call: Call) -> Answer:
        """The file, zipped unless asked otherwise."""
        survey = self._survey(call)
        export = self._files.get(call.params["file"])
        if export is None or export.survey is not survey:
            raise Refusal(404, "File not found", "ESG_2")
        rows = [_shown(row) for row in export.rows]
        if export.format == "json":
            text = orjson.dumps({"responses": rows})
        else:
            text = b"".join(orjson.dumps(row) + b"\n" for row in rows)
        if not export.is_zipped:
            return Answer(200, text, (("content-type", "application/json"),))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            inside = zipfile.ZipInfo(f"{survey.name}.{export.format}")
            archive.writestr(inside, text, zipfile.ZIP_DEFLATED)
        return Answer(200, packed.getvalue(), (("content-type", "application/zip"),))


def _shown(response: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in response.items() if name != "number"}


def _is_within(response: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
    """`startDate` inclusive, `endDate` exclusive."""
    at = _moment(response["values"]["recordedDate"])
    start, end = body.get("startDate"), body.get("endDate")
    return (start is None or at >= _moment(start)) and (end is None or at < _moment(end))


def _moment(text: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise Refusal(400, "a date is ISO 8601") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
