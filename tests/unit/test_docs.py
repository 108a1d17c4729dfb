"""The docs say what there is, and what they show works."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import click
import pytest
import sqlglot
import yaml
from pydantic import BaseModel, SecretStr

from sync.cli.overview import COMMANDS
from sync.cli.root import root
from sync.destinations import registry
from sync.destinations.spec import Conversation, Item, Piece, Request, Response
from sync.http.delivery import Exchange, ask, converse
from sync.http.pacing import Pacing
from sync.http.retry import RetryPolicy
from sync.http.transport import HttpTransport
from sync.model import Change, Delivered, Kind, NotAttempted, Op, Rejected, Unknown
from sync.project.artifacts import Column, Manifest, Model
from sync.project.connections import OURS
from sync.project.jinja import Renderer
from sync.project.metadata import ColumnMetadata, EntryMetadata, MetaKind, ModelMetadata
from sync.project.syncs import compile_syncs
from sync.project.validation import Place
from sync.project.vendors import check_against
from sync.run.batches import prepare
from sync.state.schema import PLAN, SHARED, SNAPSHOT
from sync.testing import (
    DestinationContract,
    FakeClock,
    FakeJobs,
    FakeRecords,
    FakeVendor,
    World,
    a_sync,
    json_response,
)
from tests.macros import generic_tests, public_macros
from tests.markdown import ROOT, Block, anchors, blocks, headings, links, pages, prose

DOCS = ROOT / "docs"
METADATA, COMMAND_PAGE = DOCS / "metadata.md", DOCS / "commands.md"
LANGUAGES = {"bash", "jinja", "python", "sql", "text", "toml", "yaml"}
T = TypeVar("T")

SIGNING_KEY = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMDAx"

COMMAND_LINE = re.compile(r"python -m sync\b[^`|;>\"\n]*")


def _named(pattern: str, path: Path) -> set[str]:
    """Headings that are one word in backticks, or plain."""
    return {h.strip("`") for h in headings(path) if re.fullmatch(pattern, h)}


# What has to be there


@pytest.mark.parametrize("level", [ModelMetadata, EntryMetadata, ColumnMetadata])
def test_every_metadata_key_has_its_entry(level: type[BaseModel]) -> None:
    assert set(level.model_fields) <= _named("`[a-z_]+`", METADATA)


def test_every_entry_is_a_metadata_key() -> None:
    levels = (ModelMetadata, EntryMetadata, ColumnMetadata)
    assert _named("`[a-z_]+`", METADATA) <= {key for level in levels for key in level.model_fields}


def test_every_kind_is_explained() -> None:
    assert {str(k) for k in MetaKind} <= set(re.findall(r"\| `(\w+)` \|", prose(METADATA)))


def test_every_command_has_its_entry() -> None:
    assert set(COMMANDS) <= _named("`?[a-z-]+`?", COMMAND_PAGE)


def test_every_option_of_a_command_is_on_its_page() -> None:
    written = set(re.findall(r"--[a-z-]+", COMMAND_PAGE.read_text()))
    options = {
        name
        for command in _commands(root, click.Context(root))
        for option in command.params
        for name in option.opts
        if name.startswith("--")
    }
    assert options <= written


def _commands(group: click.Group, context: click.Context) -> Iterator[click.Command]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield command
        if isinstance(command, click.Group):
            yield from _commands(command, context)


@pytest.mark.parametrize("name", registry.built_in())
def test_every_destination_has_a_page_with_all_its_settings_and_options(name: str) -> None:
    page = (DOCS / "destinations" / f"{name}.md").read_text()
    vendor = registry.load(name)
    readme = (ROOT / "README.md").read_text()
    (row,) = re.findall(rf"^\| \[.+\]\(docs/destinations/{name}\.md\) \| (.+) \|$", readme, re.M)
    assert {k for k in Kind if re.search(rf"\b{k}s?\b", row)} == vendor.kinds
    for key in [*vendor.settings.model_fields, *vendor.options.model_fields]:
        assert re.search(rf"\b{key}\b", page), key
    for kind in vendor.kinds:
        assert f"| {kind} |" in page


def test_every_state_table_and_column_of_the_snapshot_is_explained() -> None:
    page = (DOCS / "how-it-works.md").read_text()
    for name in [*SHARED, *SNAPSHOT]:
        assert f"`{name}`" in page, name
    assert "`plan_<sync>`" in page and PLAN


def test_every_macro_and_generic_test_is_in_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    for name in public_macros() | generic_tests():
        assert f"`{name}`" in changelog, name


def test_every_macro_and_generic_test_has_its_entry() -> None:
    assert _named("`[a-z_]+`", DOCS / "macros.md") == public_macros()
    assert _named("`[a-z_]+`", DOCS / "generic-tests.md") == generic_tests()


# What must not be wrong


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_internal_link_is_dead(page: Path) -> None:
    for link in links(page):
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", pages(), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_page_is_linked_from_the_readme_or_is_the_readme(page: Path) -> None:
    readme = ROOT / "README.md"
    linked = {(readme.parent / link.partition("#")[0]).resolve() for link in links(readme)}
    assert page in linked | {readme, ROOT / "CHANGELOG.md"}


def test_every_test_that_the_docs_name_is_there() -> None:
    text = "".join(page.read_text() for page in pages())
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 15
    for file, name in named:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(), (file, name)


def test_every_target_of_make_in_the_docs_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    written = {
        name
        for page in pages()
        for name in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.M)
    }
    assert "demo" in written <= targets


def test_the_readme_reaches_its_first_command_within_a_screen() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    assert lines.index("## Try it") <= 30
    assert [h for h in headings(ROOT / "README.md")][1:4] == [
        "Try it",
        "In your own dbt project",
        "Where to read on",
    ]


def _command_lines() -> list[Any]:
    found: dict[str, str] = {}
    for page in pages():
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for written in COMMAND_LINE.findall(line.partition("  #")[0]):
                found.setdefault(written.strip(), f"{page.name}:{number}")
    return [pytest.param(c, id=f"{place} {c}") for c, place in found.items()]


@pytest.mark.parametrize("written", _command_lines())
def test_every_command_line_can_be_typed(written: str) -> None:
    line = written.split(" ->")[0].split("  ")[0].rstrip(".,:)")
    given = shlex.split(re.sub(r"<[\w ]+>|\[[A-Z]+\]|\.\.\.|^python -m sync", " ", line))
    command: click.Command = root
    while isinstance(command, click.Group) and given and not given[0].startswith("-"):
        context = click.Context(command)
        found = command.get_command(context, given[0])
        assert found is not None, f"no command {given[0]}"
        command, given = found, given[1:]
    if isinstance(command, click.Group):
        return
    is_example = not given or any(mark in written for mark in ("<", "[", "..."))
    command.make_context("sync", list(given), resilient_parsing=is_example)


@pytest.mark.parametrize(
    "block",
    [b for page in pages() for b in blocks(page)],
    ids=lambda b: b.place,
)
def test_every_block_is_of_a_language_that_is_checked(block: Block) -> None:
    assert block.language in LANGUAGES
    match block.language:
        case "yaml":
            assert isinstance(yaml.safe_load(block.text), dict)
        case "toml":
            assert tomllib.loads(block.text)
        case "python":
            compile(block.text, block.place, "exec")
        case "sql":
            assert all(sqlglot.parse(block.text, dialect="postgres"))


def _yaml_with(key: str) -> list[Any]:
    return [
        pytest.param(content[key], id=b.place)
        for page in pages()
        for b in blocks(page, "yaml")
        if key in (content := yaml.safe_load(b.text))
    ]


class Registry:
    """The installed destinations, and the one that the docs write."""

    def names(self) -> list[str]:
        return [*registry.built_in(), "postbox"]

    def load(self, name: str) -> Any:
        return _postbox() if name == "postbox" else registry.load(name)


@pytest.mark.parametrize("models", _yaml_with("models"))
def test_every_model_in_the_docs_compiles_without_a_problem(models: list[dict[str, Any]]) -> None:
    manifest = Manifest(
        ROOT / "manifest.json",
        "docs",
        "duckdb",
        "",
        None,
        models={f"model.docs.{m['name']}": _model(m) for m in models},
    )
    connections = {name: name for name in registry.built_in()} | {"newsletter": "postbox"}
    compiled = compile_syncs(manifest, connections, Registry())
    syncs = compiled.sound
    assert compiled.findings == []
    sent = [m for m in models if _kind(m).sent]
    assert {s.model for s in syncs} == {m["name"] for m in sent}


def _kind(written: dict[str, Any]) -> MetaKind:
    return MetaKind(written["config"]["meta"]["activation"]["kind"])


def _model(written: dict[str, Any]) -> Model:
    name, config = written["name"], written["config"]
    return Model(
        unique_id=f"model.docs.{name}",
        name=name,
        package="docs",
        database=None,
        schema="main",
        alias=name,
        relation_name=f'"main"."{name}"',
        materialized="table",
        path=f"models/{name}.sql",
        yaml_path=f"models/{name}.yml",
        activation=config["meta"]["activation"],
        meta_keys=("activation",),
        columns={
            c["name"]: Column(
                c["name"],
                c["data_type"],
                c.get("config", {}).get("meta", {}).get("activation"),
            )
            for c in written["columns"]
        },
        is_contract_enforced=config["contract"]["enforced"],
    )


@pytest.mark.parametrize("destinations", _yaml_with("destinations"))
def test_every_connection_in_the_docs_is_one_that_its_vendor_takes(
    destinations: dict[str, Any],
) -> None:
    for target, connections in destinations.items():
        for name, written in connections.items():
            vendor = Registry().load(written.get("type", name))
            raw = {k: v for k, v in written.items() if k not in OURS}
            if "sandbox" in written:
                assert vendor.stand_in
                continue
            named = re.findall(r"env_var\('(\w+)'\)", str(raw))
            environ = {v: SIGNING_KEY if "WEBHOOK" in v else "set" for v in named}
            settings = Renderer("docs", environ).render(raw, target)
            place = Place("docs", "docs", target, "setting", "")
            assert check_against(vendor.settings, settings, place, ("type",))[1] == []


# The destination that the docs write

PAGE = DOCS / "writing-a-destination.md"


def _postbox() -> Any:
    """Import the page's code as a module."""
    name = "our_package.postbox"
    if name not in sys.modules:
        block, _, _, _ = blocks(PAGE, "python")
        spec = importlib.util.spec_from_loader(name, loader=None)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        exec(compile(block.text, block.place, "exec"), module.__dict__)
    return sys.modules[name].Postbox


def _suite() -> Any:
    """The page's test class."""
    _postbox()
    _, _, _, block = blocks(PAGE, "python")
    place: dict[str, Any] = {"__name__": "test_postbox"}
    exec(compile(block.text, block.place, "exec"), place)
    return place["TestPostbox"]


class TestPostboxOfTheDocs(_suite()):  # type: ignore[misc]
    """The contract, as the page inherits it."""


def _records() -> Any:
    """The page's destination for a vendor that names records."""
    _, block, _, _ = blocks(PAGE, "python")
    place: dict[str, Any] = {"__name__": "our_package.records"}
    exec(compile(block.text, block.place, "exec"), place)
    return place["Records"]


class TestRecordsOfTheDocs(DestinationContract):
    """The contract, for the page's vendor that names records."""

    @pytest.fixture
    def world(self) -> World:
        crm = FakeRecords()

        def answer(request: Request) -> Response:
            is_account = request.path == "/v1/account"
            return json_response({"id": "acme"}) if is_account else crm(request)

        settings = _postbox().settings(token=SecretStr("a-token-of-postbox"))
        sync = a_sync(Kind.TRAITS, "postbox_records", names_records=True)
        return World(
            _records()(settings), sync, FakeVendor(answer), count_records=lambda: len(crm.records)
        )


def _imports() -> Any:
    """The page's destination for a vendor that works in jobs."""
    _, _, block, _ = blocks(PAGE, "python")
    place: dict[str, Any] = {"__name__": "our_package.imports"}
    exec(compile(block.text, block.place, "exec"), place)
    return place["Imports"]


class TestImportsOfTheDocs(DestinationContract):
    """The contract, for the page's vendor that works in jobs."""

    @pytest.fixture
    def world(self) -> World:
        bulk = FakeJobs()

        def answer(request: Request) -> Response:
            is_account = request.path == "/v1/account"
            return json_response({"id": "acme"}) if is_account else bulk(request)

        settings = _postbox().settings(token=SecretStr("a-token-of-postbox"))
        sync = a_sync(Kind.TRAITS, "postbox_imports")
        return World(_imports()(settings), sync, FakeVendor(answer), hold_jobs=bulk.hold)


@dataclass
class FakePostbox:
    """What the page says of the API: it keeps contacts and answers for each of them."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    busy_once: set[str] = field(default_factory=set)
    says: dict[str, Any] | None = None
    sizes: list[int] = field(default_factory=list)
    audiences: set[str] = field(default_factory=lambda: {"readers"})

    def shown(self, path: str) -> dict[str, Any]:
        url = urlsplit(path)
        if url.path == "/v1/account":
            return {"id": "acme"}
        assert url.path == "/v1/audiences"
        return {"count": len(self.audiences & set(parse_qs(url.query)["name"]))}

    def take(self, contacts: list[dict[str, Any]]) -> dict[str, Any]:
        self.sizes.append(len(contacts))
        return self.says or {"results": [self.judge(c) for c in contacts]}

    def judge(self, contact: dict[str, Any]) -> dict[str, Any]:
        key = contact["key"]
        if key in self.refused:
            return {"status": "refused", "reason": f"{key} has bounced"}
        if key in self.busy_once:
            self.busy_once.remove(key)
            return {"status": "busy"}
        self.contacts.setdefault(key, {}).update(contact["fields"])
        return {"status": "ok"}


@contextmanager
def _served(postbox: FakePostbox) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(postbox.shown(self.path))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            is_known = self.headers["authorization"] == "Bearer right"
            self.reply(postbox.take(body["contacts"]) if is_known else None)

        def reply(self, content: dict[str, Any] | None) -> None:
            body = json.dumps(content).encode()
            self.send_response(401 if content is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Wired:
    """The page's destination on the real engine and transport."""

    def __init__(self, url: str, http: HttpTransport, token: str = "right") -> None:
        vendor = _postbox()
        self.destination = vendor(vendor.settings(token=token, base_url=url))
        self.http, self.clock = http, FakeClock()

    def send(self, changes: list[Change]) -> Exchange:
        (sync,) = _page_syncs()
        prepared = [prepare(self.destination, (Piece(sync, change),)) for change in changes]
        items = [item for item in prepared if isinstance(item, Item)]
        assert len(items) == len(changes)
        pace, policy = Pacing(self.clock), RetryPolicy()
        return converse(self.destination, items, self.http, self.clock, pace, policy, lambda: False)

    def ask(self, conversation: Conversation[T]) -> T:
        pace, policy = Pacing(self.clock), RetryPolicy()
        return ask(self.destination, conversation, self.http, self.clock, pace, policy)

    def account(self) -> str:
        return str(self.ask(self.destination.check()).account)


def _page_syncs() -> list[Any]:
    (models,) = [
        content["models"]
        for b in blocks(PAGE, "yaml")
        if "models" in (content := yaml.safe_load(b.text))
    ]
    known = {f"model.docs.{m['name']}": _model(m) for m in models}
    manifest = Manifest(ROOT / "manifest.json", "docs", "duckdb", "", None, models=known)
    return compile_syncs(manifest, {"newsletter": "postbox"}, Registry()).sound


def _reader(number: int, op: Op = Op.ADD, topic: str | None = "gardens") -> Change:
    key = f"reader {number}"
    return Change(number, op, key, key, {"favourite_topic": topic})


@pytest.fixture
def postbox() -> FakePostbox:
    return FakePostbox()


@pytest.fixture
def wired(postbox: FakePostbox) -> Iterator[Wired]:
    with _served(postbox) as url, HttpTransport() as http:
        yield Wired(url, http)


def test_the_destination_of_the_docs_answers_for_each_item(
    wired: Wired, postbox: FakePostbox
) -> None:
    postbox.refused, postbox.busy_once = {"reader 2"}, {"reader 3"}
    endings = wired.send([_reader(n) for n in range(1, 5)]).endings
    assert endings[0] == endings[2] == endings[3] == Delivered()
    assert isinstance(endings[1], Rejected)
    assert "reader 2" not in endings[1].reason
    assert set(postbox.contacts) == {"reader 1", "reader 3", "reader 4"}
    assert postbox.sizes == [4, 1]


def test_the_destination_of_the_docs_empties_the_fields_of_who_left(
    wired: Wired, postbox: FakePostbox
) -> None:
    wired.send([_reader(1)])
    wired.send([_reader(1, Op.REMOVE, None)])
    assert postbox.contacts == {"reader 1": {"favourite_topic": None}}


def test_the_destination_of_the_docs_takes_no_unread_success_for_one(
    wired: Wired, postbox: FakePostbox
) -> None:
    postbox.says = {"results": []}
    endings = wired.send([_reader(1), _reader(2)]).endings
    assert all(isinstance(ending, Unknown) for ending in endings)


def test_the_destination_of_the_docs_knows_its_account(wired: Wired) -> None:
    assert wired.account() == "acme"


def test_the_destination_of_the_docs_names_what_has_to_be_created(
    wired: Wired, postbox: FakePostbox
) -> None:
    (sync,) = _page_syncs()
    assert "unready" in wired.destination.abilities
    assert wired.ask(wired.destination.unready(sync)) == []
    postbox.audiences.clear()
    (problem,) = wired.ask(wired.destination.unready(sync))
    assert "no audience `readers`" in problem.message
    assert "create it" in problem.fix


def test_the_destination_of_the_docs_stops_when_the_token_is_wrong(postbox: FakePostbox) -> None:
    with _served(postbox) as url, HttpTransport() as http:
        exchange = Wired(url, http, token="wrong").send([_reader(1)])
    assert exchange.stop is not None
    assert all(isinstance(ending, NotAttempted) for ending in exchange.endings)
    assert postbox.contacts == {}


def test_the_entry_point_of_the_docs_is_the_group_that_is_looked_up() -> None:
    (block,) = blocks(PAGE, "toml")
    points = tomllib.loads(block.text)["project"]["entry-points"]
    assert points == {registry.GROUP: {"postbox": "our_package.postbox:Postbox"}}
    assert _postbox().name == "postbox"
    assert _postbox().kinds <= set(Kind)
