"""Users, who may come back after a deletion, and accounts, whose users go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activation_sandbox.call import JSON, Answer, Call
from activation_sandbox.gainsight_px.answers import json_object
from activation_sandbox.gainsight_px.fields import ACCOUNT_FIELDS, USER_FIELDS
from activation_sandbox.gainsight_px.records import ACCOUNT, DAY, Deleted, Records
from activation_sandbox.world import Person, Thing

if TYPE_CHECKING:
    from activation_sandbox.gainsight_px import GainsightPx


class Users(Records):
    """`/v1/users`."""

    what, name, key, fields = "User", "users", "identifyId", USER_FIELDS

    def __init__(self, vendor: GainsightPx) -> None:
        vendor.route("DELETE", "/users/delete", self.delete_by_body)
        super().__init__(vendor)

    def find(self, identity: str) -> Person | None:
        """The user with this id."""
        return self.vendor.world.find("id", identity)

    def make(self, identity: str) -> Person:
        """A new user."""
        world = self.vendor.world
        person = Person(f"px{world.next_number('person'):06x}", int(self.vendor.clock()))
        world.add_person(person)
        world.link(person, "id", identity)
        self.vendor.deleted.pop(identity, None)
        return person

    def is_hidden(self, identity: str) -> bool:
        """Deleted a short while ago."""
        deleted = self.vendor.deleted.get(identity)
        seconds = self.vendor.switches.revival_days * DAY
        return deleted is not None and self.vendor.clock() - deleted.at < seconds

    def revived(self, identity: str) -> Person | None:
        """Brought back with attributes and history."""
        if not self.is_hidden(identity):
            return None
        person = self.vendor.deleted.pop(identity).person
        person.relationships.clear()
        self.vendor.world.add_person(person)
        self.vendor.world.link(person, "id", identity)
        return person

    def remove(self, identity: str, is_hard: bool) -> None:
        """Hide the user; a hard deletion leaves nothing to bring back."""
        person = self.find(identity)
        if person is not None:
            self.vendor.world.drop_person(person)
            if not is_hard:
                self.vendor.deleted[identity] = Deleted(person, self.vendor.clock())

    def everything(self) -> list[Person | Thing]:
        """Every user."""
        return list(self.vendor.world.people.values())

    def identity_of(self, record: Person | Thing) -> str:
        """Its identifyId."""
        assert isinstance(record, Person)
        return record.identifiers["id"]

    def delete_by_body(self, call: Call) -> Answer:
        """For ids that can't stand in a path."""
        return self.delete_one(call, str(json_object(call).get(self.key, "")))


class Accounts(Records):
    """`/v1/accounts`."""

    what, name, key, fields = "Account", "accounts", "id", ACCOUNT_FIELDS

    def required(self) -> set[str]:
        """An account needs a name."""
        return {"name"}

    def find(self, identity: str) -> Thing | None:
        """The account with this id."""
        return self.vendor.world.objects.get((ACCOUNT, identity))

    def make(self, identity: str) -> Thing:
        """A new account; users that named it before belong to it now."""
        world = self.vendor.world
        key = f"pxa{world.next_number('object'):06x}"
        thing = Thing(ACCOUNT, identity, key, int(self.vendor.clock()))
        world.add_object(thing)
        for person in world.people.values():
            if person.attributes.get("accountId") == identity:
                self.vendor.link(person)
        return thing

    def remove(self, identity: str, is_hard: bool) -> None:
        """Deletes every user of the account too."""
        thing = self.find(identity)
        if thing is not None:
            for key in list(thing.people):
                self.vendor.world.drop_person(self.vendor.world.people[key])
            self.vendor.world.drop_object(thing)

    def everything(self) -> list[Person | Thing]:
        """Every account."""
        return list(self.vendor.world.objects.values())

    def identity_of(self, record: Person | Thing) -> str:
        """Its id."""
        assert isinstance(record, Thing)
        return record.id

    def shown(self, record: Person | Thing) -> dict[str, JSON]:
        """With the number of its users."""
        assert isinstance(record, Thing)
        return {**super().shown(record), "numberOfUsers": len(record.people)}
