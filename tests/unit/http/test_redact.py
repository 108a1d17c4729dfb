from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from sync.destinations.spec import Basic, Endpoint, Header
from sync.errors import Problem
from sync.http.identities import Identities
from sync.http.redact import MAX_CHARACTERS, Redactor

SECRET = 'p/ss"wörd+1&x'
ENDPOINTS = {
    "track": Endpoint("https://a.example", Basic(SecretStr("site-4711"), SecretStr(SECRET))),
    "app": Endpoint("https://b.example", Header(SecretStr("app-key-0815\n"))),
}


def test_secrets_vanish_in_every_form() -> None:
    redactor = Redactor.of(ENDPOINTS)
    basic = base64.b64encode(f"site-4711:{SECRET}".encode()).decode()
    forms = [SECRET, quote(SECRET, safe=""), json.dumps(SECRET), basic, "site-4711", "app-key-0815"]
    for form in forms:
        shown = redactor.scrub(f"the server said: <{form}> is unknown")
        assert form.strip('"') not in shown
        assert "is unknown" in shown


def test_credentials_we_do_not_know_vanish_by_their_look() -> None:
    shown = Redactor().scrub("sent Authorization: Bearer abc.def-123456 and api_key=zzzzzzzzzz")
    assert "abc.def" not in shown
    assert "zzzz" not in shown


def test_addresses_and_personal_values_vanish_and_field_names_stay() -> None:
    personal = ["u_1042", 420.5, ["Bøbby Tables", {"k": "Gasse 7"}], None, True]
    text = "attributes.note: U_1042 with 420.5, Bøbby Tables of Gasse 7 <ann@example.com> is true"
    shown = Redactor().scrub(text, personal)
    for value in ("1042", "420.5", "Bøbby", "Gasse", "ann@"):
        assert value not in shown
    assert "attributes.note" in shown


def test_an_identity_is_not_cut_out_of_the_middle_of_a_number() -> None:
    assert Redactor().scrub("1000 bytes at most", ["10"]) == "1000 bytes at most"


LONG = "sk-live-9f8e7d6c5b4a3210zz"


@pytest.mark.parametrize(
    "shown",
    [
        "key sk-live-9f8e... is revoked",
        "key sk-live-…3210zz is revoked",
        "key ****10zz is revoked",
        "key sk-l**** is revoked",
        "key ...7d6c5b4a3210... is revoked",
        "key SK-LIVE-9F8E7D6C is revoked",
        "key sk&#45;live&#45;9f8e7d6c5b4a3210zz is revoked",
        "key sk%2Dlive%2D9f8e7d6c5b4a3210zz is revoked",
        "key sk%252Dlive%252D9f8e7d6c5b4a3210zz is revoked",
        "key sk\\u002dlive\\u002d9f8e7d6c5b4a3210zz is revoked",
        "key sk-live-9f8e\u200b7d6c5b4a\u200b3210zz is revoked",
    ],
)
def test_a_shortened_or_differently_quoted_secret_is_still_scrubbed(shown: str) -> None:
    clean = Redactor([LONG]).scrub(shown)
    for at in range(len(LONG) - 3):
        assert LONG[at : at + 4].lower() not in clean.lower().replace("is revoked", "")
    assert clean.endswith("is revoked")
    assert clean.startswith("key")


def test_words_that_a_secret_has_too_stay() -> None:
    text = "the live list is limited to 32 items"
    assert Redactor([LONG]).scrub(text) == text


@pytest.mark.parametrize(
    ("identity", "shown"),
    [
        ("u_1043", "merge with u_1043 first"),
        ("u_1043", "merge with U_1043."),
        ("u_1043", "see /v1/users/u_1043/merge"),
        ("O'Brien&Co", "conflicts with O&#x27;Brien&amp;Co"),
        ("Zoë K", "conflicts with Zo\\u00eb K"),
        ("Zoë K", "conflicts with Zo%C3%AB%20K"),
        ("4711", "contact 4711 has this address"),
        ("4711", "id=4711 has this address"),
        ("104355", "104355 has this address"),
    ],
)
def test_the_identity_of_a_neighbour_is_scrubbed_however_it_is_quoted(
    identity: str, shown: str
) -> None:
    clean = Redactor().scrub(shown, others=Identities([*map(str, range(200)), identity, None]))
    assert identity.lower() not in clean.lower()
    assert "***" in clean


def test_a_length_is_no_identity_of_a_neighbour() -> None:
    text = "property value cannot be longer than 1000 bytes"
    assert Redactor().scrub(text, others=Identities(map(str, range(9999)))) == text


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad", "\U000e0041"])
def test_what_turns_or_hides_a_text_is_shown_as_an_escape(hidden: str) -> None:
    shown = Redactor().scrub(f"field {hidden}eman{hidden} is odd")
    assert hidden not in shown
    assert json.dumps(hidden)[1:-1] in shown
    problem = str(Problem("x", f"field {hidden}eman"))
    assert hidden not in problem


@given(st.text(max_size=2000))
def test_what_comes_out_is_short_and_printable(text: str) -> None:
    shown = Redactor().scrub(text)
    assert len(shown) <= MAX_CHARACTERS
    assert "\n" not in shown
    assert "\x1b" not in shown
    shown.encode()


@given(st.text(min_size=4, max_size=30).filter(lambda s: s.strip() == s and len(s) >= 4))
def test_no_secret_survives(secret: str) -> None:
    shown = Redactor([secret]).scrub(f"x {secret} y")
    assert secret not in shown or secret in "x *** y"
