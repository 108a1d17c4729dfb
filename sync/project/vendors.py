"""What reading a project needs of a destination: its class, never an instance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from sync.destinations.exchange import SANDBOX_PORT
from sync.destinations.options import THIS_MACHINE
from sync.destinations.spec import Destination
from sync.errors import ConfigError, Problem
from sync.project.connections import (
    DESTINATIONS,
    NOT_SET,
    NOTIFICATIONS,
    OURS,
    PROFILES,
    Connections,
    Settings,
)
from sync.project.profiles import Profile
from sync.project.suggest import did_you_mean
from sync.project.validation import Place, complaints, known_keys

SANDBOX = f"http://127.0.0.1:{SANDBOX_PORT}"
"""Where `python -m sync sandbox` answers unless it is told otherwise."""
TOPS = {"connection": DESTINATIONS, "notifier": NOTIFICATIONS}
Vendor = Destination
"""A destination's class, as far as it matters before anything is sent."""


class Registry(Protocol):
    """Vendors by name; `sync.destinations.registry` is one."""

    def names(self) -> list[str]:
        """All registered vendors."""

    def load(self, name: str) -> Any:
        """The vendor's class; KeyError when it is unknown."""


def load_vendor(
    registry: Registry, vendor: str, connection: str, noun: str = "connection"
) -> type[Vendor] | Problem:
    """The class, or what is wrong with the connection's `type`; `noun` is what it is called."""
    try:
        found: type[Vendor] = registry.load(vendor)
    except KeyError:
        return Problem(
            "vendor-unknown",
            f"{noun} `{connection}` is of type `{vendor}`, which is not installed",
            where=f"{PROFILES}, {TOPS[noun]}.<target>.{connection}.type",
            hint=did_you_mean(vendor, registry.names(), "types"),
            fix=f"correct `type:` of {connection} in {PROFILES}; without it, its name is the type",
        )
    return found


def load_connection(profile: Profile, name: str, registry: Registry) -> BaseModel:
    """A connection's settings at the profile's target, rendered and validated by its vendor.

    Raises ConfigError with every complaint at once, naming keys and never a value.
    """
    target, connections = profile.target.name, profile.all_connections
    vendor = load_vendor(registry, connections.vendor(target, name), name, connections.noun)
    if isinstance(vendor, Problem):
        raise ConfigError(vendor)
    place = _place(profile, target, name, "python -m sync debug")
    raw = connections.settings(target, name, _stand_in(vendor, profile, target, name))
    settings, problems = check_against(vendor.settings, raw, place, OURS)
    if settings is None:
        raise ConfigError(*problems)
    return settings


def check_connection(
    profile: Profile, target: str, name: str, registry: Registry
) -> Sequence[Problem]:
    """What is wrong with a connection of any target, as far as this machine can tell.

    A variable that is not set here is no complaint, nor is what depends on it: offline checks
    run where the secrets are not. Where the profile's own target sends to is no secret.
    """
    connections = profile.all_connections
    place = _place(profile, target, name, "python -m sync check")
    is_here = target == profile.target.name
    asked = connections.key_of(target, name, "sandbox")
    try:
        vendor = load_vendor(registry, connections.vendor(target, name), name, connections.noun)
        if isinstance(vendor, Problem):
            return [vendor]
        instead = _stand_in(vendor, profile, target, name)
        raw, not_set = connections.settings_here(target, name, instead)
    except ConfigError as e:
        return [
            p for p in e.problems if p.code not in NOT_SET or (is_here and p.where.endswith(asked))
        ]
    settings = raw | dict.fromkeys(not_set, "not set here")
    _, problems = check_against(vendor.settings, settings, place, OURS)
    unsure = {place.at(), *(place.at(key) for key in not_set)} if not_set else set()
    return [p for p in problems if p.where not in unsure]


def _stand_in(vendor: type[Vendor], profile: Profile, target: str, name: str) -> Settings:
    """What `sandbox: true`, or the sandbox's address, puts in the place of address and keys.

    Raises ConfigError where it is neither, or the sandbox has no such vendor.
    """
    where = f"{profile.path}, {profile.all_connections.key_of(target, name, 'sandbox')}"
    url = sandbox_url(profile.all_connections, target, name)
    if url is None:
        return {}
    if not vendor.stand_in:
        raise ConfigError(no_sandbox(vendor, where))
    region = vendor.settings.model_fields.get("region")
    usual = {} if region is None else {"region": region.default}
    return {**usual, **vendor.stand_in, "base_url": url + vendor.stand_in["base_url"]}


def sandbox_url(connections: Connections, target: str, name: str) -> str | None:
    """Where the sandbox of a connection answers; None for a connection without one.

    Raises ConfigError for what is neither true or false nor an address on this machine.
    """
    said = connections.sandbox(target, name)
    word = "" if said is None else str(said).strip()
    if word.lower() == "false":
        return None
    url = SANDBOX if word.lower() == "true" else word.rstrip("/")
    if _is_here(url):
        return url
    what = "neither true or false nor an address of the sandbox" if word else "empty"
    raise ConfigError(
        Problem(
            "sandbox-setting",
            f"`sandbox` of {connections.noun} {name} is {what}",
            where=f"{connections.path}, {connections.key_of(target, name, 'sandbox')}",
            hint="It answers on this machine alone, by http, and all vendors have one address.",
            fix="write `sandbox: true`, or where `python -m sync sandbox` answers, such as"
            f" {SANDBOX}",
        )
    )


def _is_here(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = not (parts.path or parts.query or parts.fragment or parts.username)
    return parts.scheme == "http" and parts.hostname in THIS_MACHINE and is_plain and is_port


def no_sandbox(vendor: type[Vendor], where: str) -> Problem:
    """The sandbox has no such vendor."""
    return Problem("sandbox-unknown", f"the sandbox has no {vendor.name}", where)


def _place(profile: Profile, target: str, name: str, then: str) -> Place:
    return Place(
        subject=f"{profile.all_connections.noun} {name}",
        file=str(profile.path),
        path=profile.all_connections.key_of(target, name),
        code="setting",
        fix=f"correct it in {PROFILES}, then run: {then}",
    )


def check_against(
    model: type[BaseModel], raw: Mapping[str, Any], place: Place, also_known: Sequence[str] = ()
) -> tuple[BaseModel | None, list[Problem]]:
    """Validate with a vendor's model; None with all complaints, unknown keys included.

    Unknown keys are found here, so that it does not matter whether the vendor forbids them.
    """
    valid = known_keys(model)
    problems = [
        place.problem(
            f"{place.code}-unknown-key",
            f" has no key `{key}`",
            key,
            hint=did_you_mean(key, [*valid, *also_known], "keys"),
            fix=f"rename or remove the key in {place.file}",
        )
        for key in raw
        if key not in valid
    ]
    known = {k: v for k, v in raw.items() if k in valid}
    try:
        checked = model.model_validate(known)
    except ValidationError as e:
        return None, problems + list(complaints(e, place, known, model))
    return (None if problems else checked), problems
