"""Known texts found in a vendor's message in another spelling, or cut short.

Both are folded: compatible forms, one letter case, no accents, no separators. What is found in the
folded message is masked at its place in the message itself.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sync.errors import INVISIBLE

Span = tuple[int, int]

_RUN = re.compile(r"\w+")
_FILLER = re.compile(
    r"\[[^\W\d_][^][\n]{2,20}\]|<[^\W\d_][^<>\n]{2,20}>|\([^\W\d_][^()\n]{2,20}\)"
    r"|\{[^\W\d_][^{}\n]{2,20}\}|[-.…·_~+*#•●∙█■▪\u00d7]{2,}|[…•●∙█■▪]|[xX]{3,}|([^\W\d_])\1{3,}"
    r"|_*(?i:redacted|removed|hidden|masked|obscured|omitted|filtered|censored)_*"
)
"""What stands for characters that are left out."""
_CUE = re.compile(
    r"\b(?:start|begin|end|prefix|suffix|first|last|tail|head)\w*(?:\s+\w+){0,2}[\s:=\"'`(]*$",
    re.IGNORECASE,
)
_IS_MASKED = re.compile(r"[*#•●∙█■▪\u00d7\])}>]|[^\W_]")
_PLAIN = {at: None for at in range(128) if not chr(at).isalnum()}


def folded(text: str) -> str:
    """Letters and digits only, in one form."""
    if text.isascii():
        return text.lower().translate(_PLAIN)
    apart = unicodedata.normalize("NFKD", INVISIBLE.sub("", text)).casefold()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", apart)))


_fold = lru_cache(4096)(folded)


class View:
    """A message with its folded form, and where in the message each character of that stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        parts = list(map(_fold, text))
        self.folded = "".join(parts)
        self._at = [at for at, part in enumerate(parts) for _ in part]
        before = [0]  # how many folded characters stand before each place of the message
        for part in parts:
            before.append(before[-1] + len(part))
        runs = [found.span() for found in _RUN.finditer(text)]
        fillers = list(_FILLER.finditer(text))
        self.opening = {at: found[0] for found in fillers for at in _edges(found)}
        self.closing = {at + 1: found[0] for found in fillers for at in _edges(found, -1)}
        self.starts = sorted({before[at] for at in (*(start for start, _ in runs), *self.closing)})
        self.ends = sorted({before[at] for at in (*(end for _, end in runs), *self.opening)})

    def span(self, start: int, end: int) -> Span:
        """Where in the message the folded characters from `start` to `end` stand."""
        last = self._at[end - 1] + 1
        while last < len(self.text) and unicodedata.combining(self.text[last]):
            last += 1
        return self._at[start], last


def _edges(filler: re.Match[str], side: int = 0) -> Iterator[int]:
    """Where a filler may begin (-1: end): letters of it may be letters of what it stands beside."""
    start, end = filler.span()
    is_letters = filler[0].isalpha()
    yield from range(start, end) if is_letters else (end - 1 if side else start,)


@dataclass(slots=True)
class Found:
    """A known text, or its head or tail, between two edges of words."""

    view: View
    span: Span
    folded: str
    filler: str
    """What stands beside it where the rest should; empty where nothing does."""

    @property
    def raw(self) -> str:
        """As the message has it."""
        return self.view.text[slice(*self.span)]

    def before(self, most: int) -> str:
        """So many characters before it."""
        start = self.span[0]
        return self.view.text[max(0, start - most) : start]

    @property
    def is_masked(self) -> bool:
        """Whether the filler can't be a punctuation mark."""
        return _IS_MASKED.search(self.filler) is not None

    @property
    def is_announced(self) -> bool:
        """Whether the words before speak of a beginning or an end."""
        return _CUE.search(self.before(30)) is not None


Rule = Callable[[Found], bool]


class Known:
    """Folded texts, in an order in which one that begins or ends in a certain way is found fast."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._whole = frozenset(texts) - {""}
        self._heads = sorted(self._whole)
        self._tails = sorted(text[::-1] for text in self._whole)

    def spans(self, view: View, is_meant: Rule, gives_away: Rule) -> Iterator[Span]:
        """Where they stand: whole, where `is_meant` agrees; or a head or tail that `gives_away`
        enough of one."""
        for start, end in self._heads_in(view):
            span, word = view.span(start, end), view.folded[start:end]
            found = Found(view, span, word, view.opening.get(span[1], ""))
            if (word in self._whole and is_meant(found)) or gives_away(found):
                yield span
        for start, end in self._tails_in(view):
            span = view.span(start, end)
            found = Found(view, span, view.folded[start:end], view.closing.get(span[0], ""))
            if gives_away(found):
                yield span

    def _heads_in(self, view: View) -> Iterator[Span]:
        for start in view.starts:
            for at in range(bisect_right(view.ends, start), len(view.ends)):
                if not _is_head(self._heads, view.folded[start : view.ends[at]]):
                    break
                yield start, view.ends[at]

    def _tails_in(self, view: View) -> Iterator[Span]:
        backwards, size = view.folded[::-1], len(view.folded)
        for end in view.ends:
            for at in range(bisect_left(view.starts, end) - 1, -1, -1):
                if not _is_head(self._tails, backwards[size - end : size - view.starts[at]]):
                    break
                yield view.starts[at], end


def _is_head(known: Sequence[str], head: str) -> bool:
    at = bisect_left(known, head)
    return at < len(known) and known[at].startswith(head)


def masked(text: str, spans: Iterable[Span], mask: str) -> str:
    """The text with one mask for each stretch that the spans cover."""
    shown, done = [], 0
    for start, end in merged(spans):
        shown += [text[done:start], mask]
        done = end
    return "".join([*shown, text[done:]])


def merged(spans: Iterable[Span]) -> list[Span]:
    """Those that overlap or touch as one, in order."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
