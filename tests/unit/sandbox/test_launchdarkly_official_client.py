"""LaunchDarkly's own Python client works against the sandbox, unchanged but for its address.

Its models refuse an answer that lacks a required field, so every call also checks the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import launchdarkly_api as ld
import pytest

PLACE = ("default", "test")
SEMANTIC = "application/json; domain-model=launchdarkly.semanticpatch"


class SemanticPatch(ld.PatchWithComment):
    """The client knows semantic patches by their content type only, not by their shape."""

    environment_key: str
    instructions: list[Any]

    def to_dict(self) -> dict[str, Any]:
        return {"environmentKey": self.environment_key, "instructions": self.instructions}


def semantic(*instructions: Any) -> SemanticPatch:
    return SemanticPatch(patch=[], environment_key="test", instructions=list(instructions))


@pytest.fixture
def client(customerio: Any) -> Iterator[ld.ApiClient]:
    configuration = ld.Configuration(host=f"{customerio.url}/launchdarkly/app")
    configuration.api_key["ApiKey"] = "api-sandbox"
    with ld.ApiClient(configuration) as opened:
        yield opened


def seed(customerio: Any, **things: Any) -> None:
    url = f"{customerio.url}/_sandbox/seed"
    assert customerio.http.post(url, params={"vendor": "launchdarkly"}, json=things).is_success


def test_it_creates_fills_reads_lists_and_deletes_a_segment(client: ld.ApiClient) -> None:
    segments = ld.SegmentsApi(client)
    created = segments.post_segment(*PLACE, ld.SegmentBody(key="risk", name="Risk", tags=["x"]))
    assert (created.key, created.version, created.generation) == ("risk", 1, 1)
    add = {"kind": "addIncludedTargets", "contextKind": "user", "values": ["u-1", "u-2"]}
    patched = segments.patch_segment(*PLACE, "risk", semantic(add), _content_type=SEMANTIC)
    assert (patched.included, patched.version) == (["u-1", "u-2"], 2)
    assert segments.get_segment(*PLACE, "risk").included == ["u-1", "u-2"]
    assert [one.key for one in segments.get_segments(*PLACE).items] == ["risk"]
    segments.delete_segment(*PLACE, "risk")
    with pytest.raises(ld.exceptions.NotFoundException):
        segments.get_segment(*PLACE, "risk")


def test_it_changes_and_reads_a_big_segment(client: ld.ApiClient) -> None:
    segments = ld.SegmentsApi(client)
    body = ld.SegmentBody(key="big", name="Big", unbounded=True, unboundedContextKind="account")
    assert segments.post_segment(*PLACE, body).unbounded
    state = ld.SegmentUserState(included=ld.SegmentUserList(add=["a-1"], remove=["a-2"]))
    segments.update_big_segment_context_targets(*PLACE, "big", state)
    assert segments.get_segment_membership_for_context(*PLACE, "big", "a-1").included
    assert not segments.get_segment_membership_for_context(*PLACE, "big", "a-2").included
    assert segments.get_segment(*PLACE, "big").unbounded_metadata.included_count == 1


def test_it_imports_keys_into_a_big_segment(client: ld.ApiClient) -> None:
    segments = ld.SegmentsApi(client)
    body = ld.SegmentBody(key="big", name="Big", unbounded=True)
    segments.post_segment(*PLACE, body)
    answer = segments.create_big_segment_import_with_http_info(
        *PLACE, "big", file=("keys.csv", b"u-1\nu-2\n"), mode="replace"
    )
    job = answer.headers["location"].rpartition("/")[2]
    assert segments.get_big_segment_import(*PLACE, "big", job).status == "complete"
    assert segments.get_segment_membership_for_context(*PLACE, "big", "u-2").included


def test_it_asks_who_is_a_member_and_what_a_flag_serves(
    client: ld.ApiClient, customerio: Any
) -> None:
    clause = {"op": "segmentMatch", "values": ["risk"]}
    rule = {"clauses": [clause], "variation": 0}
    setup = {"rules": [rule], "fallthrough": {"variation": 1}, "offVariation": 1}
    seed(
        customerio,
        segments=[{"key": "risk", "included": ["u-1"]}],
        flags=[{"key": "discount", "environments": {"test": setup}}],
    )
    contexts, segments = ld.ContextsApi(client), ld.SegmentsApi(client)
    member, stranger = {"kind": "user", "key": "u-1"}, {"kind": "user", "key": "u-9"}
    for context, expected in ((member, True), (stranger, False)):
        (found,) = segments.get_context_instance_segments_membership_by_env(*PLACE, context).items
        assert found.is_member is expected
        (served,) = contexts.evaluate_context_instance(*PLACE, context).items
        assert served.value is expected
    flags = ld.FeatureFlagsApi(client)
    (flag,) = flags.get_feature_flags("default", env="test", summary=False).items
    assert flag.environments["test"].rules[0].clauses[0].op == "segmentMatch"
    assert flags.get_feature_flag("default", "discount").key == "discount"


def test_it_reads_the_environment_the_caller_and_the_contexts(
    client: ld.ApiClient, customerio: Any
) -> None:
    environment = ld.EnvironmentsApi(client).get_environment(*PLACE)
    assert (environment.key, environment.api_key) == ("test", "sdk-sandbox")
    assert ld.OtherApi(client).get_caller_identity().account_id
    context = {"kind": "user", "key": "u-1", "plan": "pro"}
    event = {"kind": "identify", "creationDate": 1_767_225_600_000, "context": context}
    answer = customerio.http.post(
        f"{customerio.url}/launchdarkly/events/bulk",
        json=[event],
        headers={"authorization": "sdk-sandbox", "x-launchdarkly-event-schema": "4"},
    )
    assert answer.status_code == 202
    contexts = ld.ContextsApi(client)
    search = ld.ContextSearch(filter='kind equals "user",key anyOf ["u-1"]', limit=50)
    (found,) = contexts.search_contexts(*PLACE, context_search=search).items
    assert found.context == context
    assert contexts.get_contexts(*PLACE, "user", "u-1").items[0].context["plan"] == "pro"


def test_it_raises_what_the_sandbox_refuses(client: ld.ApiClient) -> None:
    segments = ld.SegmentsApi(client)
    segments.post_segment(*PLACE, ld.SegmentBody(key="risk", name="Risk"))
    with pytest.raises(ld.exceptions.BadRequestException, match="invalid_request"):
        segments.patch_segment(*PLACE, "risk", semantic({"kind": "x"}), _content_type=SEMANTIC)
    client.configuration.api_key["ApiKey"] = "api-wrong"
    with pytest.raises(ld.exceptions.UnauthorizedException):
        segments.get_segment(*PLACE, "risk")
