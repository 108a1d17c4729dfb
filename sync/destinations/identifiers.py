"""Identifiers as vendors want them: folded addresses, and ids that are equal after a crash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

_CROCKFORD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)


def email_address(text: str) -> str:
    """Trimmed and with ASCII letters in lower case; other letters have no safe folding."""
    text = text.strip()
    if text.isascii():
        return text.lower()
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


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
