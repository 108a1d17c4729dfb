"""What problems say is punctuated: read from the source, so that no hint has to be provoked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import sync
from sync.errors import sentences

FOLDER = Path(sync.__file__).parent
LIST = re.compile(r"(known |did you mean |[a-z ]+: x)")
NAMES = {"dbt", "x"}
"""Words that stay small at the start of a sentence; `x` is what a format fills in."""


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts that an expression may come to, as far as they stand in it."""
    match node:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "x" for p in parts)
        case ast.IfExp(body=one, orelse=other) | ast.BinOp(left=one, right=other):
            yield from _texts(one) if isinstance(node, ast.IfExp) else ()
            yield from _texts(other)
        case ast.Call(func=ast.Name(id="sentences"), args=pieces):
            for piece in pieces:
                yield from _texts(piece)


def _given(node: ast.AST) -> ast.expr | None:
    """What is given as the hint of a problem."""
    match node:
        case ast.keyword(arg="hint", value=value):
            return value
        case ast.Assign(targets=[ast.Name(id="hint")], value=value):
            return value
        case ast.Call(func=ast.Name(id="Problem"), args=[_, _, _, hint, *_]):
            return hint
    return None


def _hints(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if (given := _given(node)) is not None:
            yield from _texts(given)


def _is_ended(hint: str) -> bool:
    """Whether a hint is a sentence, or lists what is known."""
    return hint.endswith((".", "?")) or LIST.match(hint) is not None


def test_every_hint_that_is_a_sentence_ends_with_a_full_stop() -> None:
    found = {(p.name, hint) for p in FOLDER.rglob("*.py") for hint in _hints(p)}
    assert len(found) > 80
    assert [(name, hint) for name, hint in found if not _is_ended(hint)] == []


def test_every_hint_that_ends_like_a_sentence_begins_like_one() -> None:
    hints = {hint for p in FOLDER.rglob("*.py") for hint in _hints(p) if hint.endswith(".")}
    assert [hint for hint in hints if hint[0].islower() and hint.split()[0] not in NAMES] == []


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (("", "Removals wait."), "Removals wait."),
        (("It was killed", "Removals wait."), "It was killed. Removals wait."),
        (("did you mean `a`?", "It is so"), "did you mean `a`? It is so."),
        ((), ""),
    ],
)
def test_pieces_of_a_hint_are_joined_as_sentences(pieces: tuple[str, ...], told: str) -> None:
    assert sentences(*pieces) == told
