"""The segments API: create, read, patch, big lists, imports, and the synced-segment endpoint."""

from __future__ import annotations

from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any

from activation_sandbox.call import Answer, Call, Routes, json_answer
from activation_sandbox.launchdarkly.answers import (
    Refused,
    invalid,
    link,
    not_found,
    segment_json,
    uses,
)
from activation_sandbox.launchdarkly.environment import Segment, context_id
from activation_sandbox.launchdarkly.instructions import moves_of, perform, targeting

if TYPE_CHECKING:
    from activation_sandbox.launchdarkly import Launchdarkly

JSON = Any
SEMANTIC = "domain-model=launchdarkly.semanticpatch"
CREATE_FIELDS = {"name", "key", "description", "tags", "unbounded", "unboundedContextKind"}
PATCH_FIELDS = {"environmentKey", "instructions", "comment"}
MAX_IMPORT_BYTES = 40_000_000
MAX_IMPORT_LINES = 1_000_000
SYNCED_KEYS = 1000
ALL = "/api/v2/segments/{project}/{environment}"
ONE = ALL + "/{segment}"


class Segments:
    """Handlers over one environment."""

    def __init__(self, vendor: Launchdarkly, routes: Routes, guarded: Callable[..., Any]) -> None:
        self.vendor = vendor
        for method, path, handler in (
            ("GET", ALL, self.list),
            ("POST", ALL, self.create),
            ("GET", ONE, self.read),
            ("PATCH", ONE, self.patch),
            ("DELETE", ONE, self.delete),
            ("POST", f"{ONE}/contexts", self.change_big),
            ("POST", f"{ONE}/users", self.change_big),
            ("GET", f"{ONE}/contexts/{{key}}", self.membership),
            ("GET", f"{ONE}/users/{{key}}", self.membership),
            ("POST", f"{ONE}/imports", self.start_import),
            ("GET", f"{ONE}/imports/{{id}}", self.read_import),
            ("POST", "/api/v2/segment-targets/{integration}", self.synced),
        ):
            routes.add(method, f"/app{path}", guarded(handler))

    def _segment(self, call: Call) -> Segment:
        segment = self.vendor.environment.segments.get(call.params["segment"])
        if segment is None:
            raise not_found()
        if segment.hidden:
            segment.hidden -= 1
            raise not_found()
        return segment

    def _json(self, call: Call, segment: Segment) -> JSON:
        params = call.params
        path = f"/api/v2/segments/{params['project']}/{params['environment']}/{segment.key}"
        is_reader = self.vendor.is_reader(call)
        return segment_json(self.vendor.environment, segment, path, is_reader)

    def list(self, call: Call) -> Answer:
        """A page of segments."""
        limit, offset = int(call.query.get("limit", 20)), int(call.query.get("offset", 0))
        found = list(self.vendor.environment.segments.values())
        items = [self._json(call, segment) for segment in found[offset : offset + limit]]
        return json_answer(200, {"items": items, "_links": {}, "totalCount": len(found)})

    def create(self, call: Call) -> Answer:
        """An empty segment: targets and rules in the body are ignored, as any unknown field."""
        body = self.vendor.body(call, CREATE_FIELDS)
        key, tags = body.get("key"), body.get("tags", [])
        if not self.vendor.is_key(key) or not isinstance(body.get("name"), str):
            raise invalid("key and name are required")
        if not isinstance(tags, list):
            raise invalid("tags must be a list")
        environment = self.vendor.environment
        if key in environment.segments:
            raise Refused(409, "conflict", f"a segment with the key {key} already exists")
        segment = environment.add_segment(body)
        segment.hidden = self.vendor.switches.unknown_after_create
        return json_answer(201, self._json(call, segment))

    def read(self, call: Call) -> Answer:
        """One segment with its lists."""
        return json_answer(200, self._json(call, self._segment(call)))

    def patch(self, call: Call) -> Answer:
        """A semantic patch, or a JSON patch of name and description."""
        segment, switches = self._segment(call), self.vendor.switches
        is_semantic = SEMANTIC in call.headers.get("content-type", "").replace(" ", "")
        if self.vendor.conflicts(segment.key):
            raise Refused(409, "optimistic_locking_error", "the segment was changed meanwhile")
        if not is_semantic:
            return self._json_patch(call, segment)
        body = self.vendor.body(call, PATCH_FIELDS)
        if body.get("environmentKey") != call.params["environment"]:
            raise invalid("environmentKey is required")
        instructions = body.get("instructions")
        if not isinstance(instructions, list) or not instructions:
            raise invalid("instructions are required")
        if switches.approvals and not switches.bypasses_approvals and targeting(instructions):
            raise Refused(403, "forbidden", "approval is required")
        moves = moves_of(segment, instructions, switches, call)
        if call.query.get("dryRun") == "true":
            return json_answer(200, self._json(call, segment))
        environment = self.vendor.environment
        changed = perform(environment, segment, instructions, moves, call.number)
        if changed or switches.noop_raises_version:
            segment.version += 1
            segment.modified_at = environment.milliseconds()
        self.vendor.note(segment, str(body.get("comment", "")))
        items = sum(len(move.keys) for move in moves)
        return json_answer(200, self._json(call, segment), items)

    def _json_patch(self, call: Call, segment: Segment) -> Answer:
        body = call.json()
        patch = body.get("patch") if isinstance(body, dict) else body
        if not isinstance(patch, list) or not all(isinstance(one, dict) for one in patch):
            raise invalid("the body must be a JSON patch, or of the semantic content type")
        for one in patch:
            path = one.get("path")
            if one.get("op") == "test" and path == "/version":
                if one.get("value") != segment.version:
                    raise Refused(409, "optimistic_locking_error", "the version is another")
            elif one.get("op") != "replace" or path not in ("/name", "/description"):
                raise invalid("the stand-in patches name and description only")
        for one in patch:
            if one["op"] == "replace":
                setattr(segment, one["path"][1:], str(one.get("value")))
        segment.version += 1
        return json_answer(200, self._json(call, segment))

    def delete(self, call: Call) -> Answer:
        """Refused while a flag refers to it."""
        segment, environment = self._segment(call), self.vendor.environment
        if any(uses(flag, segment.key) for flag in environment.flags.values()):
            raise Refused(409, "conflict", "the segment is in use")
        environment.drop_segment(segment)
        return Answer(204)

    def change_big(self, call: Call) -> Answer:
        """Keys onto the lists of a big segment, or off them."""
        segment = self._segment(call)
        body = self.vendor.body(call, {"included", "excluded"})
        if not segment.unbounded:
            raise invalid("this operation is not supported for standard segments")
        if segment.external is not None:
            raise invalid("a synced segment is kept by its integration")
        switches = self.vendor.switches
        if switches.approvals and not switches.bypasses_approvals:
            raise Refused(403, "forbidden", "approval is required")
        included = body.get("included") or {}
        lists = [(included.get("remove") or [], False), (included.get("add") or [], True)]
        for keys, _ in lists:
            if not isinstance(keys, list) or not all(isinstance(k, str) and k for k in keys):
                raise invalid("add and remove must be lists of keys")
            for key in keys:
                if (reason := call.refuse.get(context_id(segment.kind, key))) is not None:
                    raise invalid(reason)
        count = sum(len(keys) for keys, _ in lists)
        if switches.max_big_batch is not None and count > switches.max_big_batch:
            raise invalid(f"at most {switches.max_big_batch} keys in one request")

        def effect() -> None:
            for keys, is_add in lists:
                self.vendor.environment.move(segment, segment.kind, keys, is_add, call.number)

        self.vendor.write(effect)
        return Answer(204, items=count)

    def membership(self, call: Call) -> Answer:
        """Whether one key is on the lists of a big segment."""
        segment, key = self._segment(call), call.params["key"]
        if not segment.unbounded:
            raise invalid("this operation is not supported for standard segments")
        is_excluded = key in segment.excluded.get(segment.kind, ())
        included = segment.holds(segment.kind, key)
        return json_answer(200, {"userKey": key, "included": included, "excluded": is_excluded})

    def start_import(self, call: Call) -> Answer:
        """A file with one key a line; one import at a time in an environment."""
        segment, environment = self._segment(call), self.vendor.environment
        if not segment.unbounded:
            raise invalid("this operation is not supported for standard segments")
        if any(job["status"] != "complete" for job in environment.imports.values()):
            raise Refused(409, "conflict", "another import is in progress")
        fields = _form(call)
        mode, content = fields.get("mode", b"").decode(), fields.get("file", b"")
        lines = [line.split(b",")[0].strip().decode() for line in content.splitlines()]
        keys = [key for key in lines if key]
        if mode not in ("merge", "replace"):
            raise invalid("mode must be merge or replace")
        if len(content) > MAX_IMPORT_BYTES or len(lines) > MAX_IMPORT_LINES:
            raise invalid("the file is too large")
        number = f"{environment.world.next_number('import'):08x}-0000-0000-0000-000000000000"
        switches = self.vendor.switches
        status = "pending_approval" if switches.import_needs_approval else "in_progress"
        environment.imports[number] = {
            "segment": segment.key,
            "mode": mode,
            "keys": keys,
            "status": status,
            "created": environment.milliseconds(),
            "due": self.vendor.clock() + switches.import_seconds,
        }
        segment.import_id = number
        location = f"{call.origin}/{self.vendor.name}{call.path}/{number}"
        return Answer(204, headers=(("location", location),), items=len(keys))

    def read_import(self, call: Call) -> Answer:
        """How far an import has come."""
        job = self.vendor.environment.imports.get(call.params["id"])
        if job is None:
            raise not_found()
        return json_answer(
            200,
            {
                "id": call.params["id"],
                "segmentKey": job["segment"],
                "creationTime": job["created"],
                "mode": job["mode"],
                "status": job["status"],
                "_links": link(call.path.removeprefix("/app")),
            },
        )

    def finish_imports(self) -> None:
        """Let what is due take effect."""
        environment = self.vendor.environment
        for job in environment.imports.values():
            if job["status"] != "in_progress" or job["due"] > self.vendor.clock():
                continue
            segment = environment.segments.get(job["segment"])
            job["status"] = "complete" if segment else "stopped"
            if segment is None:
                continue
            segment.import_id = None
            gone = set(segment.included.get(segment.kind, ())) - set(job["keys"])
            if job["mode"] == "replace":
                environment.move(segment, segment.kind, sorted(gone), False, 0)
            environment.move(segment, segment.kind, job["keys"], True, 0)

    def synced(self, call: Call) -> Answer:
        """What an integration with a manifest of its own may send; here RudderStack's form."""
        switches, environment = self.vendor.switches, self.vendor.environment
        if switches.region != "us" or call.params["integration"] != "rudderstack":
            raise not_found()
        try:
            body = call.json()
            lists = body["listData"]
            moves = [([one["id"] for one in lists.get(v) or ()], v == "add") for v in VERBS]
            is_ours = body["environmentId"] == switches.client_side_id
            cohort, kind = str(body["cohortId"]), str(body.get("contextKind", "user"))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise invalid("the body can't be parsed") from None
        if not is_ours or sum(len(keys) for keys, _ in moves) > SYNCED_KEYS:
            raise invalid("unknown environment, or too many ids")
        segment = environment.segments.get(cohort)
        if segment is None:
            named = {"key": cohort, "name": body.get("cohortName", cohort)}
            segment = environment.add_segment(
                {**named, "unboundedContextKind": kind}, external="rudderstack"
            )
        for keys, is_add in moves:
            environment.move(segment, segment.kind, keys, is_add, call.number)
        return Answer(204)


VERBS = ("remove", "add")


def _form(call: Call) -> dict[str, bytes]:
    """The fields of a multipart body."""
    content_type = call.headers.get("content-type", "")
    if not content_type.startswith("multipart/form-data"):
        raise invalid("the body must be multipart/form-data")
    head = f"content-type: {content_type}\r\n\r\n".encode()
    fields = {}
    for part in BytesParser(policy=HTTP).parsebytes(head + call.body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(payload, bytes):
            fields[name] = payload
    return fields
