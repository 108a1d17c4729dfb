"""What differs between two documents, said line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def differences(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """One line for each difference between two values of JSON.

    Items of a list are told apart by their first key, whose name and value say where: `model x`.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*new, *(key for key in old if key not in new)]:
            if _is_named(old.get(key, [])) and _is_named(new.get(key, [])):
                yield from _of_items(old.get(key, []), new.get(key, []), where)
            else:
                yield from _of_values(old, new, key, where)
    elif old != new:
        yield f"{where or 'all'} was {_told(old)}, is {_told(new)}"


def _of_values(old: dict[str, Any], new: dict[str, Any], key: str, where: str) -> Iterator[str]:
    was, is_now = old.get(key), new.get(key)
    if isinstance(was, dict) and isinstance(is_now, dict):
        yield from differences(was, is_now, _below(where, key))
    elif _typed(was) != _typed(is_now):
        yield f"{_below(where, key)}: was {_told(was)}, is {_told(is_now)}"


def _of_items(old: list[Any], new: list[Any], where: str) -> Iterator[str]:
    was, is_now = _by_name(old), _by_name(new)
    for name in [*is_now, *(name for name in was if name not in is_now)]:
        place = _below(where, name)
        if name not in was:
            yield f"{place}: is new"
        elif name not in is_now:
            yield f"{place}: is gone"
        else:
            yield from differences(was[name], is_now[name], place)
    kept = [name for name in is_now if name in was]
    if kept != [name for name in was if name in is_now]:
        yield f"{_below(where, next(iter(new[0])) + 's')}: stand in another order"


def _is_named(value: Any) -> bool:
    """Whether it is a list of objects that have the same first key."""
    if not isinstance(value, list) or not all(isinstance(item, dict) and item for item in value):
        return False
    keys = {next(iter(item)) for item in value}
    return len(keys) <= 1 and all(isinstance(item[next(iter(keys))], str) for item in value)


def _by_name(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {" ".join(next(iter(item.items()))): item for item in items}


def _below(where: str, name: str) -> str:
    return f"{where}, {name}" if where else name


def _typed(value: Any) -> str:
    """Apart: 1, 1.0 and true, which Python takes for equal."""
    return json.dumps(value, sort_keys=True)


def _told(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
