"""The contract that is shipped finds the mistakes that it is there for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, SecretStr

from sync.destinations.answers import poll, text_of
from sync.destinations.names import Names, problems
from sync.destinations.one_by_one import one_by_one
from sync.destinations.options import Connection, Strict
from sync.destinations.spec import (
    BatchRefused,
    Conversation,
    Destination,
    Endpoint,
    Header,
    Health,
    Item,
    Limits,
    Piece,
    Request,
    Response,
    UnreadableAnswer,
    Verdict,
)
from sync.destinations.stages import Row, Stage, each, work_off
from sync.destinations.values import Values
from sync.errors import Problem, Unexpected
from sync.model import (
    DELIVERED,
    Change,
    Delivered,
    JobRow,
    Kind,
    Op,
    Outcome,
    Rejected,
    Sync,
    Unknown,
)
from sync.run.batches import prepare
from sync.testing import (
    DestinationContract,
    FakeClock,
    FakeJobs,
    FakeRecords,
    FakeVendor,
    Fault,
    World,
    a_change,
    a_sync,
    a_warehouse,
    deliver,
    json_response,
)

NAMES = Names("field", max_bytes=100)


class Settings(Connection):
    token: SecretStr = SecretStr("a-token-of-some-length")


class Sound(Destination):
    """A destination that keeps the contract."""

    name: ClassVar[str] = "sound"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    settings: ClassVar[type[BaseModel]] = Settings
    options: ClassVar[type[BaseModel]] = Strict
    verdicts: ClassVar[Mapping[int, Verdict]] = {}
    coalesces: ClassVar[bool] = False
    has_read_back = False

    def __init__(self) -> None:
        self.limits = Limits(50, 100_000, 50_000, 1_000)
        self.endpoints = {"api": Endpoint("https://x.example", Header(Settings().token))}

    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        return problems(sync, "sound", NAMES.errors([t.name for t in sync.traits]))

    def encode(self, sync: Sync, change: Change) -> Sequence[Any]:
        return ({"key": change.external_id, "fields": Values().of(change.traits)},)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        if not batch:
            return []
        response = yield Request("POST", "/rows", json=[item.parts[0] for item in batch])
        taken = response.object().get("taken")
        if taken != len(batch):
            raise UnreadableAnswer("not all were taken")
        return [DELIVERED] * len(batch)

    def check(self) -> Conversation[Health]:
        response = yield Request("GET", "/me")
        return Health(str(response.object()["id"]) if "id" in response.object() else _unread())

    def read_back(self, sync: Sync, expected: Any) -> Conversation[Any]:
        return []
        yield


def _unread() -> str:
    raise UnreadableAnswer("no account")


def vendor(request: Request) -> Response:
    if request.method == "GET":
        return json_response({"id": "acme"})
    rows = json.loads(request.content or b"")
    return json_response({"taken": len(rows)})


class TestSound(DestinationContract):
    @pytest.fixture(params=list(Kind))
    def world(self, request: pytest.FixtureRequest) -> World:
        return World(Sound(), a_sync(request.param), FakeVendor(vendor))


class BelievesAnySuccess(Sound):
    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        if batch:
            yield Request("POST", "/rows", json=[item.parts[0] for item in batch])
        return [DELIVERED] * len(batch)


class TakesBackTwice(Sound):
    """Sends each row by itself again once the batch is refused."""

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        def one(item: Item) -> Conversation[Outcome]:
            for _ in range(3):
                yield Request("POST", "/rows", json=[item.parts[0]])
            return DELIVERED

        return (yield from one_by_one(batch, one))


class Loops(Sound):
    """A request for each row, one after the other, and a refusal that nothing catches."""

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        for item in batch:
            response = yield Request("POST", "/rows", json=[item.parts[0]])
            if response.object().get("taken") != 1:
                raise UnreadableAnswer("not taken")
        return [DELIVERED] * len(batch)


class Counts(Sound):
    """Another body each time."""

    calls = 0

    def encode(self, sync: Sync, change: Change) -> Sequence[Any]:
        Counts.calls += 1
        return ({"n": Counts.calls, "of": super().encode(sync, change)[0]},)


class SendsForNothing(Sound):
    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        yield Request("POST", "/rows", json=[item.parts[0] for item in batch])
        return [DELIVERED] * len(batch)


class TooMuchAtOnce(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(50, 1_000, 900, 1_000)

    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        padded = [{"row": item.parts[0], "padding": "x" * 2_000} for item in batch]
        if batch:
            yield Request("POST", "/rows", json=padded)
        return [DELIVERED] * len(batch)


class TakesAnyName(Sound):
    @staticmethod
    def validate(sync: Sync) -> Sequence[Problem]:
        return []


class HasNoAccount(Sound):
    def check(self) -> Conversation[Health]:
        yield Request("GET", "/me")
        return Health("")


class ChecksInAHurry(Sound):
    def check(self) -> Conversation[Health]:
        response = yield Request("GET", "/me")
        return Health(response.json()["id"])


class LosesARow(Sound):
    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        return (yield from super().deliver(batch))[:-1]


MISTAKES = [
    (BelievesAnySuccess, "test_a_success_that_says_no_is_no_success"),
    (BelievesAnySuccess, "test_a_success_that_can_not_be_read_is_no_success"),
    (TakesBackTwice, "test_a_row_that_is_refused_alone_is_rejected_and_the_others_arrive"),
    (Loops, "test_a_row_that_is_refused_alone_is_rejected_and_the_others_arrive"),
    (Counts, "test_the_same_change_is_the_same_bytes"),
    (SendsForNothing, "test_an_empty_batch_sends_nothing"),
    (TooMuchAtOnce, "test_limits_hold"),
    (TakesAnyName, "test_the_mapping_is_sound_and_an_impossible_name_is_refused_offline"),
    (HasNoAccount, "test_the_check_names_the_account"),
    (ChecksInAHurry, "test_a_check_that_is_answered_oddly_is_a_problem"),
    (LosesARow, "test_every_row_gets_one_ending"),
]


@pytest.mark.parametrize(("mistaken", "test"), MISTAKES)
def test_a_mistake_fails_its_test(mistaken: Any, test: str) -> None:
    world = World(mistaken(), a_sync(), FakeVendor(vendor))
    with pytest.raises(AssertionError):
        getattr(DestinationContract(), test)(world)


class Crm(Sound):
    """Names records, and keeps the contract."""

    names_records = True
    deliver = Destination.deliver
    looks = True
    repeats = False

    def stages(self) -> Sequence[Stage]:
        return (each(self._write),)

    def _write(self, row: Row) -> Conversation[Outcome]:
        if self.looks and not row.remote_id and row.change.is_doubtful:
            found = yield Request("GET", "/records", query={"key": row.change.external_id})
            row.remote_id = next((str(r["id"]) for r in found.list("records")), "")
        if row.remote_id:
            request = Request("PATCH", f"/records/{row.remote_id}", json=row.part)
        else:
            request = Request("POST", "/records", json=row.part, is_repeatable=self.repeats)
        body = (yield request).object()
        return Delivered(str(body["id"])) if "id" in body else _unread()

    def find(self, sync: Sync, expected: Any) -> Conversation[Any]:
        return [None for _ in expected]
        yield


def crm_world(made: Any, **more: Any) -> World:
    crm = FakeRecords()

    def answer(request: Request) -> Response:
        return json_response({"id": "acme"}) if request.path == "/me" else crm(request)

    sync = a_sync(names_records=True, **more)
    return World(made(), sync, FakeVendor(answer), count_records=lambda: len(crm.records))


class TestCrm(DestinationContract):
    @pytest.fixture(params=list(Kind))
    def world(self, request: pytest.FixtureRequest) -> World:
        return crm_world(Crm, kind=request.param)


class KeepsNamesToItself(Crm):
    def _write(self, row: Row) -> Conversation[Outcome]:
        yield Request("POST", "/records", json=row.part, is_repeatable=False)
        return DELIVERED


class MakesAlways(Crm):
    def _write(self, row: Row) -> Conversation[Outcome]:
        row.remote_id = ""
        return (yield from super()._write(row))


class MakesAgain(Crm):
    repeats = True


class NeverLooks(Crm):
    looks = False


NAMED_BY_IT = "test_a_record_that_has_a_name_is_written_by_it"
SENT_TWICE = "test_no_request_that_makes_a_record_is_sent_twice"
NAMING_MISTAKES = [
    (KeepsNamesToItself, NAMED_BY_IT),
    (MakesAlways, NAMED_BY_IT),
    (MakesAgain, SENT_TWICE),
    (NeverLooks, SENT_TWICE),
]


@pytest.mark.parametrize(("mistaken", "test"), NAMING_MISTAKES)
def test_a_mistake_with_named_records_fails_its_test(mistaken: Any, test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(DestinationContract(), test)(crm_world(mistaken))


def test_ids_of_a_destination_that_does_not_declare_them_are_a_fault_of_its_code() -> None:
    class Undeclared(Crm):
        names_records = False

    stop = crm_world(Undeclared).send([a_change()]).stop
    assert stop is not None
    assert "answered with ids of records, and names_records is not set" in str(stop)


@pytest.mark.parametrize("name", ["x\0", "\ud800", "x" * 1_001])
def test_an_id_that_no_warehouse_holds_is_no_answer(name: str) -> None:
    class Odd(Crm):
        def _write(self, row: Row) -> Conversation[Outcome]:
            yield Request("POST", "/records", json=row.part, is_repeatable=False)
            return Delivered(name)

    assert crm_world(Odd).send([a_change()]).endings == [Unknown("unreadable-answer")]


class Bulk(Sound):
    """Sends by job, and keeps the contract."""

    deliver = Destination.deliver

    def stages(self) -> Sequence[Stage]:
        return (self._import,)

    def _import(self, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        response = yield Request("POST", "/jobs", json=[row.part for row in rows])
        job = text_of(response.object(), "id")
        found = yield from work_off(job, rows, lambda: self._look(job), 60)
        for row, outcome in zip(rows, found, strict=True) if found else ():
            row.ends(outcome)
        return [row.outcome for row in rows]

    def _look(self, job: str) -> Conversation[Sequence[Outcome] | None]:
        answer = (yield Request("GET", f"/jobs/{job}", reads=frozenset({404}))).object()
        match answer:
            case {"is_done": False}:
                return None
            case {"is_done": True, "results": [*said]}:
                return [DELIVERED if one == "ok" else Rejected("refused", one) for one in said]
        raise UnreadableAnswer("the answer does not say how the job stands")

    def resume(self, job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
        found = yield from self._look(job)
        return None if found is None else [found[row.place] for row in rows]


def bulk_world(made: Any, **more: Any) -> World:
    bulk = FakeJobs()

    def answer(request: Request) -> Response:
        return json_response({"id": "acme"}) if request.path == "/me" else bulk(request)

    return World(made(), a_sync(**more), FakeVendor(answer), hold_jobs=bulk.hold)


class TestBulk(DestinationContract):
    @pytest.fixture(params=list(Kind))
    def world(self, request: pytest.FixtureRequest) -> World:
        return bulk_world(Bulk, kind=request.param)


class KeepsTheJobToItself(Bulk):
    def _import(self, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        response = yield Request("POST", "/jobs", json=[row.part for row in rows])
        job = text_of(response.object(), "id")
        return (yield from poll(lambda: self._look(job), "the job", 60))


class BeginsAnotherOne(Bulk):
    def resume(self, job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
        yield Request("POST", "/jobs", json=[{"key": row.external_id} for row in rows])
        return (yield from super().resume(job, rows))


class BelievesInTheEnd(Bulk):
    def resume(self, job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
        yield Request("GET", f"/jobs/{job}", reads=frozenset({404}))
        return [DELIVERED] * len(rows)


class CountsOtherwise(Bulk):
    def resume(self, job: str, rows: Sequence[JobRow]) -> Conversation[Sequence[Outcome] | None]:
        return (yield from super().resume(job, rows[1:]))


RESUMED = "test_a_job_that_goes_on_is_asked_by_the_next_run"
JOB_MISTAKES = [
    (KeepsTheJobToItself, RESUMED),
    (BeginsAnotherOne, RESUMED),
    (BelievesInTheEnd, RESUMED),
    (BelievesInTheEnd, "test_a_job_that_can_not_be_read_delivers_nothing"),
    (CountsOtherwise, RESUMED),
]


@pytest.mark.parametrize(("mistaken", "test"), JOB_MISTAKES)
def test_a_mistake_with_jobs_fails_its_test(mistaken: Any, test: str) -> None:
    with pytest.raises(AssertionError):
        getattr(DestinationContract(), test)(bulk_world(mistaken))


def test_a_job_of_a_destination_that_can_not_resume_it_is_a_fault_of_its_code() -> None:
    class Forgetful(Sound):
        deliver, stages, _import, _look = Bulk.deliver, Bulk.stages, Bulk._import, Bulk._look

    stop = bulk_world(Forgetful).send([a_change()]).stop
    assert isinstance(stop, Unexpected)


class ForgetsTheList(Sound):
    def encode(self, sync: Sync, change: Change) -> Any:
        return super().encode(sync, change)[0]


def test_a_destination_that_encodes_no_list_of_parts_sends_nothing_and_is_named() -> None:
    rejected = prepare(ForgetsTheList(), (Piece(a_sync(), a_change()),))
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "encode of sound returned dict, and no list of parts"


class RefusesWithoutAWord(Sound):
    def deliver(self, batch: Sequence[Item]) -> Conversation[Sequence[Outcome]]:
        yield Request("POST", "/rows", json=[item.parts[0] for item in batch])
        raise BatchRefused("odd", None)  # type: ignore[arg-type]


def test_a_refusal_whose_reason_is_no_text_is_one_all_the_same() -> None:
    """What a vendor puts where its message should be may be anything."""
    (ending,) = (
        World(RefusesWithoutAWord(), a_sync(), FakeVendor(vendor)).send([a_change()]).endings
    )
    assert isinstance(ending, Rejected)


def test_changes_are_delivered_without_a_world() -> None:
    http, clock = FakeVendor(vendor), FakeClock()
    http.add(Fault(429, headers={"retry-after": "7"}, times=1))
    change = a_change(Op.CHANGE, traits={"plan": "pro"})
    assert deliver(Sound(), a_sync(), [change], http, clock).endings == [Delivered()]
    assert clock.slept
    assert clock.seconds >= 7
    assert json.loads(http.requests[-1].content or b"")[0]["fields"] == {"plan": "pro"}


def test_a_change_that_can_not_be_encoded_is_said() -> None:
    bad: Change = a_change(traits={"plan": object()})
    with pytest.raises(ValueError, match="can't be encoded"):
        deliver(Sound(), a_sync(), [bad], FakeVendor(vendor))


def test_a_warehouse_has_what_was_put_into_it(tmp_path: Any) -> None:
    found = a_warehouse(tmp_path, "create table t (n integer)", "insert into t values (7)")
    with found.session() as session:
        assert session.query("select n from t") == [(7,)]
