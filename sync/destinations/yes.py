"""Whether the body of a success is a yes: what its names and words say, in any spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

from sync.destinations.exchange import JSON

FLAGS = frozenset("ok isok success issuccess successful issuccessful succeeded".split())
TAKEN = frozenset("accepted received acknowledged ack valid authorized authenticated".split())
"""Flags too, but also a count, or the id of what was taken."""
STATUSES = frozenset(
    "status statuscode statuscodevalue httpstatus httpstatuscode httpcode responsecode resultcode"
    " returncode outcome code message msg detail".split()
)
"""Verdicts: a yes only in the words and numbers of `GOOD`."""
PHRASES = frozenset("result state title details statustext statusmessage".split())
"""Texts of many uses: a no only where they speak of one."""
VERDICTS = FLAGS | TAKEN | STATUSES | PHRASES

GOOD = frozenset(
    "ok okay success successful successfully succeeded accepted received acknowledged ack created"
    " updated done complete completed processed processing pending queued enqueued scheduled"
    " delivered stored saved sent published started triggered unchanged duplicate nocontent"
    " yes y true 1".split()
)
NOTHING = frozenset(("", "0", "false", "none", "null"))
"""Texts that stand under `error` where there is none."""

_TROUBLE = re.compile(
    r"error|^errs?$|^err(?:no|num|msg|message|code|text|desc)|exception|(?<!de)fault|fail|denied"
    r"|reject|refus|declin|forbid|unauth|invalid|suspended|blocked|expired|throttled|ratelimited"
    r"|unavailable|maintenance|problem|violation|captcha|required$"
)
"""Names that stand in a body only when something is wrong; an empty value under them is nothing."""
_BAD = re.compile(
    r"error|fail|fault|forbid|denied|reject|refus|unauth|invalid|exception"
    r"|\b(?:no|not|nok|ko|n|false|off|deny|declin\w*|bad|wrong|illegal|unknown|un(?:available"
    r"|supported|processable)|missing|malformed|suspend\w*|block\w*|expired|revoked|throttl\w*"
    r"|exceed\w*|too many|limit\w*|timed? ?out|abort\w*|cancel\w*|drop\w*|discard\w*|ignor\w*"
    r"|skip\w*|conflict|gone|moved|maintenance|disabled|required|partial\w*|incomplete|quota"
    r"|log ?in|sign ?in|cannot|\w+n't)\b|^[345]\d\d\b"
)
_NO_TROUBLE = re.compile(r"\b(?:no|0|without(?: an?y?)?) (?:error|fail|fault|exception)\w*")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SEPARATORS = re.compile(r"[\W_]+")


def says_no(body: Mapping[str, JSON], is_deep: bool = True) -> bool:
    """Whether a body takes back what its status says; `is_deep`: or an object right inside it."""
    if any(_is_no(_folded(name), value) for name, value in body.items()):
        return True
    inner = [one for value in body.values() for one in _objects(value)] if is_deep else []
    return any(_is_inner_no(_folded(name), value) for one in inner for name, value in one.items())


def says_yes(body: Mapping[str, JSON]) -> bool:
    """Whether a body has nothing but verdicts, of which none takes it back."""
    known = (_folded(name) in VERDICTS or _TROUBLE.search(_folded(name)) for name in body)
    return all(known) and not says_no(body)


def _folded(name: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", name)).casefold()


def _objects(value: JSON) -> Iterator[Mapping[str, JSON]]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            yield one


def _is_no(name: str, value: JSON) -> bool:
    """Of a name at the top, where a verdict in words that nobody knows is no yes."""
    if name in FLAGS:
        return not (value is None or _is_good(value))
    if name in STATUSES:
        is_zero = value == 0 and value is not False and name.endswith("code")
        return not (value in (None, "", [], {}) or is_zero or _is_good(value))
    return _is_inner_no(name, value)


def _is_inner_no(name: str, value: JSON) -> bool:
    """Of a name of many uses, which is a no only where it speaks of one."""
    if name in FLAGS or name in TAKEN:
        return value in (False, "") or _is_bad(value) or (_is_number(value) and value < 0)
    if name in STATUSES:
        return value is False or _is_bad(value) or (_is_number(value) and value >= 300)
    if name in PHRASES:
        return value is False or _is_bad(value)
    if name == "type":
        return isinstance(value, str) and _folded(value).startswith(("error", "exception"))
    return bool(_TROUBLE.search(name)) and not _is_nothing(value)


def _is_good(value: JSON) -> bool:
    """True, a number of the two hundreds or 1, a word for it."""
    if isinstance(value, str):
        is_success = re.match(r"\s*2\d\d(?!\w)", value) and not _is_bad(value)
        return bool(is_success) or _folded(value) in GOOD
    return value is True or (_is_number(value) and (value == 1 or 200 <= value < 300))


def _is_bad(value: JSON) -> bool:
    if not isinstance(value, str):
        return False
    words = re.sub(r"[\s_.-]+", " ", _HUMP.sub(" ", value)).casefold().strip()
    return _BAD.search(_NO_TROUBLE.sub("", words)) is not None


def _is_nothing(value: JSON) -> bool:
    if isinstance(value, str):
        return value.strip().casefold() in NOTHING
    return not value


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
