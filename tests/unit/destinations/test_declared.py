"""A destination declares what it can do; what it misspells is found at import."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import Field

from sync.destinations import registry
from sync.destinations.options import Effect, Transitions, only
from sync.destinations.spec import Destination
from sync.model import Kind

OPTIONAL = {"audit", "limits_for", "login_url", "mapping_hints", "person_url", "pull", "unready"}


def test_a_misspelt_method_is_an_error_when_the_class_is_made() -> None:
    def unraedy(self: Any, sync: Any) -> Any: ...

    with pytest.raises(TypeError, match=r"Vendor: no destination has a method `unraedy`; did you"):
        type("Vendor", (Destination,), {"unraedy": unraedy})


def test_a_helper_begins_with_an_underscore() -> None:
    with pytest.raises(TypeError, match="helpers begin with `_`"):
        type("Vendor", (Destination,), {"zzz": staticmethod(lambda: None)})
    assert type("Vendor", (Destination,), {"_zzz": staticmethod(lambda: None)})


def test_what_a_vendor_can_do_is_what_it_overrides() -> None:
    found = {name: registry.load(name).abilities & OPTIONAL for name in registry.built_in()}
    assert found == {
        "customerio": {"login_url", "mapping_hints", "unready"},
        "fullstory": {"audit", "person_url", "unready"},
        "gainsight_px": {"limits_for", "login_url", "unready"},
        "launchdarkly": {"audit", "limits_for", "login_url", "unready"},
        "qualtrics": {"login_url", "mapping_hints", "pull", "unready"},
        "webhook": set(),
    }


def test_an_option_says_itself_for_which_kinds_it_is_and_what_another_value_of_it_means() -> None:
    class Options(Transitions):
        place: str = ""
        manner: Annotated[bool, Effect.MANNER] = False
        aside: Annotated[bool, Effect.NONE, only(Kind.EVENTS)] = False
        lists: Annotated[dict[str, list[str]], Effect.PLACES] = Field({})

    assert Options.ASIDE == {"aside", "on_enter", "on_exit"}
    assert (Options.MANNER, Options.LISTED) == ({"manner"}, {"lists"})
    assert Options.KINDS == {
        "aside": {Kind.EVENTS},
        "on_enter": {Kind.SEGMENT},
        "on_exit": {Kind.SEGMENT},
    }
    assert Transitions.ASIDE == {"on_enter", "on_exit"}
