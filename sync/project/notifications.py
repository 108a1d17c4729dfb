"""The `notifications` of profiles.yml: who is told of syncs that need attention, by target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from sync.errors import ConfigError, Problem
from sync.project.profiles import Profile
from sync.project.vendors import Registry, check_connection, load_connection


def load_notifier(profile: Profile, name: str, registry: Registry) -> tuple[Any, BaseModel]:
    """The class of a notifier of the profile's target, and its settings, rendered and validated.

    Raises ConfigError with every complaint at once, naming keys and never a value.
    """
    notifiers = _as_connections(profile)
    settings = load_connection(notifiers, name, registry)
    return registry.load(notifiers.connections[name]), settings


def check_notifiers(profile: Profile, registry: Registry) -> Sequence[Problem]:
    """What is wrong with the notifiers of any target, as far as this machine can tell."""
    notifiers = _as_connections(profile)
    return [
        problem
        for target, names in profile.notifiers.by_target.items()
        for name in names
        for problem in check_connection(notifiers, target, name, registry)
    ]


def try_notifiers(profile: Profile, registry: Registry) -> tuple[list[str], list[Problem]]:
    """The notifiers of the profile's target that can be used, and what keeps the others."""
    usable, problems = list[str](), list[Problem]()
    for name in profile.notifiers.by_target.get(profile.target.name, ()):
        try:
            load_notifier(profile, name, registry)
        except ConfigError as error:
            problems += error.problems
        else:
            usable.append(name)
    return usable, problems


def _as_connections(profile: Profile) -> Profile:
    """A profile whose connections are its notifiers: they are written and read alike."""
    return replace(profile, all_connections=profile.notifiers)
