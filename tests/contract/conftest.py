"""The world of the contract: a sandbox, and what the suite must know of each vendor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from activation_sandbox.client import SandboxControl
from activation_sandbox.server import Sandbox

from sync.destinations import registry
from sync.destinations.customerio.operations import Options as CustomerioOptions
from sync.destinations.gainsight_px.model import Options as GainsightPxOptions
from sync.destinations.launchdarkly.options import Options as LaunchdarklyOptions
from sync.destinations.qualtrics.contacts import Options as QualtricsOptions
from sync.destinations.spec import Item
from sync.http.delivery import Exchange
from sync.http.retry import RetryPolicy
from sync.http.transport import HttpTransport
from sync.model import Change, Kind, Op, Sync, Trait
from sync.testing import FakeClock, FakeVendor, World, a_change, a_sync

VALUE_CANARY = "canary-value-qq77"


def sync_of(vendor: str, kind: Kind, **more: Any) -> Sync:
    return a_sync(kind, vendor, **more)


def change_of(kind: Kind, seq: int, op: Op = Op.ADD, **more: Any) -> Change:
    return a_change(op, kind, seq, **more)


@dataclass(frozen=True)
class Case:
    """What the suite must know about one vendor. `settings` gets the sandbox's URL."""

    settings: Callable[[str], dict[str, Any]]
    secrets: Sequence[str]
    """Keys of `settings` that hold a secret."""
    is_poison: Callable[[str], dict[str, Any]]
    """A fault of the sandbox that refuses one identity, given its name."""
    wrong_secret: str = "canary-secret-zx81"
    """Has the form of a secret, and is another one."""
    syncs: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict)
    switches: Mapping[str, Any] = field(default_factory=dict)
    """Of the sandbox, for what must exist at the vendor beforehand."""
    otherwise: Mapping[str, Any] = field(default_factory=dict)
    """Switches for the reading of the vendor's sources that is not the sandbox's default."""
    job_size: int = 0
    """How many rows make a job, of a vendor whose jobs outlive a run."""
    effects: frozenset[Kind] = frozenset()
    """Kinds whose requests are never repeated once they may have been applied."""


def _customerio(url: str) -> dict[str, Any]:
    keys = {"api_key": "sandbox-track-key", "app_api_key": "sandbox-app-key"}
    return {"site_id": "sandbox-site", "base_url": f"{url}/customerio", **keys}


def _fullstory(url: str) -> dict[str, Any]:
    keys = {"api_key": "na1.sandbox-standard-key", "read_api_key": "na1.sandbox-architect-key"}
    return {"org_id": "SANDBOX", "base_url": f"{url}/fullstory", **keys}


def _gainsight_px(url: str) -> dict[str, Any]:
    keys = {"api_key": "sandbox-px-key", "tag_key": "AP-SANDBOX00001-2"}
    return {"base_url": f"{url}/gainsight_px", **keys}


def _launchdarkly(url: str) -> dict[str, Any]:
    keys = {"access_token": "api-sandbox", "sdk_key": "sdk-sandbox"}
    place = {"project": "default", "environment": "test"}
    return {**place, "base_url": f"{url}/launchdarkly", **keys}


def _qualtrics(url: str) -> dict[str, Any]:
    place = {"datacenter": "iad1", "directory_id": "POOL_sandbox", "mailing_list": "CG_sync"}
    return {"api_token": "sandbox-qualtrics-token", "base_url": f"{url}/qualtrics", **place}


def _webhook(url: str) -> dict[str, Any]:
    return {
        "base_url": f"{url}/webhook/hook",
        "secret": "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0wMDAx",
    }


CASES = {
    "customerio": Case(
        _customerio,
        secrets=("api_key", "app_api_key"),
        otherwise={
            "remove_needs_id": False,
            "all_invalid_batch": 207,
            "shuffle_batches": False,
            "stale_scope": "attribute",
            "event_id_scope": "person",
            "update_miss": "silent",
            "unknown_members": "ignore",
            "oversize_status": 400,
        },
        is_poison=lambda name: {"kind": "refuse", "refuse": {name: f"{name} and {VALUE_CANARY}"}},
        syncs={Kind.SEGMENT: {"options": CustomerioOptions(update_only=False)}},
    ),
    "fullstory": Case(
        _fullstory,
        secrets=("api_key", "read_api_key"),
        otherwise={
            "job_results_key": "standard",
            "null_property": "ignore",
            "key_conflict": 422,
            "bad_name": "accept",
        },
        job_size=51,
        is_poison=lambda name: {"kind": "refuse", "refuse": {name: f"{name} and {VALUE_CANARY}"}},
    ),
    "gainsight_px": Case(
        _gainsight_px,
        secrets=("api_key",),
        is_poison=lambda name: {
            "kind": "refuse",
            "refuse": {name.removeprefix("1/"): f"{name} and {VALUE_CANARY}"},
        },
        syncs={
            Kind.TRAITS: {"options": GainsightPxOptions(on_missing="create")},
            Kind.SEGMENT: {"options": GainsightPxOptions(on_missing="create")},
            Kind.OBJECTS: {"object_type": "account"},
        },
        switches={
            "user_attributes": {
                "plan": "STRING",
                "seats": "NUMBER",
                "note": "STRING",
                "churn_risk": "BOOLEAN",
            },
            "account_attributes": {"seats": "NUMBER", "note": "STRING"},
        },
        otherwise={
            "write_status": 202,
            "segment_id": "either",
            "null_clears": False,
            "forbidden_body": "json",
            "dedupe_event_ids": True,
            "repeated_membership": "reject",
            "bad_attribute": "drop",
        },
        effects=frozenset({Kind.EVENTS}),
    ),
    "launchdarkly": Case(
        _launchdarkly,
        secrets=("access_token", "sdk_key"),
        otherwise={"strict_fields": True, "noop_raises_version": True, "reset": "absent"},
        is_poison=lambda name: {"kind": "refuse", "refuse": {name: f"{name} and {VALUE_CANARY}"}},
        syncs={
            kind: {"options": LaunchdarklyOptions(identify=True)}
            for kind in (Kind.TRAITS, Kind.SEGMENT, Kind.OBJECTS)
        },
    ),
    "qualtrics": Case(
        _qualtrics,
        secrets=("api_token",),
        otherwise={
            "row_numbers": "text",
            "skip_token": "beside",
            "report_page": 100,
            "import_phone": "accept",
            "refusals": "failed",
            "oversize_status": 400,
            "large_pages": "clamp",
            "index_base": 1,
        },
        job_size=201,
        is_poison=lambda name: {"kind": "refuse", "refuse": {name: f"{name} and {VALUE_CANARY}"}},
        syncs={
            # What is emptied there holds a word of its own, so only what the rows set may be.
            Kind.TRAITS: {"traits": tuple(Trait(name, name) for name in ("plan", "seats"))},
            Kind.SEGMENT: {"options": QualtricsOptions(mailing_list="CG_churn")},
        },
    ),
    "webhook": Case(
        _webhook,
        secrets=("secret",),
        wrong_secret="whsec_Y2FuYXJ5LXNlY3JldC16eDgxLW9mLW5vLXVzZQ==",
        otherwise={"answer": "none"},
        is_poison=lambda name: {"kind": "refuse", "refuse": {name: f"{name} and {VALUE_CANARY}"}},
    ),
}


@dataclass
class Connected:
    """One destination connected to its sandbox."""

    name: str
    kind: Kind
    case: Case
    settings: dict[str, Any]
    http: FakeVendor
    control: SandboxControl
    clock: FakeClock = field(default_factory=FakeClock)
    policy: RetryPolicy = field(default_factory=RetryPolicy)

    @property
    def destination(self) -> Any:
        vendor = registry.load(self.name)
        return vendor(vendor.settings(**self.settings))  # type: ignore[call-arg]

    def sync(self, **more: Any) -> Sync:
        return sync_of(self.name, self.kind, **{**self.case.syncs.get(self.kind, {}), **more})

    @property
    def world(self) -> World:
        """The same, as the contract wants it."""
        return World(
            self.destination,
            self.sync(),
            self.http,
            self.clock,
            self.policy,
            hold_jobs=lambda is_slow: self.control.set_switch(
                "job_polls", 10_000 if is_slow else 0
            ),
            job_size=self.case.job_size,
        )

    def items(self, changes: Sequence[Change], sync: Sync | None = None) -> list[Item]:
        """Everything must be preparable."""
        world = self.world
        return replace(world, sync=sync or world.sync).items(changes)

    def send(self, changes: Sequence[Change], sync: Sync | None = None) -> Exchange:
        return self.converse(self.items(changes, sync))

    def converse(self, batch: Sequence[Item]) -> Exchange:
        return self.world.converse(batch)

    def ask(self, about: Callable[[Any], Any]) -> Any:
        return self.world.ask(about)

    def rows(self, count: int, op: Op = Op.ADD, **more: Any) -> list[Change]:
        return [change_of(self.kind, i, op, **more) for i in range(count)]

    def switch_over(self) -> None:
        """From now on, the other reading of the vendor's sources holds."""
        for switch, value in self.case.otherwise.items():
            self.control.set_switch(switch, value)

    def fault(self, kind: str, **spec: Any) -> None:
        self.control.add_fault(kind, {"vendor": self.name, **spec})

    def impatient(self) -> None:
        self.policy = replace(self.policy, deadline_seconds=0.8)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def _every_vendor_and_kind() -> list[Any]:
    return [
        pytest.param((name, kind), id=f"{name}-{kind}")
        for name in registry.built_in()
        for kind in sorted(registry.load(name).kinds)
    ]


@pytest.fixture(params=_every_vendor_and_kind())
def connected(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[Connected]:
    name, kind = request.param
    yield from connecting(name, kind, sandbox)


@pytest.fixture
def customerio(sandbox: Sandbox) -> Iterator[Connected]:
    yield from connecting("customerio", Kind.TRAITS, sandbox)


@pytest.fixture
def gainsight_px(sandbox: Sandbox) -> Iterator[Connected]:
    yield from connecting("gainsight_px", Kind.TRAITS, sandbox)


@pytest.fixture
def launchdarkly(sandbox: Sandbox) -> Iterator[Connected]:
    yield from connecting("launchdarkly", Kind.SEGMENT, sandbox)


def connecting(name: str, kind: Kind, sandbox: Sandbox) -> Iterator[Connected]:
    case = CASES[name]
    control = SandboxControl(sandbox.url, name)
    control.reset(switches=True)
    for switch, value in case.switches.items():
        control.set_switch(switch, value)
    with HttpTransport() as transport:
        yield Connected(
            name, kind, case, case.settings(sandbox.url), FakeVendor(transport), control
        )
