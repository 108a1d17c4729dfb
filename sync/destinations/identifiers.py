"""Identifiers as vendors want them: folded addresses, and ids that are equal after a crash."""

from __future__ import annotations

import base64
import hashlib
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_CROCKFORD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)


WHITESPACE = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680" + (
    "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
)
"""What `str.strip` takes away."""


@dataclass(frozen=True, slots=True)
class NormalForm:
    """When two spellings of an identifier are one to a vendor: the same rule twice.

    `sql` is an expression over `@value`, a trimmed text; `of` is its Python.
    """

    sql: str
    of: Callable[[str], str]
    parameters: Mapping[str, str]
    """Texts that stand in `sql` as `@name`."""


def email_address(text: str) -> str:
    """Trimmed and with ASCII letters in lower case; other letters have no safe folding."""
    text = text.strip()
    if text.isascii():
        return text.lower()
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _without_prefix(text: str) -> str:
    return text.removeprefix("cio_")


_ANY_CASE = NormalForm(
    "translate(trim(both @whitespace from @value), @capitals, @letters)",
    email_address,
    {
        "whitespace": WHITESPACE,
        "capitals": string.ascii_uppercase,
        "letters": string.ascii_lowercase,
    },
)
NORMAL_FORMS: Mapping[str, NormalForm] = {
    "email": _ANY_CASE,
    "any_case": _ANY_CASE,
    "cio_id": NormalForm(
        "case when substring(@value, 1, 4) = @prefix then substring(@value, 5) else @value end",
        _without_prefix,
        {"prefix": "cio_"},
    ),
}
"""By name. Whatever has none is compared as it is sent."""


def normal_form(name: str, text: str) -> str:
    """An identifier in the normal form of that name; itself when there is none."""
    return NORMAL_FORMS[name].of(text) if name else text


def bounded(identifier: str, max_bytes: int) -> str:
    """The identifier itself; ValueError when it is empty or too long in UTF-8."""
    if not identifier:
        raise ValueError("the identifier is empty")
    if len(identifier) * 4 > max_bytes:
        size = len(identifier.encode("utf-8", "surrogatepass"))
        if size > max_bytes:
            raise ValueError(f"the identifier takes {size} bytes, the limit is {max_bytes}")
    return identifier


def digest(key: Sequence[str]) -> bytes:
    """SHA-256 of the parts, each with its length in front, so that no two keys meet."""
    text = "".join(f"{len(part)}:{part}" for part in key)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def ulid(milliseconds: int, key: Sequence[str]) -> str:
    """A ULID of this time whose random part is a digest: the same key gives the same one again."""
    number = milliseconds << 80 | int.from_bytes(digest(key)[:10], "big")
    return base64.b32encode((number << 30).to_bytes(20, "big")).translate(_CROCKFORD)[:26].decode()
