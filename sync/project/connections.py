"""The `destinations` of profiles.yml: what each target of a profile may send to.

They belong to a profile, because one file often serves several projects whose targets have the
same names: `destinations.<profile>.<target>.<connection>`. A file with a single profile may leave
it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sync.errors import ConfigError, Problem
from sync.project.jinja import Renderer
from sync.project.shape import mapping
from sync.project.suggest import did_you_mean

PROFILES = "profiles.yml"
DESTINATIONS = "destinations"
NOTIFICATIONS = "notifications"
NOT_SET = frozenset({"env-missing", "var-missing"})
"""What rendering complains of where the environment of this machine lacks something."""
OURS = ("type", "sandbox")
"""Keys of a connection that no vendor sees."""
Settings = Mapping[str, Any]
NOTHING: Settings = {}


@dataclass(frozen=True, slots=True)
class Connections:
    """Unrendered, by target, then name. `key` stands above the targets in the file."""

    path: Path
    key: str
    by_target: Mapping[str, Mapping[str, Settings]] = field(repr=False)
    renderer: Renderer = field(repr=False)
    noun: str = "connection"
    """What one of them is called."""

    def key_of(self, target: str, *names: str) -> str:
        """Where something of a target stands, as a path of keys."""
        return ".".join((self.key, target, *names))

    def vendors(self, target: str) -> dict[str, str]:
        """Connection -> vendor of one target; without `type`, the name is the vendor."""
        return {name: self.vendor(target, name) for name in self.by_target.get(target, {})}

    def vendor(self, target: str, name: str) -> str:
        """The vendor of one connection. Raises ConfigError as `settings` does."""
        written = self._written(target, name).get("type", name)
        return str(self.renderer.render(written, self.key_of(target, name, "type")))

    def settings(self, target: str, name: str, instead: Settings = NOTHING) -> dict[str, Any]:
        """A connection's settings, rendered, without `type`. Holds secrets.

        `instead` has what stands in for the file's own. Raises ConfigError when the target has no
        such connection, or a variable is not set.
        """
        raw = self._of_vendor(target, name, instead)
        rendered: dict[str, Any] = self.renderer.render(raw, self.key_of(target, name))
        return rendered

    def sandbox(self, target: str, name: str) -> object:
        """What a connection says under `sandbox`, rendered; false where it says nothing.

        Raises ConfigError as `settings` does.
        """
        written = self._written(target, name).get("sandbox", False)
        return self.renderer.render(written, self.key_of(target, name, "sandbox"))

    def settings_here(
        self, target: str, name: str, instead: Settings = NOTHING
    ) -> tuple[dict[str, Any], frozenset[str]]:
        """The settings that can be rendered on this machine, and the names of the others.

        Raises ConfigError for a wrong expression; a variable that is not set is none.
        """
        found: dict[str, Any] = {}
        raw = self._of_vendor(target, name, instead)
        for key, value in raw.items():
            try:
                found[key] = self.renderer.render(value, self.key_of(target, name, key))
            except ConfigError as e:
                if e.problems[0].code not in NOT_SET:
                    raise
        return found, frozenset(raw) - found.keys()

    def _of_vendor(self, target: str, name: str, instead: Settings) -> dict[str, Any]:
        own = {k: v for k, v in self._written(target, name).items() if k not in OURS}
        return {**own, **instead}

    def _written(self, target: str, name: str) -> Settings:
        known = self.by_target.get(target, {})
        if name not in known:
            key = self.key_of(target)
            raise ConfigError(
                Problem(
                    f"{self.noun}-unknown",
                    f"target `{target}` has no {self.noun} `{name}`",
                    where=f"{self.path}, {key}",
                    hint=did_you_mean(name, known, f"{self.noun}s"),
                    fix=f"add `{name}:` under `{key}:` in {PROFILES}",
                )
            )
        return known[name]


def read_connections(
    content: Mapping[str, Any],
    path: Path,
    profile: str,
    renderer: Renderer,
    top: str = DESTINATIONS,
) -> Connections:
    """The connections of one profile of a file, or with another key `top` its notifiers.

    Raises ConfigError for a file of another shape.
    """
    block = mapping(content, top, str(path), default={})
    outputs, noun = outputs_of(content), "connection" if top == DESTINATIONS else "notifier"
    if not _is_by_profile(block, outputs):
        return Connections(path, top, _by_target(block, f"{path}, {top}"), renderer, noun)
    if strangers := [str(key) for key in block if key not in outputs]:
        raise ConfigError(*_without_profile(strangers, path, profile, list(outputs), top, noun))
    key = f"{top}.{profile}"
    targets = mapping(block, profile, f"{path}, {top}", default={})
    return Connections(path, key, _by_target(targets, f"{path}, {key}"), renderer, noun)


def profiles_of(content: Mapping[str, Any]) -> list[str]:
    """The profiles of a file: dbt's own keys and ours are none."""
    return [str(key) for key in content if key not in (DESTINATIONS, NOTIFICATIONS, "config")]


def outputs_of(content: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Each profile's outputs; a top-level key without any only holds an anchor for others."""
    return {
        str(key): value["outputs"]
        for key, value in content.items()
        if isinstance(value, dict) and isinstance(value.get("outputs"), dict)
    }


def _is_by_profile(block: Mapping[str, Any], outputs: Mapping[str, Mapping[str, Any]]) -> bool:
    """Always where there are several profiles; else where the only one stands above its targets."""
    if len(outputs) != 1:
        return bool(block)
    ((profile, known),) = outputs.items()
    targets = block.get(profile)
    if not isinstance(targets, dict):
        return False
    return profile not in known or targets.keys() <= known.keys()


def _without_profile(
    strangers: list[str], path: Path, profile: str, profiles: list[str], top: str, noun: str
) -> Iterator[Problem]:
    for key in strangers:
        yield Problem(
            f"{top}-without-profile",
            f"`{key}` under `{top}` is none of the {len(profiles)} profiles of {PROFILES},"
            f" so its {noun}s belong to no project",
            where=f"{path}, {top}.{key}",
            hint=did_you_mean(key, profiles, "profiles"),
            fix=f"if it is a target of {profile}, indent it below `{profile}:`,"
            f" so that it reads {top}.{profile}.{key}",
        )


def _by_target(targets: Mapping[str, Any], where: str) -> dict[str, Mapping[str, Settings]]:
    found: dict[str, Mapping[str, Settings]] = {}
    for target in targets:
        named = mapping(targets, target, where, default={})
        found[str(target)] = {
            str(name): mapping(named, name, f"{where}.{target}", default={}) for name in named
        }
    return found
