"""How changes reach XM Directory: one by one or by import, and who leaves, contact by contact."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from sync.core import DELIVERED, Change, Kind, Op, Outcome, Rejected, Sync
from sync.destinations.qualtrics.contacts import address_of, event_id, key_of, options_of
from sync.destinations.qualtrics.imports import import_contacts, no_list
from sync.destinations.qualtrics.lookup import Lookup
from sync.destinations.qualtrics.wire import counted, message, result_of, text_of
from sync.destinations.spec import (
    JSON,
    Conversation,
    Item,
    Request,
    Response,
    UnreadableAnswer,
)
from sync.destinations.values import utc

SINGLES = 200
"""Up to so many contacts go one by one, with an answer for each; above, as one import."""
TRANSACTIONS = 50


@dataclass(slots=True)
class Delivery:
    """One batch on its way, and the contacts' ids as they become known."""

    batch: Sequence[Item]
    directory: str
    home: str
    """The mailing list through which contacts are written."""
    outcomes: list[Outcome] = field(init=False)
    ids: dict[int, str] = field(default_factory=dict)
    followers: dict[int, int] = field(default_factory=dict)
    """Events whose contact is written with an earlier event of the same person."""
    last: Response | None = None

    def __post_init__(self) -> None:
        self.outcomes = [DELIVERED] * len(self.batch)

    def run(self) -> Conversation[Sequence[Outcome]]:
        """Contacts first, then memberships that end, then transactions for whom that worked."""
        groups: dict[tuple[str, bool, bool], list[int]] = {}
        for i in self._distinct():
            sync, change = self.batch[i].pieces[0]
            options = options_of(sync)
            of = (options.mailing_list or self.home, change.op is Op.REMOVE, options.update_only)
            groups.setdefault(of, []).append(i)
        for (mailing_list, is_exit, update_only), indices in groups.items():
            if is_exit:
                yield from self._leave(mailing_list, indices)
                continue
            if update_only:
                indices = yield from self._only_known(mailing_list, indices)
            yield from self._write(mailing_list, indices)
            yield from self._opt_out(indices)
        for i, first in self.followers.items():
            self.outcomes[i] = self.outcomes[first]
            if first in self.ids:
                self.ids[i] = self.ids[first]
        yield from self._transactions()
        return self.outcomes

    def _change(self, i: int) -> tuple[Sync, Change]:
        return self.batch[i].pieces[0]

    def _address(self, i: int) -> str:
        sync, change = self._change(i)
        return address_of(sync, change.address)

    def _distinct(self) -> list[int]:
        """One item for each contact: several events of one person need it written once.

        Qualtrics compares keys without regard to case, and would make one contact of two.
        """
        kept: list[int] = []
        seen: dict[str, int] = {}
        for i in range(len(self.batch)):
            address = self._address(i)
            first = seen.setdefault(address.lower(), i)
            if first == i:
                kept.append(i)
            elif self._address(first) == address and self._change(i)[0].kind is Kind.EVENTS:
                self.followers[i] = first
            else:
                text = "another row has this key, perhaps in another case: one contact to Qualtrics"
                self.outcomes[i] = Rejected("qualtrics-same-contact", text)
        return kept

    def _write(self, mailing_list: str, indices: Sequence[int]) -> Conversation[None]:
        if len(indices) > SINGLES:
            yield from self._import(mailing_list, indices)
            return
        for place, i in enumerate(indices):
            path = f"/mailinglists/{mailing_list}/contacts"
            response = yield Request("POST", path, json=self.batch[i].parts[0])
            if response.status == 404:
                return self._refuse(indices[place:], no_list(mailing_list, response))
            if response.status == 400:
                self.outcomes[i] = Rejected("qualtrics-400", message(response))
            else:
                self.ids[i] = text_of(result_of(response), "id")
                self.last = response

    def _refuse(self, indices: Sequence[int], outcome: Outcome) -> None:
        for i in indices:
            self.outcomes[i] = outcome

    def _import(self, mailing_list: str, indices: Sequence[int]) -> Conversation[None]:
        rows = [self.batch[i].parts[0] for i in indices]
        needs_ids = any(part is not None for i in indices for part in self.batch[i].parts[1:])
        ends, self.last = yield from import_contacts(mailing_list, rows, needs_ids)
        for i, end in zip(indices, ends, strict=True):
            self.outcomes[i] = end.outcome
            if end.contact is not None:
                self.ids[i] = end.contact

    def _opt_out(self, indices: Sequence[int]) -> Conversation[None]:
        """For the whole directory, which the fields of a list's contact don't reach."""
        for i in indices:
            if self.batch[i].parts[2] is None or i not in self.ids:
                continue
            path = f"/contacts/{quote(self.ids[i], safe='')}"
            response = yield Request("PUT", path, json=self.batch[i].parts[2])
            if response.status >= 400:
                self.outcomes[i] = Rejected("qualtrics-opt-out", message(response), True)
            else:
                counted(response)

    def _lookup(self, mailing_list: str, indices: Sequence[int]) -> Lookup:
        wanted = {self._address(i).lower(): i for i in indices}
        return Lookup(self.directory, mailing_list, key_of(self._change(indices[0])[0]), wanted)

    def _only_known(self, mailing_list: str, indices: list[int]) -> Conversation[list[int]]:
        lookup = self._lookup(mailing_list, indices)
        found = yield from lookup.run(is_patient=False)
        self._refuse_doubles(lookup)
        unknown = [i for i in indices if i not in found and i not in lookup.doubles]
        text = "no contact has this key, and update_only forbids to create one"
        self._refuse(unknown, Rejected("qualtrics-unknown-contact", text))
        return [i for i in indices if i in found]

    def _refuse_doubles(self, lookup: Lookup) -> None:
        text = "several contacts share this key: merge them in XM Directory"
        self._refuse(list(lookup.doubles), Rejected("qualtrics-several-contacts", text))

    def _leave(self, mailing_list: str, indices: list[int]) -> Conversation[None]:
        """Whoever is not there has left already. Nobody is created, nobody is deleted."""
        due = [i for i in indices if any(part is not None for part in self.batch[i].parts)]
        if not due:
            return
        lookup = self._lookup(mailing_list, due)
        found = yield from lookup.run(is_patient=True)
        self._refuse_doubles(lookup)
        self.ids.update(found)
        written = [i for i in due if i in found and self.batch[i].parts[0] is not None]
        if len(written) > SINGLES:
            yield from self._import(self.home, written)
        else:
            yield from self._update(written)
        is_member_of = mailing_list != self.home
        leaving = [i for i in due if i in found and self.outcomes[i] is DELIVERED]
        if is_member_of and leaving:
            yield from self._remove_members(mailing_list, leaving)

    def _update(self, indices: Sequence[int]) -> Conversation[None]:
        for i in indices:
            path = f"/contacts/{quote(self.ids[i], safe='')}"
            response = yield Request("PUT", path, json=self.batch[i].parts[0])
            if response.status == 400:
                self.outcomes[i] = Rejected("qualtrics-400", message(response))
            elif response.status == 404:
                del self.ids[i]  # gone in the meantime, and so is the membership
            else:
                counted(response)
                self.last = response

    def _remove_members(self, mailing_list: str, indices: Sequence[int]) -> Conversation[None]:
        """Whoever opted out of the list stays on it: coming back would forget the opt-out."""
        opted_out = yield from Lookup(self.directory, mailing_list).opted_out()
        for i in indices:
            contact = self.ids.get(i)
            if contact is None or contact in opted_out:
                continue
            path = f"/mailinglists/{mailing_list}/contacts/{quote(contact, safe='')}"
            response = yield Request("DELETE", path)
            if response.status == 400:
                self.outcomes[i] = Rejected("qualtrics-400", message(response), is_partial=True)
            elif response.status != 404:
                counted(response)
                self.last = response

    def _transactions(self) -> Conversation[None]:
        """Not idempotent: what may stand there already is looked for first."""
        due: list[int] = []
        for i, contact in sorted(self.ids.items()):
            if self.batch[i].parts[1] is None or self.outcomes[i] is not DELIVERED:
                continue
            sync, change = self._change(i)
            if change.cause == "in doubt":
                known = yield from Lookup(self.directory, self.home).event_ids(contact)
                if event_id(sync, change) in known:
                    continue
            due.append(i)
        groups = deque(due[at : at + TRANSACTIONS] for at in range(0, len(due), TRANSACTIONS))
        while groups:
            group = groups.popleft()
            body = {event_id(*self._change(i)): self._transaction(i) for i in group}
            response = yield Request("POST", "/transactions", json=body, is_repeatable=False)
            if response.status < 400:
                self._created(group, response)
            elif len(group) > 1:
                middle = len(group) // 2
                groups.extendleft((group[middle:], group[:middle]))
            else:
                self._not_created(group[0], message(response))

    def _transaction(self, i: int) -> JSON:
        sync, change = self._change(i)
        mailing_list = options_of(sync).mailing_list or self.home
        if change.op is Op.REMOVE:
            mailing_list = self.home
        transaction = {"contactId": self.ids[i], "mailingListId": mailing_list}
        if stamp := self._stamp(change):
            transaction["transactionDate"] = stamp
        return {**transaction, "data": self.batch[i].parts[1]}

    def _stamp(self, change: Change) -> str:
        """When it occurred; for a transition, the time on the vendor's last answer."""
        at = change.occurred_at
        if at is None and self.last is not None and "date" in self.last.headers:
            try:
                at = parsedate_to_datetime(self.last.headers["date"])
            except ValueError:
                return ""
        return "" if at is None else f"{utc(at):%Y-%m-%d %H:%M:%S}"

    def _created(self, group: Sequence[int], response: Response) -> None:
        result = result_of(response)
        created = result.get("createdTransactions") or {}
        refused = result.get("unprocessedTransactions") or {}
        for i in group:
            name = event_id(*self._change(i))
            if name in refused:
                why = refused[name]
                said = why.get("errorMessage") if isinstance(why, dict) else why
                self._not_created(i, str(said or "the transaction was not processed"))
            elif name not in created:
                raise UnreadableAnswer("a transaction without an answer")

    def _not_created(self, i: int, reason: str) -> None:
        is_partial = self._change(i)[0].kind is Kind.SEGMENT
        self.outcomes[i] = Rejected("qualtrics-transaction", reason, is_partial)
