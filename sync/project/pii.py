"""Column names that say their values are personal: e-mail, phone, name, address."""

from __future__ import annotations

import re

from sync.data_types import Family, family

ENDINGS: tuple[tuple[str, ...], ...] = (
    ("email",),
    ("mail",),
    ("phone",),
    ("telephone",),
    ("mobile",),
    ("msisdn",),
    ("phone", "number"),
    ("mobile", "number"),
    ("first", "name"),
    ("last", "name"),
    ("middle", "name"),
    ("given", "name"),
    ("family", "name"),
    ("full", "name"),
    ("maiden", "name"),
    ("customer", "name"),
    ("contact", "name"),
    ("person", "name"),
    ("firstname",),
    ("lastname",),
    ("fullname",),
    ("surname",),
    ("address",),
    ("address", "line"),
    ("street",),
    ("street", "name"),
    ("postcode",),
    ("postal", "code"),
    ("zipcode",),
    ("zip", "code"),
    ("zip",),
    ("birthdate",),
    ("birth", "date"),
    ("iban",),
    ("passport",),
    ("passport", "no"),
    ("passport", "number"),
    ("tax", "id"),
    ("username",),
    ("birthday",),
    ("date", "of", "birth"),
)
WHOLE_NAMES = frozenset({"name", "dob", "ip", "ssn"})
NO_MATTER = frozenset({"normalized", "clean", "raw", "primary", "secondary", "current", "home"})


_HARMLESS = (Family.BOOLEAN, Family.SINGLE, Family.DOUBLE, Family.DECIMAL)


def looks_personal(column: str, data_type: str) -> bool:
    """Judged by the last words of the name: `contact_email` is, `email_opens` is not.

    Flags (`has_phone`, any boolean column) and fractions are not personal, whatever their name.
    """
    words = _words(column)
    if family(data_type) in _HARMLESS or words[:1] in (["is"], ["has"]):
        return False
    if "_".join(words) in WHOLE_NAMES:
        return True
    return any(tuple(words[-len(ending) :]) == ending for ending in ENDINGS)


def _words(column: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", column)
    words = [w for w in re.split(r"[^a-z]+", spaced.casefold().replace("e-mail", "email")) if w]
    if words[:2] == ["e", "mail"]:
        words[:2] = ["email"]
    while len(words) > 1 and words[-1] in NO_MATTER:
        words.pop()
    return words
