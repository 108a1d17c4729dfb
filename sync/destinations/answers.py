"""What counts as a yes: a destination names the body, and every other success is no answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sync.destinations.spec import JSON, Response, UnreadableAnswer

NO = frozenset(
    "error errors err fault exception message code detail externalapierror login_required".split()
)
"""Names that stand in a body only when something is wrong; an empty value under them is nothing."""
YES_OR_NO = frozenset({"ok", "success", "accepted"})
STATUSES = frozenset({"status", "statusCodeValue", "httpStatus"})


def empty(response: Response) -> None:
    """The documented body is `{}`; raises UnreadableAnswer for any other."""
    if response.object():
        raise UnreadableAnswer("a success that says more than is documented")


def free_of_no(response: Response) -> Mapping[str, JSON]:
    """The body of a success whose form is not documented: an object without a refusal, or nothing
    where the status is another than 200, which comes with a body.

    Raises UnreadableAnswer for anything else, a page of HTML for example.
    """
    if response.status != 200 and not response.body.strip():
        return {}
    body = response.object()
    if says_no(body):
        raise UnreadableAnswer("a success that speaks of an error")
    return body


def says_no(body: Mapping[str, JSON]) -> bool:
    """Whether a body takes back what its status says."""
    if any(body.get(name) not in (None, False, "", [], {}) for name in NO):
        return True
    if any(body.get(name) is False for name in YES_OR_NO):
        return True
    return any(_is_a_failure(body.get(name)) for name in STATUSES)


def _is_a_failure(status: JSON) -> bool:
    """400 and more, as a number or at the beginning of a text; or a word for it."""
    if isinstance(status, str):
        word = status.strip().casefold()
        return word[:1] in ("4", "5") or word.startswith(("err", "fail", "forbid", "denied"))
    return isinstance(status, int | float) and not isinstance(status, bool) and status >= 400


def mapping(value: JSON) -> Mapping[str, JSON]:
    """An object; an absent one is empty. Raises UnreadableAnswer for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UnreadableAnswer("there is no object where one should be")
    return value


def entries(value: JSON) -> Sequence[JSON]:
    """A list; an absent one is empty. Raises UnreadableAnswer for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableAnswer("there is no list where one should be")
    return value


def objects(value: JSON) -> Sequence[Mapping[str, JSON]]:
    """A list of objects, in the same way."""
    return [mapping(one) for one in entries(value)]


def whole(value: JSON) -> int | None:
    """A whole number, written as a number or as digits; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if type(value) is int else None


def word(value: JSON) -> str:
    """A name or number as text; empty for whatever names nothing."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""
