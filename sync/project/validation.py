"""What pydantic finds, in our words: file, key, what is valid, the nearest spelling.

Nothing here quotes the value that was refused: settings may be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_origin
from zoneinfo import available_timezones

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from sync.errors import Problem, from_here
from sync.project.policy_forms import LAG, SHARE
from sync.project.policy_forms import SPAN as SLA
from sync.project.suggest import did_you_mean, nearest
from sync.project.timing_forms import CLOCK, NO_ZONE

EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_too_short": "text that is not empty",
    "url_parsing": "a URL",
    "url_scheme": "a URL with another scheme",
}
BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}
PATTERNS = {
    r"\S": "text that is not empty",
    SHARE: "a share such as `50%`",
    CLOCK: 'a time of day in quotes, such as `"09:00"`',
    SLA: "a number and a unit: minutes, hours or days, such as `15 minutes`",
    LAG: "a number and a unit: seconds, minutes, hours or days, such as `30 seconds`",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a complaint belongs: how to call the thing, its file, and the path of its keys."""

    subject: str
    file: str
    path: str
    code: str = "meta"
    fix: str = "edit {file}, then run: dbt parse && python -m sync check"

    def at(self, *keys: str | int) -> str:
        """`<file>, <key path>` of something below this place."""
        return from_here(f"{self.file}, {dotted(self.path, keys)}")

    def problem(
        self, code: str, text: str, *keys: str | int, hint: str = "", fix: str = ""
    ) -> Problem:
        """A problem here, or at keys below."""
        return Problem(
            code,
            f"{self.subject}{text}",
            where=self.at(*keys),
            hint=hint,
            fix=fix or self.fix.format(file=self.file),
        )

    def below(self, *keys: str | int) -> Place:
        """The same subject, with a longer path."""
        return Place(self.subject, self.file, dotted(self.path, keys), self.code, self.fix)


def dotted(path: str, keys: Sequence[str | int]) -> str:
    """Append keys to a key path: `a.b[0].c`."""
    for key in keys:
        path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else key
    return path


def complaints(
    error: ValidationError,
    place: Place,
    raw: Any,
    model: type[BaseModel],
    also_known: Sequence[str] = (),
) -> Iterator[Problem]:
    """One problem for each thing pydantic found; `also_known` keys are valid beside the model's."""
    grouped: dict[tuple[str, tuple[str | int, ...]], list[Mapping[str, Any]]] = {}
    for found in error.errors(include_url=False, include_context=True):
        keys = real_keys(found["loc"], raw, is_missing=found["type"] == "missing")
        kind = found["type"] if found["type"] in ("extra_forbidden", "missing") else "value"
        grouped.setdefault((kind, keys), []).append(found)
    for (_, keys), same in grouped.items():
        yield _problem(same, keys, place, raw, model, also_known)


def known_keys(model: type[BaseModel], without: Sequence[str] = ()) -> list[str]:
    """The keys a model takes, as they are written."""
    names = [info.alias or name for name, info in model.model_fields.items()]
    return [n for n in names if n not in without]


def _problem(
    found: Sequence[Mapping[str, Any]],
    keys: tuple[str | int, ...],
    place: Place,
    raw: Any,
    model: type[BaseModel],
    also_known: Sequence[str],
) -> Problem:
    kind: str = found[0]["type"]
    key = dotted("", keys) or place.path.rsplit(".", 1)[-1]
    if kind == "extra_forbidden":
        level = _model_at(model, keys[:-1])
        known = known_keys(level) if level else []
        if level is model:
            known += also_known
        return place.problem(
            f"{place.code}-unknown-key",
            f" has no key `{keys[-1]}`",
            *keys,
            hint=did_you_mean(str(keys[-1]), known, "keys") if known else "",
            fix=f"rename or remove the key in {place.file}",
        )
    if kind == "missing":
        return place.problem(
            f"{place.code}-missing-key", f" lacks `{key}`", *keys, fix=f"add it in {place.file}"
        )
    expected, hint = _any_expected(found, _pattern_at(model, keys))
    return place.problem(f"{place.code}-wrong-value", f": `{key}` {expected}", *keys, hint=hint)


def _any_expected(found: Sequence[Mapping[str, Any]], pattern: str | None) -> tuple[str, str]:
    """What a value must be: of a union, any of what each of its members says."""
    told = [_expected(one, pattern) for one in found]
    must = [text.removeprefix("must be ") for text, _ in told if text.startswith("must be ")]
    if len(must) < len(told):
        return told[0]
    return f"must be {' or '.join(dict.fromkeys(must))}", told[0][1]


def _expected(found: Mapping[str, Any], pattern: str | None = None) -> tuple[str, str]:
    """What a value must be, and a hint; `pattern` is that of its field, which has text."""
    kind: str = found["type"]
    context: Mapping[str, Any] = found.get("ctx") or {}
    given = found.get("input")
    if kind in ("literal_error", "enum"):
        valid = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        known = did_you_mean(given if isinstance(given, str) else "", valid, "values")
        return "is none of the values it can have", known
    if kind == "string_type" and pattern in PATTERNS:
        return f"must be {PATTERNS[pattern]}", ""
    if kind in EXPECTED:
        return f"must be {EXPECTED[kind]}", ""
    if kind == "string_pattern_mismatch":
        pattern = str(context.get("pattern"))
        return f"must be {PATTERNS.get(pattern, f'text of the form {pattern}')}", ""
    if kind == "too_short":  # of a secret or a list; other text has `string_too_short`
        is_text = isinstance(given, str)
        least = f"a list with at least {context.get('min_length')}"
        return f"must be {EXPECTED['string_too_short'] if is_text else least}", ""
    if kind in BOUNDS:
        return f"must be {BOUNDS[kind]} {next(iter(context.values()))}", ""
    text = str(found["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if text == NO_ZONE:
        near = nearest(str(given), available_timezones())
        return text, f"did you mean `{near}`?" if near else ""
    return (text if not _quotes(text, given) else "has a value it can't have"), ""


def _quotes(text: str, given: Any) -> bool:
    """Whether a validator's words repeat the value it was given."""
    if isinstance(given, Mapping):
        return any(_quotes(text, v) for v in given.values())
    if isinstance(given, list | tuple):
        return any(_quotes(text, v) for v in given)
    plain = str(given)
    return bool(plain) and re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", text) is not None


def real_keys(loc: Sequence[str | int], raw: Any, is_missing: bool) -> tuple[str | int, ...]:
    """Pydantic's path without the names it invents for members of a union."""
    keys: list[str | int] = []
    for i, key in enumerate(loc):
        is_last = i == len(loc) - 1
        if isinstance(raw, Mapping) and (key in raw or (is_missing and is_last)):
            keys.append(key)
            raw = raw.get(key)
        elif isinstance(raw, list | tuple) and isinstance(key, int) and key < len(raw):
            keys.append(key)
            raw = raw[key]
    return tuple(keys)


def _model_at(model: type[BaseModel], keys: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that checks what stands below these keys; None where it is not a model's place."""
    is_name = False
    for key in keys:
        if isinstance(key, int) or is_name:
            is_name = False
            continue
        info = _field(model, key)
        inner = next(_models_in(info.annotation), None) if info else None
        if inner is None:
            return None
        model, is_name = inner, get_origin(info.annotation) is dict if info else False
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _models_in(inner)


def _field(model: type[BaseModel], key: str | int) -> FieldInfo | None:
    return next((f for n, f in model.model_fields.items() if key in (n, f.alias)), None)


def _pattern_at(model: type[BaseModel], keys: Sequence[str | int]) -> str | None:
    """The pattern that a field's text has to match; None where there is none."""
    level = _model_at(model, keys[:-1]) if keys else None
    info = _field(level, keys[-1]) if level else None
    if info is None:
        return None
    found = (*info.metadata, *_constraints_in(info.annotation))
    return next((p for one in found if (p := getattr(one, "pattern", None))), None)


def _constraints_in(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    for inner in getattr(annotation, "__args__", ()):
        yield from _constraints_in(inner)
