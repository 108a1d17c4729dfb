"""Who else was in a batch: found in a text by its words, so that ten thousand cost no more than
one."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\s\"'`<>(),;:\[\]{}=|]+")
_SINGLE = re.compile(r"[^\s\"'`<>(),;:\[\]{}=|]+")
_SHORT = re.compile(r"\d{1,4}|..?")
_NAMED = re.compile(
    r"(?:[\"'`#=:]|\b(?:id|uid|key|user|person|contact|customer|account|profile|member)s?)\s*$",
    re.IGNORECASE,
)
"""What stands before a short identity; elsewhere it is a length, a count or a little word."""


class Identities:
    """Identities in lower case, and those of them that are more than one word."""

    def __init__(self, values: Iterable[str | None]) -> None:
        known = {value.strip().lower() for value in values if value and value.strip()}
        self._words = frozenset(one for one in known if _SINGLE.fullmatch(one))
        self._phrases = sorted(known - self._words, key=len, reverse=True)

    def masked(self, text: str, mask: str) -> str:
        """The text with the mask in place of each of them."""
        low = text.lower()
        for phrase in self._phrases:
            if phrase in low:
                text = re.sub(rf"(?i)(?<!\w){re.escape(phrase)}(?!\w)", mask, text)
        return _WORD.sub(lambda found: self._word(found, mask), text) if self._words else text

    def _word(self, found: re.Match[str], mask: str) -> str:
        """One word, whole or in the parts that slashes and dots make of it."""
        whole = found[0]
        if self._is_known(whole.strip(".!?").lower(), found):
            return whole.replace(whole.strip(".!?"), mask)
        parts = re.split(r"([/.#&?!-]+)", whole)
        if len(parts) == 1:
            return whole
        return "".join(mask if self._is_known(part.lower(), found) else part for part in parts)

    def _is_known(self, word: str, found: re.Match[str]) -> bool:
        if word not in self._words:
            return False
        before = found.string[max(0, found.start() - 12) : found.start()]
        return not _SHORT.fullmatch(word) or _NAMED.search(before) is not None
