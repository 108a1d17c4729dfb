"""The report says what happened, as counted by hand, on a page that all can read.

Syncs are real; between them the state's moments are moved back, as if days had passed.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from activation_sandbox.server import Sandbox
from e2e.artifacts import Model
from e2e.browser import Page, browsing, find_browser
from e2e.inside import Runs, runner
from e2e.project import Project, SmallProject
from e2e.shop import model, segment
from e2e.warehouses import AnyWarehouse, DuckDBFile, PostgresSchema

from sync.cli.root import run as sync
from sync.commands.attention import is_low_match
from sync.commands.audience import SyncFacts
from sync.commands.concerns import Concern
from sync.commands.report import Report, find_report
from sync.project.project import ProjectOptions, load_project
from sync.run.opening import open_state

CARTS = (
    (10, {"person-anna", "person-ben", "person-cem"}),
    (8, {"person-ben", "person-cem", "person-dora"}),
    (3, {"person-ben", "person-cem", "person-dora", "person-ede"}),
    (1, {"person-cem", "person-ede", "person-anna"}),
    (0, {"person-cem", "person-ede", "person-anna"}),
)
"""Who is in the segment at each run, by how many days ago that was."""
PEOPLE = "create table people (id varchar(40), tier varchar(9), n integer, ok boolean)"
EVERYBODY = sorted(set().union(*(members for _, members in CARTS)) | {"person-<b>"})
VENDORS_WORDS = "no <script>alert(1)</script> | *here*"


@pytest.fixture
def shop(project_on: Callable[[str], SmallProject]) -> SmallProject:
    return project_on("duckdb")


def age(project: Project, days: int) -> None:
    """Move every moment of the state back."""
    moments = project.state(
        "select table_name, column_name from information_schema.columns"
        " where table_schema = '{state}' and data_type like 'timestamp%' or"
        " table_schema = '{state}' and data_type like 'TIMESTAMP%'"
    )
    project.warehouse.run(
        *(
            f'update {project.state_schema}."{table}"'
            f""" set "{column}" = "{column}" - interval '{days} days'"""
            for table, column in moments
        )
    )


def fill(project: Project, members: set[str]) -> None:
    rows = ", ".join(f"('{p}', 'gold', {int(p in members)}, true)" for p in EVERYBODY)
    project.warehouse.run("delete from people", f"insert into people values {rows}")


def models() -> tuple[Model, Model]:
    plans = model("plans")
    return (
        replace(segment("seg_cart"), query="select id, n from people where n > 0"),
        replace(plans, activation={**plans.activation, "sla": "2 days", "owner": "crm"}),
    )


def live(project: SmallProject, run: Callable[..., None]) -> None:
    """Ten days of the shop; at the end everything is sent once more, after a reset."""
    project.warehouse.run(PEOPLE)
    project.define(*models())
    for (ago, members), (until, _) in zip(CARTS, [*CARTS[1:], (0, set())], strict=True):
        fill(project, members)
        if not ago:
            run("state", "reset", "seg_cart__customerio", "--yes")
            refused = {"person-<b>": VENDORS_WORDS}
            project.warehouse.run("update people set tier = 'free' where id = 'person-<b>'")
            project.sandbox.add_fault("refuse", {"path": "v2/batch", "refuse": refused})
        run("apply", expect=0 if ago else 1)
        if ago == 3:
            run("verify")
        age(project, ago - until)


@pytest.fixture(scope="module")
def lived(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    running_sandbox: Sandbox,
) -> Iterator[SmallProject]:
    """A project with a past, to be read only; its parameter names the adapter."""
    directory = tmp_path_factory.mktemp("lived")
    running_sandbox.control.reset(switches=True)
    warehouse: AnyWarehouse = (
        DuckDBFile(directory / "small.duckdb")
        if request.param == "duckdb"
        else PostgresSchema(request.getfixturevalue("postgres_uri"), "small_report")
    )
    project = SmallProject(directory, warehouse, running_sandbox.control)

    def run(*arguments: str, expect: int = 0) -> None:
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            assert sync(arguments) == expect, said.getvalue()

    with pytest.MonkeyPatch.context() as patch:
        for name, value in project.environ.items():
            patch.setenv(name, value)
        patch.chdir(directory)
        live(project, run)
    yield project
    if isinstance(warehouse, PostgresSchema):
        warehouse.drop()


@pytest.fixture
def told(
    lived: SmallProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Runs:
    """The command line on the project with a past."""
    return runner(lived, monkeypatch, capsys)


on_duckdb = pytest.mark.parametrize("lived", ["duckdb"], indirect=True)
on_both = pytest.mark.parametrize("lived", ["duckdb", "postgres"], indirect=True)


def facts(project: Project, days: int = 56) -> Report:
    found = load_project(ProjectOptions(project_dir=project.dir, profiles_dir=project.dir))
    return find_report(found, open_state(found), datetime.now(UTC), days)


def two(report: Report) -> tuple[SyncFacts, SyncFacts]:
    """The segment and the traits."""
    found = {fact.sync.model: fact for fact in report.syncs}
    return found["seg_cart"], found["plans"]


class Reader(HTMLParser):
    """The page's tables, by the title of each, and what an assistive technology is told."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.charts: list[str] = []
        self.tags: set[str] = set()
        self._into: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        if given.get("role") == "img":
            self.charts.append(given["aria-label"] or "")
        if tag == "caption":
            self._into = []
        elif tag == "tr":
            self._rows().append([])
        elif tag in ("th", "td"):
            self._rows()[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "caption" and self._into is not None:
            self.tables["".join(self._into)] = []
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)
        elif self.tables and self._rows() and self._rows()[-1]:
            self._rows()[-1][-1] += data.strip()

    def _rows(self) -> list[list[str]]:
        return list(self.tables.values())[-1]


def page_of(project: Project) -> Reader:
    return Reader((project.dir / "target/activation_report.html").read_text())


@on_both
def test_the_report_counts_what_happened(lived: SmallProject, told: Runs) -> None:
    carts, plans = two(facts(lived))
    days = [members for _, members in CARTS]
    assert [p.members for p in carts.points] == [len(members) for members in days]
    assert [p.first for p in carts.points] == [3, 0, 0, 0, 0]
    assert [p.entered for p in carts.points[1:]] == [
        len(now - before) for before, now in pairwise(days)
    ]
    assert [p.exited for p in carts.points[1:]] == [
        len(before - now) for before, now in pairwise(days)
    ]
    assert (carts.entered, carts.exited, carts.members_before) == (2, 2, 3)
    assert carts.churn == pytest.approx(2 / 3)
    assert (plans.members, plans.entered, plans.exited) == (len(EVERYBODY), 0, 0)
    assert [p.status for p in plans.points] == ["success"] * 4 + ["rejects"]

    told("report")
    page = page_of(lived)
    cells = {row[0]: row for row in page.tables["Syncs"]}
    assert cells["seg_cart"][3:7] == ["3", "0", "2", "2"]
    assert cells["plans"][3:7] == ["6", "0", "0", "0"]
    assert page.tables["Causes"][1][3:4] == ["1"]
    assert VENDORS_WORDS in page.tables["Causes"][1][2]
    assert len(page.tables["The last 5 runs"]) == 1 + 5
    logged = lived.state("select sum(delivered), sum(rejected) from {state}.run_syncs")[0]
    shown = [sum(int(row[n]) for row in page.tables["The last 5 runs"][1:]) for n in (5, 6)]
    assert shown == [int(n) for n in logged]
    checked = lived.state("select sum(sent), sum(matched) from {state}.checks")[0]
    matched = [sum(int(row[n]) for row in page.tables["Last comparisons"][1:]) for n in (2, 4)]
    assert matched == [int(n) for n in checked]


@on_duckdb
def test_a_shorter_look_back_has_fewer_days_and_the_same_members(lived: SmallProject) -> None:
    carts, _ = two(facts(lived, days=5))
    assert [p.members for p in carts.points] == [4, 3, 3]
    assert (carts.entered, carts.exited) == (2, 2)


@on_duckdb
@pytest.mark.parametrize("form", ["html", "markdown"])
def test_the_report_names_no_identity(tmp_path: Path, told: Runs, form: str) -> None:
    out = tmp_path / "somewhere" / "report.txt"
    said = told("report", "--format", form, "--out", str(out)).text
    assert str(out) in said
    text = out.read_text()
    assert "seg_cart" in text.replace("\\", "")
    assert "person" not in re.sub(r"\b(person|people)s?\b(?!-)", "", text)


@on_duckdb
def test_the_page_runs_no_script_loads_nothing_and_has_words_for_each_chart(
    lived: SmallProject, told: Runs
) -> None:
    told("report")
    text = (lived.dir / "target/activation_report.html").read_text()
    page = Reader(text)
    assert not page.tags & {"script", "img", "iframe", "object", "embed"}
    loaded = re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?([^\"')\s>]+)", text)
    assert {where for where in loaded if not where.startswith(("#", "data:"))} == set()
    assert len(page.charts) == text.count("<svg") >= 6
    assert all(len(said) > 30 for said in page.charts)
    assert any("3 members at customerio" in said for said in page.charts)
    sections = text.split("<section ")[1:]
    assert all("<table" in part for part in sections if "<svg" in part)


def test_what_needs_attention_comes_first(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run(
        PEOPLE,
        "insert into people values ('a', 'gold', 1, true), ('b', 'gold', 1, true)",
    )
    cart, plans = models()
    mails = Model(
        name="mails",
        query="select id, tier, ok from people",
        columns={"id": "varchar", "tier": "varchar", "ok": "boolean"},
        activation={
            "kind": "traits",
            "identity": "id",
            "owner": "legal",
            "requires": ["ok"],
            "destinations": [{"name": "customerio", "traits": {"mail_tier": "tier"}}],
        },
    )
    shop.define(cart, plans, mails, model("gone", {"n": "integer"}))
    run("apply")
    assert facts(shop).attention == ()
    assert "Nothing needs attention." in run("report").text
    age(shop, 3)
    shop.define(cart, plans, mails)
    shop.write_artifacts({"plans": "error"})
    shop.warehouse.run("update people set ok = false where id = 'a'")
    shop.sandbox.add_fault("refuse", {"path": "v2/batch", "refuse": {"a": "no"}})
    run("apply", expect=3)

    found = facts(shop).attention
    assert [one.concern for one in found] == [
        Concern.REACHED,
        Concern.BEHIND,
        Concern.LEFT_BEHIND,
        Concern.REJECTED,
    ]
    reached, behind, gone, rejected = found
    assert (reached.people, reached.owner) == (1, "legal")
    assert behind.syncs == ("plans -> customerio",)
    assert "later than its SLA of 2 days" in behind.text
    assert behind.command == "dbt build --select plans"
    assert (gone.people, gone.command) == (2, "python -m sync retire gone__customerio")
    assert (rejected.people, rejected.is_alarm) == (1, True)
    lines = run("report", "--format", "markdown").stdout.splitlines()
    assert lines[0] == "# 4 things need attention."
    listed = [line for line in lines if line.startswith("- ")]
    assert [line.split(":")[0] for line in listed] == ["- **Alarm"] * 4
    answer = json.loads(run("report", "--log-format", "json").stdout.splitlines()[-1])
    assert (answer["code"], answer["alarms"], answer["notes"]) == ("report-written", 4, 0)


def test_a_project_that_never_ran_has_a_report(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run(PEOPLE)
    shop.define(*models())
    run("report")
    assert "Has never run" in run("report", "--format", "markdown").stdout
    assert not facts(shop).runs


def test_without_the_extra_the_error_names_it_and_markdown_works(
    shop: SmallProject, run: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.warehouse.run(PEOPLE)
    shop.define(*models())
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    said = run("report", expect=2).text
    assert "pip install 'dbt-activation[report]'" in said
    assert not (shop.dir / "target/activation_report.html").exists()
    run("report", "--format", "markdown")


def test_a_place_that_cannot_be_written_is_named(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run(PEOPLE)
    shop.define(*models())
    (shop.dir / "file").write_text("")
    out = shop.dir / "file" / "report.html"
    said = run("report", "--out", str(out), expect=2).text
    assert "report-out" in said and f"--> {Path('file', 'report.html')}" in said


def test_a_match_rate_that_fell_is_an_alarm(shop: SmallProject, run: Runs) -> None:
    """Half of what was there is gone at the destination on the last day."""
    people = ", ".join(f"('p{n}', 'gold', 1, true)" for n in range(60))
    shop.warehouse.run(PEOPLE, f"insert into people values {people}")
    shop.define(models()[0])
    run("apply")
    run("verify")
    age(shop, 2)
    assert facts(shop).attention == ()
    shop.sandbox.reset()
    run("verify")
    (low,) = facts(shop).attention
    assert (low.concern, low.people, low.syncs) == (Concern.MATCH, 60, ("customerio",))
    assert low.text == "0.0% of the members asked for match, 100.0% before"


def test_lift_that_is_not_reckoned_says_what_to_build(shop: SmallProject, run: Runs) -> None:
    shop.warehouse.run(PEOPLE)
    orders = Model(
        name="orders",
        query="select id, timestamp '2026-11-01' as bought_at from people",
        columns={"id": "varchar", "bought_at": "timestamp"},
        activation={"kind": "outcome", "identity": "id", "occurred_at": "bought_at"},
    )
    shop.define(*models(), orders)
    project_file = shop.dir / "dbt_project.yml"
    holdouts = {"activation": {"holdouts": {"summer": {"percent": 10, "outcome": "orders"}}}}
    project_file.write_text(f"{project_file.read_text()}vars: {json.dumps(holdouts)}\n")
    told = run("report", "--format", "markdown").stdout.replace("\\", "")
    assert "dbt build --select tag:activation_measurement" in told.partition("## Lift")[2]
    run("report")
    page = (shop.dir / "target/activation_report.html").read_text()
    assert "dbt build --select tag:activation_measurement" in page


def test_a_match_rate_is_low_by_the_published_score() -> None:
    """b 0.90 of 14,000 and c 0.84 of 500 score 3.5452192112; so does the bound of 3.29."""
    assert is_low_match(0.90, 14_000, 0.84, 500)
    assert not is_low_match(0.90, 14_000, 0.845, 500)
    assert not is_low_match(0.999, 10**9, 0.9805, 10**9)


CONTRAST = """
(() => {
  const parse = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => linear(v / 255));
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const back = node => {
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, at = node.parentElement;
    if (!node.data.trim() || !at.getClientRects().length) continue;
    const style = getComputedStyle(at);
    const color = parse(at.ownerSVGElement ? style.fill : style.color);
    const [a, b] = [light(color), light(back(at))].sort((x, y) => y - x);
    found.push([(a + .05) / (b + .05), node.data.trim()]);
  }
  return found;
})()
"""
TOO_WIDE = """
[...document.querySelectorAll("body *")].filter(e => {
  const box = e.getBoundingClientRect();
  const scrolls = e.closest(".scroll") || e.closest(".hidden") || e.closest(".skip");
  const svg = e.ownerSVGElement;
  const edge = svg ? svg.getBoundingClientRect().right : innerWidth;
  return !scrolls && box.width && box.right > edge + 1;
}).map(e => e.outerHTML.slice(0, 200))
"""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Page]:
    if find_browser() is None:
        pytest.skip("no Chromium is installed")
    with browsing(tmp_path / "browser") as page:
        yield page


@on_duckdb
def test_the_page_reads_well_in_a_browser(lived: SmallProject, told: Runs, browser: Page) -> None:
    told("report")
    browser.open(lived.dir / "target/activation_report.html")
    browser.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    for scheme in ("light", "dark"):
        for width in (360, 1280):
            browser.look(width, scheme)
            assert browser.ask("document.documentElement.scrollWidth") <= width
            assert browser.ask(TOO_WIDE) == []
            found = browser.ask(CONTRAST)
            assert len(found) > 100
            assert [pair for pair in found if pair[0] < 4.5] == []
    dark = browser.ask("getComputedStyle(document.body).backgroundColor")
    browser.look(1280, "light")
    assert dark != browser.ask("getComputedStyle(document.body).backgroundColor")
    assert browser.errors == []


FOCUSED = """
(() => {
  const at = document.activeElement;
  const outline = getComputedStyle(at).outlineStyle;
  return [at.tagName, at.className, outline, at.closest("details")?.open ?? null];
})()
"""


@on_duckdb
def test_every_table_of_the_page_is_reached_and_opened_with_the_keyboard(
    lived: SmallProject, told: Runs, browser: Page
) -> None:
    told("report")
    browser.open(lived.dir / "target/activation_report.html")
    browser.look(1280, "light")
    folded = browser.ask("document.querySelectorAll('details').length")
    assert folded > 3 and browser.ask("document.querySelectorAll('details[open]').length") == 0
    browser.press("Tab")
    assert browser.ask(FOCUSED)[:2] == ["A", "skip"]
    opened = 0
    for _ in range(200):
        browser.press("Tab")
        tag, _, outline, _ = browser.ask(FOCUSED)
        if tag == "BODY":
            break
        assert outline != "none", "the focus is not visible"
        if tag == "SUMMARY":
            browser.press("Enter")
            assert browser.ask(FOCUSED)[3] is True
            opened += 1
    assert opened == folded
    assert browser.errors == []


HIDDEN_ON_PAPER = """
[...document.querySelectorAll("table")]
  .filter(e => !e.getClientRects().length)
  .map(e => e.outerHTML.slice(0, 200))
"""


@on_duckdb
def test_all_tables_of_the_page_are_printed(lived: SmallProject, told: Runs, browser: Page) -> None:
    told("report")
    browser.open(lived.dir / "target/activation_report.html")
    printed = browser.print()
    assert printed.startswith(b"%PDF") and printed.count(b"/Type /Page\n") >= 2
    browser.look(760, "dark")
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert browser.ask(HIDDEN_ON_PAPER) == []
    paper = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert paper in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"), "ink is dear"
    assert browser.errors == []
