"""What a vendor's public sources leave open is a switch of its stand-in: every position of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from activation_sandbox.registry import VENDORS
from activation_sandbox.server import Sandbox
from pydantic.fields import FieldInfo

from sync.destinations import registry
from sync.model import Delivered, Kind, Op
from tests.contract.conftest import connecting

SIZES = {"fullstory": (3, 60), "qualtrics": (3, 210)}
"""How many rows go one by one, and in a job."""
ALL = frozenset(Kind)
REFUSED: dict[tuple[str, str, Any], tuple[frozenset[Kind], tuple[Op, ...]]] = {
    # The keys are another account's, or may not write.
    ("customerio", "region", "eu"): (ALL, (Op.ADD,)),
    ("gainsight_px", "region", "eu"): (ALL, (Op.ADD,)),
    ("gainsight_px", "region", "us2"): (ALL, (Op.ADD,)),
    ("qualtrics", "may_write", False): (ALL, (Op.ADD,)),
    ("launchdarkly", "approvals", True): (frozenset({Kind.SEGMENT}), (Op.ADD, Op.REMOVE)),
    # The vendor takes no such thing.
    ("gainsight_px", "event_of_nobody", "reject"): (frozenset({Kind.EVENTS}), (Op.ADD,)),
    ("fullstory", "null_property", "reject"): (ALL, (Op.REMOVE,)),
}
"""Where no row of these kinds may be acknowledged; everywhere else each one has to be."""


def positions(field: FieldInfo) -> list[Any]:
    """Every position of a switch but its first; of numbers and names, none."""
    if field.annotation is bool:
        return [not field.default]
    return [x for x in _literals(field.annotation) if x != field.default]


def _literals(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif get_origin(annotation) not in (frozenset, dict):
        for inner in get_args(annotation):
            yield from _literals(inner)


def everything() -> list[Any]:
    return [
        pytest.param(name, kind, switch, value, id=f"{name}-{kind}-{switch}-{value}")
        for name in registry.built_in()
        for switch, field in VENDORS[name].switches_type.model_fields.items()
        for value in positions(field)
        for kind in sorted(registry.load(name).kinds)
    ]


@pytest.mark.parametrize(("name", "kind", "switch", "value"), everything())
def test_rows_arrive_and_leave_in_every_position_of_every_switch(
    sandbox: Sandbox, name: str, kind: Kind, switch: str, value: Any
) -> None:
    kinds, ops = REFUSED.get((name, switch, value), (frozenset(), ()))
    refused = ops if kind in kinds else ()
    for connected in connecting(name, kind, sandbox):
        connected.control.set_switch(switch, value)
        for count in SIZES.get(name, (3,)):
            for op in [Op.ADD] if kind is Kind.EVENTS else [Op.ADD, Op.REMOVE]:
                exchange = connected.send(connected.rows(count, op, transition=count))
                are_delivered = [isinstance(x, Delivered) for x in exchange.endings]
                is_nobody = op is Op.REMOVE and Op.ADD in refused  # who never came is not there
                expected = [op not in refused] * count
                assert are_delivered == expected or is_nobody, exchange
