"""A vendor that names records, and what a destination owes to one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sync.destinations.spec import JSON, Request, Response
from sync.http.delivery import Exchange
from sync.model import Change, Delivered, Op, Unknown
from sync.testing.fakes import Fault, json_response
from sync.testing.world import World


@dataclass
class FakeRecords:
    """A CRM: `FakeVendor(FakeRecords())`.

    `POST /records` makes a record of its body, and answers `{"id": ...}`. `PATCH /records/<id>`
    changes one, `GET` shows it and `DELETE` deletes it; `GET /records?<field>=<value>` lists those
    that have a value as `{"records": [...]}`. An id that is not there is a 404.
    """

    records: dict[str, dict[str, JSON]] = field(default_factory=dict)
    made: int = 0
    """Records that were ever made."""

    def __call__(self, request: Request) -> Response:
        """Its answer."""
        _, _, name = request.path.partition("/records/")
        body = json.loads(request.content or b"{}")
        if request.method == "POST":
            return json_response({"id": self._make(body)}, 201)
        if not name:
            return json_response({"records": self._found(request)})
        if (record := self.records.get(unquote(name))) is None:
            return json_response({"error": "no such record"}, 404)
        if request.method == "DELETE":
            del self.records[unquote(name)]
        record.update(body)
        return json_response({**record, "id": unquote(name)})

    def _make(self, body: dict[str, JSON]) -> str:
        self.made += 1
        self.records[name := f"rec-{self.made}"] = body
        return name

    def _found(self, request: Request) -> list[dict[str, JSON]]:
        wanted = request.query.items()
        return [
            {**record, "id": name}
            for name, record in self.records.items()
            if all(str(record.get(key)) == value for key, value in wanted)
        ]


class RecordsContract:
    """A part of `DestinationContract`, for those who set `names_records`: who is told of by the id
    that the vendor gave gets no second record. Needs `World.count_records`."""

    def test_a_record_that_has_a_name_is_written_by_it(self, world: World) -> None:
        """In an addition, a change, an exit and a return."""
        if not world.destination.names_records:
            return
        names = _names(world.send(world.rows(3)))
        assert len(set(names)) == 3, "each row is answered with the id of its record"
        for op in (Op.CHANGE, Op.REMOVE, Op.ADD):
            before = world.count_records()
            world.http.requests.clear()
            exchange = world.send(_named(world.rows(3, op), names))
            said = " ".join(f"{r.path} {(r.content or b'').decode()}" for r in world.http.requests)
            assert all(name in said for name in names if name), op
            names = _names(exchange, names)
            assert world.count_records() <= (before if all(names) or op is Op.REMOVE else 3), op

    def test_no_request_that_makes_a_record_is_sent_twice(self, world: World) -> None:
        """A lost answer leaves the row unconfirmed; where records can be looked for, it is found
        by the change that asserts it again."""
        if not world.destination.names_records:
            return
        for fault in (Fault(500, times=1, is_applied=True), Fault(times=1, is_lost=True)):
            fault.is_applied = True
            before = world.count_records()
            rows = [c._replace(external_id=f"{c.external_id}-{before}") for c in world.rows(3)]
            world.http.add(fault)
            exchange = world.send(rows)
            lost = [isinstance(ending, Unknown) for ending in exchange.endings]
            assert any(lost)
            assert world.count_records() <= before + 3
            doubtful = [
                c._replace(is_doubtful=True)
                for c, is_lost in zip(rows, lost, strict=True)
                if is_lost
            ]
            assert all(isinstance(e, Delivered) for e in world.send(doubtful).endings)
            if "find" in world.destination.abilities:
                assert world.count_records() <= before + 3


def _names(exchange: Exchange, before: list[str] | None = None) -> list[str]:
    """What the answers call the records; what they were called before, where nothing is said."""
    known = before or [""] * len(exchange.endings)
    assert all(isinstance(ending, Delivered) for ending in exchange.endings)
    found: Any = [getattr(ending, "remote_id", None) for ending in exchange.endings]
    return [old if new is None else new for new, old in zip(found, known, strict=True)]


def _named(rows: list[Change], names: list[str]) -> list[Change]:
    return [c._replace(remote_id=name or None) for c, name in zip(rows, names, strict=True)]
