"""The docs' destination whose vendor names records, installed as a package: over HTTP, with lost
answers and a run that is killed, each person has one record."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from e2e.artifacts import Model
from e2e.command import Finished, Running, until
from e2e.project import SmallProject

from tests.markdown import ROOT, blocks

PAGE = ROOT / "docs" / "writing-a-destination.md"
CRM = "postbox_records"
POINTS = f"[dbt_activation.destinations]\n{CRM} = our_package.records:Records\n"
PEOPLE = Model(
    name="traits_people",
    query="select * from people",
    columns={"person_id": "varchar", "plan": "varchar"},
    activation={
        "kind": "traits",
        "identity": "person_id",
        "destinations": [{"name": CRM, "traits": ["plan"]}],
    },
)


@dataclass
class Crm:
    """It names each record that is made; `unanswered` of the next are made without an answer."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    unanswered: int = 0
    held: threading.Event | None = None
    """The next record is made, and not answered before this is set."""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, body: Any) -> dict[str, Any] | None:
        """Null: the record is not there."""
        url = urlsplit(path)
        if url.path in ("/v1/account", "/v1/audiences"):
            return {"id": "acme", "count": 1}
        self.asked.append(f"{method} {url.path}")
        if method == "GET":
            wanted = {name: values[0] for name, values in parse_qs(url.query).items()}
            found = [r for r in self.records.values() if wanted.items() <= r.items()]
            return {"records": found}
        name = f"rec/{len(self.records) + 1}"
        if method == "PATCH":
            name = unquote(url.path.rsplit("/", 1)[1])
            if name not in self.records:
                return None
        record = self.records.setdefault(name, {"id": name, "fields": {}})
        record["key"] = body["key"]
        record["fields"] |= body["fields"]
        return {"id": name}

    def held_by(self) -> dict[str, list[Any]]:
        """By key, the plan of each record that has it."""
        found: dict[str, list[Any]] = {}
        for record in self.records.values():
            found.setdefault(record["key"], []).append(record["fields"]["plan"])
        return found


@pytest.fixture
def crm() -> Iterator[Crm]:
    vendor = Crm()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            found = vendor.answer(self.command, self.path, json.loads(self.rfile.read(size) or "0"))
            if self.command == "POST" and vendor.held is not None:
                vendor.held.wait(60)
            if self.command == "POST" and vendor.unanswered:
                vendor.unanswered -= 1
                return
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    yield vendor
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Shop:
    """A project beside which the package of the docs is installed."""

    project: SmallProject
    environ: dict[str, str]

    def start(self, *arguments: str) -> Running:
        return self.project.start(*arguments, environ=self.environ)

    def run(self, *arguments: str, expect: int = 0) -> Finished:
        done = self.start(*arguments).wait()
        assert done.code == expect, done.text
        return done

    def put(self, **plans: str) -> None:
        self.project.warehouse.run("delete from people")
        for person, plan in plans.items():
            self.project.warehouse.run(f"insert into people values ('{person}', '{plan}')")


@pytest.fixture
def shop(tmp_path: Path, project: SmallProject, crm: Crm) -> Shop:
    package, info = tmp_path / "site" / "our_package", tmp_path / "site" / "our-1.0.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    postbox, records, *_ = blocks(PAGE, "python")
    for name, text in (("__init__", ""), ("postbox", postbox.text), ("records", records.text)):
        (package / f"{name}.py").write_text(text)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: our\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    project.forks = None
    project.connections[CRM] = {"token": "a-token-of-postbox", "base_url": crm.url}
    project.write_profiles()
    project.warehouse.run("create table people (person_id varchar, plan varchar)")
    project.define(PEOPLE)
    return Shop(project, {"PYTHONPATH": str(package.parent)})


def test_a_person_has_one_record_whatever_became_of_the_answer(shop: Shop, crm: Crm) -> None:
    shop.put(ann="free", bob="free", cat="pro")
    crm.unanswered = 1
    shop.run("apply", expect=6)
    shop.run("apply")
    assert crm.held_by() == {"ann": ["free"], "bob": ["free"], "cat": ["pro"]}
    before = len(crm.asked)
    assert "No changes" in shop.run("apply").stdout
    assert len(crm.asked) == before


def test_a_run_that_is_killed_before_it_reads_the_name_makes_no_second_record(
    shop: Shop, crm: Crm
) -> None:
    shop.put(ann="free", bob="free")
    shop.run("apply")
    shop.put(ann="free", bob="free", dan="pro")
    crm.held = threading.Event()
    run = shop.start("apply")
    until(lambda: "dan" in crm.held_by(), "the record", run)
    run.kill()
    crm.held.set()
    crm.held = None
    shop.run("apply")
    assert crm.held_by() == {"ann": ["free"], "bob": ["free"], "dan": ["pro"]}


def test_what_changes_leaves_and_returns_is_the_same_record(shop: Shop, crm: Crm) -> None:
    shop.put(ann="free", bob="free")
    shop.run("apply")
    named = {record["key"]: name for name, record in crm.records.items()}
    for plans, held in (
        ({"ann": "pro", "bob": "free"}, {"ann": ["pro"], "bob": ["free"]}),
        ({"bob": "free"}, {"ann": [None], "bob": ["free"]}),
        ({"ann": "team", "bob": "free"}, {"ann": ["team"], "bob": ["free"]}),
    ):
        shop.put(**plans)
        del crm.asked[:]
        shop.run("apply", "--allow-removes")
        assert crm.held_by() == held
        assert crm.asked == [f"PATCH /v1/records/{named['ann'].replace('/', '%2F')}"]
