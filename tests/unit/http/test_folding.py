"""Secrets and identities that come back shortened or differently written."""

from __future__ import annotations

import base64
import re
import string
import unicodedata
import uuid
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sync.http.identities import Identities
from sync.http.redact import Redactor

SECRET = "sk-live-9f8e7d6c5b4a3210zz"
WIDE = "".join(chr(ord(c) + 0xFEE0) for c in SECRET)


def letters(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if c.isalnum())


@pytest.mark.parametrize(
    "shown",
    [
        " ".join(SECRET),
        "-".join(SECRET),
        SECRET.encode().hex(),
        SECRET.encode().hex(":").upper(),
        base64.b64encode(b"Bearer " + SECRET.encode()).decode(),
        "sklive-9f8e-7d6c-5b4a-3210-zz",
        "9f8e-7d6c-5b4a-3210-zz",
        WIDE,
        "sk-li[redacted]10zz",
        "sk-li_redacted_10zz",
        "sk-liHIDDEN10zz",
        "sk-li<hidden>3210zz",
        "sk-li(removed)3210zz",
        "sk-liXXXXXX10zz",
        "sk-li----10zz",
        "sk-li####10zz",
        "sk-li____10zz",
        "sk-li·····10zz",
        "sk-li~~~~10zz",
        "sk-li++++10zz",
        "sk_li....3210ZZ",
        "ending 3210zz",
        "ending in 10zz",
        "that starts with sk-liv",
        "with the prefix skli",
        "sk-live 9f8e7 d6c5b 4a321 0zz",
        "sk-live-\n9f8e7d\n6c5b4a\n3210zz",
        "SK-LIV",
        "(3210zz)",
        "that begins sk-l",
    ],
)
def test_a_secret_vanishes_however_it_is_written_or_cut(shown: str) -> None:
    clean = Redactor([SECRET]).scrub(f"key {shown} is revoked")
    assert clean.startswith("key ")
    assert clean.endswith(" is revoked")
    kept = letters(clean.removeprefix("key ").removesuffix(" is revoked"))
    for form in (letters(SECRET), SECRET.encode().hex()):
        for at in range(len(form) - 3):
            assert form[at : at + 4] not in kept


@pytest.mark.parametrize("shown", ["AB3X9Q", "Ab3x9Q", "ab-3x 9q"])
def test_a_short_secret_vanishes_in_another_letter_case(shown: str) -> None:
    clean = Redactor(["aB3x9q"]).scrub(f"key {shown} is revoked")
    assert clean == "key *** is revoked"


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        ("u_1043", "u_104..."),
        ("u_1043", "u_1***"),
        ("u_1043", "U-1043"),
        ("u_1043", "..._1043"),
        ("u_1043", "u_10[redacted]"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400e29b41d4a716446655440000"),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-..."),
        ("550e8400-e29b-41d4-a716-446655440000", "550e8400…"),
        ("550e8400-e29b-41d4-a716-446655440000", "{550E8400-E29B-41D4-A716-446655440000}"),
        ("550e8400-e29b-41d4-a716-446655440000", "446655440000"),
        ("+49 170 1234567", "+491701234567"),
        ("+491701234567", "+49 (170) 123-45-67"),
        ("+491701234567", "0170 1234567"),
        ("ann@example.com", "ann at example.com"),
        ("ann@example.com", "ann [at] example [dot] com"),
        ("Zoë K", unicodedata.normalize("NFD", "Zoë K")),
        ("Zoë K", "ZOE  K"),
        ("O'Brien", "O''Brien"),
        ("O'Brien", "O\u2019Brien"),
        ("a  b", "a b"),
        ("straße", "STRASSE"),
        ("\uff21\uff22\uff23\uff11", "abc1"),
    ],
)
def test_the_identity_of_a_neighbour_vanishes_however_it_is_written_or_cut(
    identity: str, shown: str
) -> None:
    others = Identities([*(f"key{i}" for i in range(50)), identity])
    clean = Redactor().scrub(f"merge with {shown} first", others=others)
    assert clean.startswith("merge with ")
    assert clean.endswith(" first")
    kept = letters(clean.removeprefix("merge with ").removesuffix(" first"))
    assert kept in ("", "redacted", "0", "at", "dot")


ORDINARY = """the property value cannot be longer than 1000 bytes of an attribute named plan
is not valid for this customer and must be a number between 10 and 32 or an e-mail address like
first_name, api-key or user id; see https://example.com/docs/errors#code-422 (request 7) [live]
retry after 30 seconds... no customer... with this account
is over its limit: 12,500 of 12,000""".split()
WORDY = "sandbox-px-key"


def test_the_words_that_a_secret_is_made_of_stay() -> None:
    text = "the sandbox's key: see sandbox.png, --sandbox and the keys of your live sandboxes"
    assert Redactor([WORDY, "api-sandbox", SECRET]).scrub(text) == text


ALPHABET = string.ascii_letters + string.digits


@given(
    st.lists(st.sampled_from(ORDINARY), min_size=1, max_size=25),
    st.lists(st.text(ALPHABET, min_size=16, max_size=40), max_size=3),
    st.integers(0, 9_000),
)
def test_ordinary_words_stay(words: list[str], secrets: list[str], first: int) -> None:
    text = " ".join(words)
    assume(not re.search(r"customer\W+\d", text))  # may be customer-10, cut short or spelt so
    shown, hexes = letters(text), [secret.encode().hex() for secret in secrets]
    assume(not any(shown[i : i + 4] in of for of in hexes for i in range(len(shown) - 3)))
    ids = [f"u_{i}" for i in range(first, first + 200)]
    ids += [f"customer-{i}" for i in range(first, first + 200)]
    ids += [str(uuid.UUID(int=i * 2**90)) for i in range(first, first + 200)]
    left = Redactor([*secrets, SECRET]).scrub(text, others=Identities(ids))
    assert left == Redactor().scrub(text)


@given(
    st.text(ALPHABET, min_size=12, max_size=40),
    st.integers(4, 10),
    st.sampled_from(["...", "…", "****", "XXXX", "[redacted]", "<hidden>", "----", "##", "••"]),
    st.sampled_from([str, str.upper, str.lower]),
)
def test_no_head_or_tail_of_a_secret_survives(secret: str, size: int, gap: str, case: Any) -> None:
    shown = Redactor([secret]).scrub(f"key {case(secret[:size])}{gap}{case(secret[-size:])} is bad")
    left = re.sub(re.escape(gap), "", shown.removeprefix("key ").removesuffix(" is bad"))
    assert secret[:size].casefold() not in left.casefold()
    assert secret[-size:].casefold() not in left.casefold()
