"""Flags, contexts, evaluation, and who the caller is: what the REST API lets one read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import Answer, Call, Routes, json_answer
from activation_sandbox.launchdarkly.answers import Refused, invalid, link, not_found
from activation_sandbox.launchdarkly.evaluation import Evaluation, contexts_of
from activation_sandbox.world import Person

if TYPE_CHECKING:
    from activation_sandbox.launchdarkly import Launchdarkly

JSON = Any
INSIDE = "/api/v2/projects/{project}/environments/{environment}"
MAX_SEARCH = 50
KIND_FILTER = re.compile(r'^kind equals ("(?:[^"\\]|\\.)*")(?:,|$)')
KEY_FILTER = re.compile(r"(?:^|,)key anyOf (\[.*\])$", re.DOTALL)
QUERY_FILTER = re.compile(r'query equals "?([^",]*)"?')
SETUP = ("prerequisites", "targets", "contextTargets", "rules")


class Reading:
    """Handlers over one environment."""

    def __init__(self, vendor: Launchdarkly, routes: Routes, guarded: Callable[..., Any]) -> None:
        self.vendor = vendor
        for method, path, handler in (
            ("GET", "/api/v2/caller-identity", self.caller),
            ("GET", "/api/v2/versions", self.versions),
            ("GET", "/api/v2/integration-capabilities/big-segment-store", self.stores),
            ("GET", INSIDE, self.environment),
            ("POST", f"{INSIDE}/segments/evaluate", self.evaluate_segments),
            ("POST", f"{INSIDE}/flags/evaluate", self.evaluate_flags),
            ("POST", f"{INSIDE}/contexts/search", self.search),
            ("GET", f"{INSIDE}/contexts/{{kind}}/{{key}}", self.context),
            ("DELETE", "/api/v2/users/{project}/{environment}/{key}", self.delete_user),
            ("GET", "/api/v2/flags/{project}", self.flags),
            ("GET", "/api/v2/flags/{project}/{flag}", self.flag),
        ):
            routes.add(method, f"/app{path}", guarded(handler))

    def caller(self, call: Call) -> Answer:
        """Whose token it is."""
        reader = self.vendor.is_reader(call)
        return json_answer(
            200,
            {
                "accountId": self.vendor.switches.account_id,
                "authKind": "token",
                "tokenKind": "auth",
                "tokenName": "reader" if reader else "dbt-activation",
                "tokenId": "5f00000000000000000000bb",
                "serviceToken": True,
            },
        )

    def versions(self, call: Call) -> Answer:
        """The versions of the API."""
        current = {"validVersions": [20240415, 20220603], "latestVersion": 20240415}
        return json_answer(200, {**current, "currentVersion": 20240415, "beta": False})

    def stores(self, call: Call) -> Answer:
        """The store for big segments, if there is one; in beta, so only by that version."""
        if call.headers.get("ld-api-version") != "beta":
            raise Refused(403, "forbidden", "this resource is in beta: send LD-API-Version: beta")
        switches = self.vendor.switches
        store = {
            "_links": {"self": {}, "parent": {}, "project": {}, "environment": {}},
            "_id": "5f00000000000000000000cc",
            "integrationKey": "redis",
            "projectKey": switches.project,
            "environmentKey": switches.environment,
            "config": {},
            "on": True,
            "tags": [],
            "name": "Redis",
            "version": 1,
            "_status": {"available": True, "potentiallyStale": False},
        }
        items = [store] if switches.big_segment_store else []
        return json_answer(200, {"_links": {"self": {}}, "items": items})

    def environment(self, call: Call) -> Answer:
        """Keys and settings of the environment."""
        switches = self.vendor.switches
        approval = {
            "required": switches.approvals,
            "bypassApprovalsForPendingChanges": False,
            "minNumApprovals": 1,
            "canReviewOwnRequest": False,
            "canApplyDeclinedChanges": True,
            "serviceKind": "launchdarkly",
            "serviceConfig": {},
            "requiredApprovalTags": [],
        }
        found = {
            "_links": link(call.path.removeprefix("/app")),
            "_id": switches.client_side_id,
            "key": switches.environment,
            "name": switches.environment.title(),
            "apiKey": switches.sdk_key,
            "mobileKey": switches.mobile_key,
            "color": "417505",
            "defaultTtl": 0,
            "secureMode": False,
            "defaultTrackEvents": False,
            "requireComments": False,
            "confirmChanges": False,
            "tags": [],
            "critical": False,
            "resourceApprovalSettings": {"segment": approval},
        }
        return json_answer(200, found)

    def _evaluation(self, call: Call) -> Evaluation:
        try:
            contexts = contexts_of(call.json())
        except (ValueError, AttributeError, TypeError):
            raise invalid("the body is no context") from None
        switches = self.vendor.switches
        name, has_store = switches.environment, switches.big_segment_store
        return Evaluation(self.vendor.environment, name, contexts, has_store)

    def evaluate_segments(self, call: Call) -> Answer:
        """Of which segments a context is a member, and why."""
        evaluation = self._evaluation(call)
        items = []
        for segment in self.vendor.environment.segments.values():
            is_member = evaluation.is_member(segment.key)
            is_targeted = evaluation.is_targeted(segment) is True
            items.append(
                {
                    "name": segment.name,
                    "key": segment.key,
                    "description": segment.description,
                    "unbounded": segment.unbounded,
                    "external": segment.external or "",
                    "isMember": is_member,
                    "isIndividuallyTargeted": is_targeted,
                    "isRuleTargeted": is_member and not is_targeted,
                    "_links": {},
                }
            )
        return json_answer(200, {"items": items, "_links": {}})

    def evaluate_flags(self, call: Call) -> Answer:
        """What each flag serves a context, and why."""
        evaluation = self._evaluation(call)
        wanted = QUERY_FILTER.search(call.query.get("filter", ""))
        items = []
        for key, flag in self.vendor.environment.flags.items():
            text = f"{key} {flag['name']}".casefold()
            if wanted and wanted[1].casefold() not in text:
                continue
            index, reason = evaluation.serve(flag)
            value = None if index is None else flag["variations"][index]["value"]
            item = {"name": flag["name"], "key": key, "_value": value, "reason": reason}
            items.append({**item, "_links": {}})
        limit = int(call.query.get("limit", -1))
        shown = items if limit < 0 else items[:limit]
        return json_answer(200, {"items": shown, "totalCount": len(items), "_links": {}})

    def search(self, call: Call) -> Answer:
        """Contexts that events made known; query or body, not both."""
        body = call.json() if call.body else {}
        if call.query and body:
            raise invalid("give the parameters in the query or in the body, not in both")
        given = body or dict(call.query)
        text, limit = str(given.get("filter", "")), int(given.get("limit", 20))
        if not 0 < limit <= MAX_SEARCH:
            raise invalid(f"limit must be between 1 and {MAX_SEARCH}")
        found = self._matching(text)
        start = int(given.get("continuationToken") or 0)
        answer = {
            "items": [self._record(p) for p in found[start : start + limit]],
            "_environmentId": self.vendor.switches.client_side_id,
            "totalCount": len(found),
        }
        if start + limit < len(found):
            answer["continuationToken"] = str(start + limit)
        return json_answer(200, answer)

    def _matching(self, text: str) -> list[Person]:
        kind, keys = KIND_FILTER.search(text), KEY_FILTER.search(text)
        if text and not (kind or keys):
            raise invalid("the filter can't be parsed")
        try:
            wanted_kind = json.loads(kind[1]) if kind else None
            wanted_keys = set(json.loads(keys[1])) if keys else None
        except (ValueError, TypeError):
            raise invalid("the filter can't be parsed") from None
        return [
            person
            for person in self.vendor.world.people.values()
            if person.newest
            and wanted_kind in (None, _kind(person))
            and (wanted_keys is None or person.label in wanted_keys)
        ]

    def _record(self, person: Person) -> JSON:
        context = {"kind": _kind(person), "key": person.label, **person.attributes}
        seen = datetime.fromtimestamp(person.newest, UTC).isoformat()
        return {"context": context, "lastSeen": seen, "applicationId": "sandbox"}

    def context(self, call: Call) -> Answer:
        """One context as it is listed."""
        person = self.vendor.environment.listed(call.params["kind"], call.params["key"])
        items = [] if person is None else [self._record(person)]
        environment_id = self.vendor.switches.client_side_id
        return json_answer(200, {"items": items, "_environmentId": environment_id})

    def delete_user(self, call: Call) -> Answer:
        """Off the list of contexts; segments keep the key, and the next event lists it again."""
        person = self.vendor.environment.listed("user", call.params["key"])
        if person is None:
            raise not_found()
        person.attributes.clear()
        person.newest = 0
        return Answer(204)

    def flags(self, call: Call) -> Answer:
        """A page of flags; rules and targets only when asked for with `summary=0`."""
        limit, offset = int(call.query.get("limit", 20)), int(call.query.get("offset", 0))
        found = list(self.vendor.environment.flags.values())
        is_full = call.query.get("summary") in ("0", "false") and "env" in call.query
        items = [_flag_json(one, call, is_full) for one in found[offset : offset + limit]]
        return json_answer(200, {"items": items, "_links": {}, "totalCount": len(found)})

    def flag(self, call: Call) -> Answer:
        """One flag in full."""
        found = self.vendor.environment.flags.get(call.params["flag"])
        if found is None:
            raise not_found()
        return json_answer(200, _flag_json(found, call, is_full=True))


def _flag_json(flag: dict[str, JSON], call: Call, is_full: bool) -> JSON:
    wanted = call.query.get("env")
    setups = {k: v for k, v in flag["environments"].items() if wanted in (None, k)}
    if not is_full:
        setups = {k: {n: x for n, x in v.items() if n not in SETUP} for k, v in setups.items()}
    return {**flag, "environments": setups}


def _kind(person: Person) -> str:
    kind = next(iter(person.identifiers))
    return "user" if kind == "id" else kind


def flag_of(given: dict[str, JSON], now: int) -> dict[str, JSON]:
    """A flag with everything LaunchDarkly shows of one, from what a test or demo says of it."""
    key = str(given["key"])
    flag = {
        "name": key,
        "kind": "multivariate",
        "_version": 1,
        "creationDate": now,
        "variations": [{"value": True, "name": "on"}, {"value": False, "name": "off"}],
        "temporary": False,
        "tags": [],
        "_links": link(f"/api/v2/flags/{key}"),
        "experiments": {"baselineIdx": 0, "items": []},
        "customProperties": {},
        "archived": False,
        **given,
    }
    flag["environments"] = {name: _setup(s, now) for name, s in given["environments"].items()}
    return flag


def _setup(given: dict[str, JSON], now: int) -> dict[str, JSON]:
    if not isinstance(given, dict):
        raise Refused(400, "invalid_request", "an environment is an object")
    blank = dict.fromkeys(("archived", "trackEvents", "trackEventsFallthrough"), False)
    rules = [
        {"_id": f"rule{i}", "trackEvents": False, **rule}
        for i, rule in enumerate(given.get("rules") or ())
    ]
    for rule in rules:
        rule["clauses"] = [
            {"attribute": "", "negate": False, "values": [], **c} for c in rule.get("clauses") or ()
        ]
    named = {"salt": "0", "sel": "0", "lastModified": now, "version": 1, "_environmentName": ""}
    site = {"_site": {"href": "/", "type": "text/html"}}
    return {**blank, **named, **site, "on": True, **given, "rules": rules}
