"""What a mistake in a destination's own code may cost, as tests that a test class inherits."""

from __future__ import annotations

from math import nan
from typing import Any

from sync.destinations.spec import Piece
from sync.errors import SyncError, Unexpected
from sync.model import Delivered, Rejected, Retry, Unknown
from sync.run.batches import prepare
from sync.testing.world import World


class MistakesContract:
    """A part of `DestinationContract`; needs its fixture `world`."""

    def test_outcomes_that_are_none_leave_what_was_sent_unconfirmed(self, world: World) -> None:
        """And name the fault with its place."""
        spoilt: tuple[Any, ...] = (
            lambda outcomes: None,
            lambda outcomes: outcomes[:-1],
            lambda outcomes: [*outcomes[:-1], None],
            lambda outcomes: [*outcomes, Delivered()],
            lambda outcomes: [*outcomes[:-1], Rejected("odd", None)],  # type: ignore[arg-type]
            lambda outcomes: [*outcomes[:-1], Retry("soon")],  # type: ignore[arg-type]
            lambda outcomes: [*outcomes[:-1], Retry(nan)],
            lambda outcomes: [*outcomes[:-1], Unknown(404)],  # type: ignore[arg-type]
        )
        for spoil in spoilt:
            exchange = world.converse(world.items(world.rows(3)), Mistaken(world, spoil))
            assert exchange.endings == [Unknown("wrong-number-of-outcomes")] * 3
            _assert_is_a_bug(exchange.stop)

    def test_an_error_that_was_not_foreseen_stops_the_destination(self, world: World) -> None:
        """With its place, and without what was in it."""
        exchange = world.converse(
            world.items(world.rows(3)), Mistaken(world, lambda outcomes: outcomes["canary"])
        )
        assert all(isinstance(ending, Unknown) for ending in exchange.endings)
        _assert_is_a_bug(exchange.stop)
        assert "canary" not in str(exchange.stop)

    def test_a_row_that_breaks_encode_is_rejected_alone(self, world: World) -> None:
        """With the error's name and place instead of its text."""
        first, second = world.rows(2)
        broken: Any = Mistaken(world, lambda outcomes: outcomes, broken=first.identity)
        rejected = prepare(broken, (Piece(world.sync, first),))
        assert isinstance(rejected, Rejected)
        assert "KeyError" in rejected.reason
        assert "canary" not in rejected.reason
        assert not isinstance(prepare(broken, (Piece(world.sync, second),)), Rejected)


class Mistaken:
    """The world's destination, with wrong outcomes, or a wrong encoding."""

    def __init__(self, world: World, spoil: Any, broken: str = "") -> None:
        self._inner, self._spoil, self._broken = world.destination, spoil, broken

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def encode_together(self, pieces: Any) -> Any:
        """As the destination does, but for one row."""
        if pieces[0].change.identity == self._broken:
            raise KeyError("canary")
        return self._inner.encode_together(pieces)

    def deliver(self, batch: Any) -> Any:
        """What the destination finds, spoilt."""
        return self._spoil((yield from self._inner.deliver(batch)))


def _assert_is_a_bug(stop: SyncError | None) -> None:
    assert isinstance(stop, Unexpected)
    assert stop.problems[0].code == "unexpected"
    assert ".py:" in stop.problems[0].where
