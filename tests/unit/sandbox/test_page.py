"""The page as a person at a browser sees it."""

from __future__ import annotations

import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

CHROMIUM = shutil.which("chromium")
DAY = 86_400


def page(customerio: Any, path: str = "/", **query: str) -> str:
    """The text of a page, without tags and with single blanks."""
    answer = customerio.http.get(f"{customerio.url}{path}", params=query)
    assert answer.status_code == 200
    content = re.sub(r"<(style|script)>.*?</\1>", "", answer.text, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", content)).split())


def test_an_attribute_that_is_true_is_a_segment_with_who_entered_today(
    customerio: Any, identify: Any
) -> None:
    customerio.batch(identify("old", in_cart=True), identify("out", in_cart=False))
    customerio.clock.advance(DAY)
    customerio.batch(identify("new", in_cart=True))
    assert "in_cart attribute 2 1" in page(customerio)
    people = page(customerio, "/_page/customerio", segment="a.in_cart")
    assert "2 people In the segment in_cart, 1 of them entered today." in people
    rows = people.split("Entered ")[1].split(" Times are")[0]
    assert re.findall(r"new|old|out", rows) == ["new", "old"], "the last entry comes first"


def test_who_is_on_a_list_of_the_vendor_and_since_when(customerio: Any, identify: Any) -> None:
    segment = customerio.segment("vip")
    customerio.batch(identify("a"), identify("b"))
    add = f"/api/v1/segments/{segment}/add_customers"
    customerio.track("POST", add, {"ids": ["a"]})
    customerio.clock.advance(DAY)
    customerio.track("POST", add, {"ids": ["a", "b"]})
    assert "vip list 2 1" in page(customerio)
    shown = page(customerio, "/_page/customerio", segment=f"s{segment}")
    rows = shown.split("Entered ")[1]
    assert re.findall(r"\b[ab] 0", rows) == ["b 0", "a 0"], "the last entry comes first"


def test_a_look_up_that_finds_nothing_is_no_failed_request(customerio: Any) -> None:
    customerio.app("GET", "/customers/nobody/attributes")
    shown = page(customerio)
    assert "found nothing 1" in shown
    assert "failed requests" not in shown
    customerio.batch({"type": "unheard-of"})
    customerio.track("POST", "/api/v2/batch", {"batch": []}, auth=("wrong", "key"))
    assert "failed requests 2" in page(customerio)


def test_figures_of_nothing_and_vendors_without_traffic_are_left_out(
    customerio: Any, identify: Any
) -> None:
    customerio.batch(identify("a"))
    shown = page(customerio)
    assert "people 1 operations 1 requests 1" in shown
    assert "Gainsight PX" not in shown.split("Last requests")[0]


def test_a_request_is_shown_with_both_bodies_and_without_credentials(
    customerio: Any, identify: Any
) -> None:
    customerio.batch(identify("a", note="sandbox-track-key", api_key="mine", plan="<gold>"))
    number = customerio.control.requests()[0]["number"]
    shown = page(customerio, f"/_page/request/{number}")
    assert '"plan": "<gold>"' in shown
    assert '"note": "(hidden)"' in shown
    assert '"api_key": "(hidden)"' in shown
    assert "sandbox-track-key" not in shown
    assert shown.count("Without a body") == 0
    missing = customerio.http.get(f"{customerio.url}/_page/request/999999")
    assert missing.status_code == 404


def test_a_number_of_seconds_is_shown_as_a_moment_where_its_name_says_so(
    customerio: Any, identify: Any
) -> None:
    customerio.batch(identify("a", left_at=1_767_225_600, orders=1_767_225_600))
    shown = page(customerio, "/_page/customerio/person/a")
    assert "left_at 1767225600 2026-01-01 00:00:00" in shown
    assert "orders 1767225600 2026-01-01 00:00:00 2026" not in shown, "a number stays one"


def test_a_fault_is_switched_on_and_off_with_a_click(customerio: Any, identify: Any) -> None:
    faults = f"{customerio.url}/_page/faults"
    pressed = customerio.http.post(faults, data={"fault": "busy", "vendor": "customerio"})
    assert (pressed.status_code, pressed.headers["location"]) == (303, "/")
    assert customerio.batch(identify("a")).status_code == 503
    assert "customerio: any method any path 1 10" in page(customerio)
    customerio.http.post(faults, data={"mend": "all"})
    assert customerio.batch(identify("a")).status_code == 200


def test_a_page_of_another_origin_may_not_switch_faults(customerio: Any, identify: Any) -> None:
    faults = f"{customerio.url}/_page/faults"
    foreign = {"origin": "http://elsewhere.example"}
    turned = customerio.http.post(faults, data={"fault": "busy"}, headers=foreign)
    assert turned.status_code == 403
    assert customerio.batch(identify("a")).status_code == 200


def test_the_mark_changes_with_what_the_page_shows(customerio: Any, identify: Any) -> None:
    def mark() -> str:
        return httpx.get(f"{customerio.url}/_page/mark").text

    before = mark()
    assert mark() == before, "looking changes nothing"
    customerio.batch(identify("a"))
    after = mark()
    assert after != before
    customerio.http.post(f"{customerio.url}/_page/faults", data={"fault": "slow"})
    assert mark() != after


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_runs_the_page_s_own_script_and_nothing_complains(
    customerio: Any, identify: Any, tmp_path: Path
) -> None:
    customerio.batch(identify("a", in_cart=True))
    ran = subprocess.run(
        [
            str(CHROMIUM),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--enable-logging=stderr",
            "--virtual-time-budget=3000",
            "--dump-dom",
            customerio.url,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert '<span id="live" role="status">live</span>' in ran.stdout
    assert "CONSOLE" not in ran.stderr
