"""The mark `pii` and its digests, as edits and attackers of the state meet them."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from e2e.artifacts import Model
from e2e.project import SmallProject

NICK = "Anouk the Great"
SNAPSHOT = "select * from {state}.snapshot_people_of__customerio"


@pytest.fixture
def shop(quick: SmallProject) -> SmallProject:
    """One person, whose nickname is a trait."""
    quick.warehouse.run("create table people (id varchar, tier varchar, nick varchar)")
    quick.warehouse.run(f"insert into people values ('a', 'gold', '{NICK}')")
    return quick


def people(is_pii: bool, **entry: Any) -> Model:
    return Model(
        name="people_of",
        query="select id, tier, nick from people",
        columns={"id": "varchar", "tier": "varchar", "nick": "varchar"},
        activation={
            "kind": "traits",
            "identity": "id",
            "destinations": [{"name": "customerio", **entry}],
        },
        of_columns={"nick": {"pii": is_pii}},
    )


def sync(project: SmallProject) -> str:
    return project.run("--allow-nulls", expect=0).text


def kept(project: SmallProject) -> str:
    """All that the snapshot holds, as text."""
    return str(project.state(SNAPSHOT))


def assert_quiet(project: SmallProject) -> None:
    before = project.requests()
    sync(project)
    assert project.requests() == before


def test_a_column_that_becomes_personal_leaves_the_destination_and_the_state(
    shop: SmallProject,
) -> None:
    shop.define(people(is_pii=False))
    sync(shop)
    assert shop.attributes("a") == {"tier": "gold", "nick": NICK}
    assert NICK in kept(shop)
    shop.define(people(is_pii=True))
    text = sync(shop)
    assert "unset there" in text
    assert shop.attributes("a")["tier"] == "gold"
    assert "nick" not in {k for k, v in shop.attributes("a").items() if v}
    assert NICK not in kept(shop)
    assert_quiet(shop)


def test_a_personal_column_that_an_entry_names_stays_there_and_is_a_digest_in_the_state(
    shop: SmallProject,
) -> None:
    named = {"traits": {"tier": "tier", "nick": "nick"}}
    shop.define(people(is_pii=False, **named))
    sync(shop)
    shop.define(people(is_pii=True, **named))
    sync(shop)
    assert shop.attributes("a")["nick"] == NICK
    assert NICK not in kept(shop)
    assert_quiet(shop)


def test_a_column_that_is_personal_no_longer_arrives_and_is_kept_in_plain(
    shop: SmallProject,
) -> None:
    shop.define(people(is_pii=True))
    sync(shop)
    assert "nick" not in shop.attributes("a")
    shop.define(people(is_pii=False))
    sync(shop)
    assert shop.attributes("a")["nick"] == NICK
    assert NICK in kept(shop)
    assert_quiet(shop)


def test_what_the_state_holds_does_not_suffice_to_try_names_against_a_digest(
    shop: SmallProject,
) -> None:
    def digest() -> str:
        salt = shop.state("select salt from {state}.installation")[0][0]
        return hashlib.md5(f"{salt}{NICK}".encode(), usedforsecurity=False).hexdigest()

    shop.define(people(is_pii=True, traits={"tier": "tier", "nick": "nick"}))
    key = {"SYNC_DIGEST_KEY": "a key that only the runner has"}
    without = "digests of nick have no key yet"
    assert without not in shop.start("plan", environ=key).wait().text
    assert without in shop.run("plan", expect=0).text
    assert without in sync(shop)
    assert digest() in kept(shop)
    assert without not in sync(shop)
    assert "1 change" in shop.start(environ=key).wait().text
    assert digest() not in kept(shop)
    assert shop.attributes("a")["nick"] == NICK
    before = shop.requests()
    assert "No changes" in shop.start(environ=key).wait().text
    assert shop.requests() == before
