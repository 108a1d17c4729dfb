"""The nearest valid spelling of a word, for complaints."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MOST_LISTED = 20


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The closest known word, letter case aside; None when nothing is close."""
    by_folded = {k.casefold(): k for k in known}
    found = get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], what: str) -> str:
    """One line for a Problem's hint: the nearest spelling if any, then all that is known."""
    known = sorted(set(known))
    close = nearest(word, known)
    listed = ", ".join(known[:MOST_LISTED]) or "none"
    if len(known) > MOST_LISTED:
        listed += f" and {len(known) - MOST_LISTED} more"
    start = f"did you mean `{close}`? " if close else ""
    return f"{start}known {what}: {listed}"
