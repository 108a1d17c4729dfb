"""Which bodies of a success take it back, however they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.destinations.answers import free_of_no, says_no
from sync.destinations.spec import UnreadableAnswer
from sync.destinations.yes import says_yes
from sync.testing import json_response

NO: list[dict[str, Any]] = [
    {"errorMessage": "no"},
    {"Message": "Forbidden"},
    {"success": "false"},
    {"ok": "no"},
    {"status": "rejected"},
    {"statusCode": 403},
    {"statusCode": "FORBIDDEN"},
    {"result": "error"},
    {"title": "Forbidden"},
    {"loginRequired": True},
    {"data": {"error": "x"}},
    {"error_description": "x"},
    {"errorCode": 7},
    {"ERROR-MESSAGE": "x"},
    {"Is_Success": 0},
    {"status": "403"},
    {"status": "nope"},
    {"http_status_code": 502},
    {"code": -1},
    {"outcome": "ACCESS_DENIED"},
    {"state": "AccessDenied"},
    {"result": False},
    {"results": [{"id": "a", "status": "error"}]},
    {"response": {"statusCode": 500}},
    {"body": {"message": "Forbidden"}},
    {"rejected": 1},
    {"accepted": 0},
    {"unauthorized": True},
    {"title": "Sign in"},
    {"detail": {"loc": ["body"]}},
]
FREE: list[dict[str, Any]] = [
    {},
    {"received": "msg_1"},
    {"ok": True},
    {"Success": "TRUE", "errors": [], "error": None, "error_count": 0, "failed": "0"},
    {"status": "success", "id": "a", "request_id": "b", "attempt": "c"},
    {"status": 202},
    {"status": "200 OK"},
    {"statusCode": "NO_CONTENT"},
    {"code": 0},
    {"message": "Accepted"},
    {"message": ""},
    {"result": {"id": 7}},
    {"default": "eu", "identity": "u_1"},
    {"state": "no errors"},
    {"title": "Thank you"},
    {"data": {"status": "gold", "code": "DE", "message": "hello"}},
    {"accepted": 1, "rejected": 0},
]


@pytest.mark.parametrize("body", NO)
def test_a_body_that_takes_its_success_back_is_no_yes(body: dict[str, Any]) -> None:
    assert says_no(body)
    assert not says_yes(body)
    with pytest.raises(UnreadableAnswer):
        free_of_no(json_response(body))


@pytest.mark.parametrize("body", FREE)
def test_a_body_without_a_refusal_is_one(body: dict[str, Any]) -> None:
    assert not says_no(body)
    assert free_of_no(json_response(body)) == body


@pytest.mark.parametrize("body", [{"ok": True}, {"statusCode": "CREATED"}, {"error": None}, {}])
def test_a_yes_in_known_words_is_one_where_nothing_else_is_documented(body: Any) -> None:
    assert says_yes(body)


@pytest.mark.parametrize("body", [{"id": "u"}, {"data": {}}, {"url": "https://x"}, {"x": None}])
def test_a_name_that_is_not_documented_is_no_yes(body: dict[str, Any]) -> None:
    assert not says_yes(body)


@given(
    st.sampled_from([["error", "message"], ["login", "required"], ["error", "code"], ["fault"]]),
    st.sampled_from(["", "_", "-", " ", "."]),
    st.sampled_from([str.lower, str.upper, str.title]),
    st.sampled_from([True, 7, "x", ["x"], {"x": 1}]),
    st.booleans(),
)
def test_a_name_means_the_same_in_every_spelling(
    words: list[str], between: str, case: Any, value: Any, is_nested: bool
) -> None:
    body = {case(between.join(words)): value}
    assert says_no({"data": body} if is_nested else body)
