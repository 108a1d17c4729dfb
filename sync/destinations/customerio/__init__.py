"""Customer.io people, events and objects.

Source: https://docs.customer.io/integrations/api/track and /app (read 2026-11). All writes go to
`POST /api/v2/batch`, which answers item by item; only manual segments need version 1. A 200 means
accepted, not applied: see docs/destinations/customerio.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from sync.core import DELIVERED, Kind, Op, Outcome, Rejected, Retry, Sync
from sync.destinations.customerio.operations import (
    ATTRIBUTES,
    Options,
    complaints,
    identifier,
    options_of,
    parts,
    segment_attribute,
)
from sync.destinations.names import problems
from sync.destinations.spec import (
    JSON,
    Basic,
    BatchRefused,
    Conversation,
    Endpoint,
    Expected,
    Header,
    Health,
    Item,
    Limits,
    Piece,
    ReadBack,
    Request,
    Response,
    UnreadableAnswer,
    Verdict,
)
from sync.errors import Problem

READ_BACK_IDS = 100
APP_REQUESTS_PER_SECOND = 10.0


class Settings(BaseModel):
    """A connection: one workspace. `base_url` sends everything to a stand-in instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    region: Literal["us", "eu"] = "us"
    site_id: str = Field(min_length=1)
    api_key: SecretStr = Field(min_length=1)
    app_api_key: SecretStr | None = None
    base_url: str | None = None
    requests_per_second: float | None = Field(None, gt=0, le=1000)


class Customerio:
    """One workspace of Customer.io."""

    name: ClassVar[str] = "customerio"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Options
    verdicts: ClassVar[Mapping[int, Verdict]] = {400: Verdict.READ}
    coalesces: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self._region = settings.region
        eu = "-eu" if settings.region == "eu" else ""
        base, rate = settings.base_url, settings.requests_per_second
        self.limits = Limits(200, 475_000, 32_000, rate or 10.0)
        track = base.rstrip("/") + "/track" if base else f"https://track{eu}.customer.io"
        auth = Basic(SecretStr(settings.site_id), settings.api_key)
        self.endpoints: Mapping[str, Endpoint] = {"track": Endpoint(track, auth, rate)}
        if settings.app_api_key is not None:
            app = base.rstrip("/") + "/app" if base else f"https://api{eu}.customer.io"
            key = Header(settings.app_api_key)
            self.endpoints = {**self.endpoints, "app": Endpoint(app, key, APP_REQUESTS_PER_SECOND)}
        self.has_read_back = settings.app_api_key is not None

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        """Names, sizes and reserved words; every problem at once."""
        return problems(sync, "customerio-mapping", complaints(sync))

    def encode(self, pieces: Sequence[Piece]) -> Sequence[JSON]:
        """One part; for segments three: the state, the manual member, the event."""
        ((sync, change),) = pieces
        return parts(sync, change)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        """State first, then membership, then events: each in a later request, so that a campaign
        that an event starts already sees the state, and only for whom the earlier ones worked."""
        outcomes: list[Outcome] = [DELIVERED] * len(batch)
        for step in range(max((len(item.parts) for item in batch), default=0)):
            due = [
                i
                for i, item in enumerate(batch)
                if step < len(item.parts)
                and item.parts[step] is not None
                and outcomes[i] is DELIVERED
            ]
            if not due:
                continue
            if step == 1:
                yield from _change_members(batch, due)
                continue
            operations = [batch[i].parts[step] for i in due]
            response = yield Request("POST", "/api/v2/batch", json={"batch": operations})
            for place, outcome in _exceptions(response, len(due), is_partial=step > 0).items():
                outcomes[due[place]] = outcome
        return outcomes

    def check(self) -> Conversation[Health]:
        """The region call answers on either host; the App key is only read with."""
        response = yield Request("GET", "/api/v1/accounts/region")
        body = response.json()
        if not isinstance(body, dict) or "environment_id" not in body:
            raise UnreadableAnswer("the region call did not name a workspace")
        account, region = str(body["environment_id"]), str(body.get("region"))
        found = []
        if region != self._region:
            text = f"workspace {account} lives in {region}, the connection says {self._region}"
            hint = "a request to the wrong region is redirected or refused"
            fix = f"write region: {region} for this connection in profiles.yml"
            found.append(Problem("customerio-region", text, hint=hint, fix=fix))
        elif self.has_read_back:
            yield Request("GET", "/v1/segments", to="app")
        app = "usable" if self.has_read_back else "none: nothing can be read back"
        return Health(account, {"region": region, "app_api_key": app}, found)

    def read_back(
        self, sync: Sync, expected: Sequence[Expected]
    ) -> Conversation[Sequence[ReadBack]]:
        """People only; whoever the answer leaves out does not exist."""
        if sync.kind not in (Kind.TRAITS, Kind.SEGMENT):
            return []
        by = sync.identify_by or "id"
        results: list[ReadBack] = []
        for start in range(0, len(expected), READ_BACK_IDS):
            group = expected[start : start + READ_BACK_IDS]
            ids = [identifier(by, one.address, "cio_") for one in group]
            query = {"id_type": by}
            path = "/v1/customers/attributes"
            response = yield Request("POST", path, json={"ids": ids}, to="app", query=query)
            found = dict(_found(response, by))
            results += [
                _compared(sync, one, found.get(identifier(by, one.address))) for one in group
            ]
        return results


def _change_members(batch: Sequence[Item], due: Sequence[int]) -> Conversation[None]:
    calls: dict[tuple[str, str], list[JSON]] = {}
    for i in due:
        sync, change = batch[i].pieces[0]
        verb = "remove" if change.op is Op.REMOVE else "add"
        path = f"/api/v1/segments/{options_of(sync).manual_segment}/{verb}_customers"
        calls.setdefault((path, sync.identify_by or "id"), []).append(batch[i].parts[1])
    for (path, by), ids in calls.items():
        response = yield Request("POST", path, json={"ids": ids}, query={"id_type": by})
        if response.status == 400:
            raise _whole_refusal("customerio-manual-segment", response)
        _accepted(response)


def _whole_refusal(code: str, response: Response) -> BatchRefused:
    return BatchRefused(code, response.body[:2000].decode("utf-8", "replace"))


def _accepted(response: Response) -> Mapping[str, JSON]:
    """A success is an object without a word of failure; anything else is no answer."""
    body = response.json()
    is_loud = isinstance(body, dict) and "errors" in body and response.status == 200
    if not isinstance(body, dict) or "meta" in body or is_loud:
        raise UnreadableAnswer("a success that lists errors, or is no JSON object")
    return body


def _exceptions(response: Response, count: int, is_partial: bool) -> dict[int, Outcome]:
    """What became of the items that a batch answer does not accept, by their place in it.

    A 207 accepts whatever it does not list. A 400 accepts nothing: listed items are refused, the
    others are sent again without them.
    """
    is_refusal = response.status == 400
    body = response.json() if is_refusal else _accepted(response)
    if response.status == 200:
        return {}
    errors = body.get("errors") if isinstance(body, dict) else None
    listed: dict[int, list[str]] = {}
    for error in errors if isinstance(errors, list) else ():
        place = error.get("batch_index") if isinstance(error, dict) else None
        if type(place) is not int or not 0 <= place < count:
            listed.clear()
            break
        words = (str(error.get(name) or "") for name in ("field", "message", "reason"))
        listed.setdefault(place, []).append(" ".join(word for word in words if word))
    if not listed and is_refusal:
        raise _whole_refusal("customerio-400", response)
    if not listed:
        raise UnreadableAnswer("errors that can't be told apart by item")
    refused: dict[int, Outcome] = {
        place: Rejected("customerio-invalid", "; ".join(texts), is_partial)
        for place, texts in listed.items()
    }
    return {**dict.fromkeys(range(count), Retry()), **refused} if is_refusal else refused


def _found(response: Response, by: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(identifier, attributes and identifiers) of everybody in the answer."""
    body = response.json()
    try:
        for entry in body["customers"] or ():
            customer = entry["customer"]
            identifiers, attributes = customer.get("identifiers"), customer.get("attributes")
            known = {"id": customer.get("id"), **(attributes or {}), **(identifiers or {})}
            if known.get(by):
                yield identifier(by, str(known[by])), known
    except (KeyError, TypeError, AttributeError) as e:
        raise UnreadableAnswer("the answer does not list customers") from e


def _compared(sync: Sync, expected: Expected, found: Mapping[str, Any] | None) -> ReadBack:
    if found is None:
        return ReadBack(expected.address, False)
    wanted = ATTRIBUTES.of(expected.traits)
    if sync.kind is Kind.SEGMENT:
        wanted[segment_attribute(sync)] = expected.is_member
    differing = [name for name, value in wanted.items() if not _matches(value, found.get(name))]
    return ReadBack(expected.address, True, tuple(differing))


def _matches(value: JSON, shown: Any) -> bool:
    """Customer.io shows every attribute as text; how it writes floats and nesting is not known."""
    if isinstance(value, (float, list, dict)):
        return True
    if value is None or value == "":
        return shown in (None, "")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text == (str(shown).lower() if isinstance(shown, bool) else str(shown))
