"""How changes reach XM Directory: one by one or by import, and who leaves, contact by contact."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from orjson import loads

from sync.destinations.one_by_one import one_by_one
from sync.destinations.qualtrics import transactions
from sync.destinations.qualtrics.contacts import Options, address_of, event_of, key_of
from sync.destinations.qualtrics.imports import import_contacts, no_list
from sync.destinations.qualtrics.reading import look_up, opted_out
from sync.destinations.qualtrics.wire import counted, message, result_of, text_of
from sync.destinations.spec import (
    JSON,
    NOTHING,
    BatchRefused,
    Conversation,
    Item,
    NoAnswer,
    Request,
    Response,
)
from sync.destinations.transitions import Occurrence
from sync.destinations.values import utc
from sync.model import DELIVERED, Change, Kind, Op, Outcome, Rejected, Sync, Unknown

SINGLES = 200
"""Up to so many contacts go one by one, with an answer for each; above, as one import."""
SAME_CONTACT = Rejected(
    "qualtrics-same-contact",
    "another row has this key, perhaps in another case: one contact to Qualtrics",
)
SEVERAL_CONTACTS = Rejected(
    "qualtrics-several-contacts", "several contacts share this key: merge them in XM Directory"
)
UNKNOWN_CONTACT = Rejected(
    "qualtrics-unknown-contact", "no contact has this key, and update_only forbids to create one"
)


@dataclass(slots=True)
class Delivery:
    """One batch on its way, and the contacts' ids as they become known."""

    batch: Sequence[Item]
    directory: str
    """Its path below the API's root."""
    home: str
    """The mailing list through which contacts are written."""
    outcomes: list[Outcome] = field(init=False)
    ids: dict[int, str] = field(default_factory=dict)
    followers: dict[int, int] = field(default_factory=dict)
    """Events whose contact is written with an earlier event of the same person."""
    last: Response = NOTHING
    """The last success: when an entry or an exit became known to Qualtrics."""

    def __post_init__(self) -> None:
        self.outcomes = [DELIVERED] * len(self.batch)

    def run(self) -> Conversation[Sequence[Outcome]]:
        """Contacts first, then memberships that end, then transactions for whom that worked."""
        groups: dict[tuple[str, bool, bool], list[int]] = {}
        for i in self._distinct():
            sync, change = self._change(i)
            options = Options.of(sync)
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

    def _contact(self, i: int) -> str:
        return f"/contacts/{quote(self.ids[i], safe='')}"

    def _refuse(self, indices: Iterable[int], outcome: Rejected) -> None:
        for i in indices:
            self.outcomes[i] = outcome

    def _send(self, i: int, request: Request, is_partial: bool = False) -> Conversation[Response]:
        """A request about one item; a 400 refuses it, and a 404 is the caller's to read."""
        response = yield request
        if response.status == 400:
            self.outcomes[i] = Rejected("qualtrics-400", message(response), is_partial)
        elif response.status != 404:
            counted(response)
            self.last = response
        return response

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
                self.outcomes[i] = SAME_CONTACT
        return kept

    def _write(self, mailing_list: str, indices: Sequence[int]) -> Conversation[None]:
        """By import where there are many. Its form has no phone: contacts with one go alone."""
        if len(indices) > SINGLES:
            alone = [i for i in indices if "phone" in loads(self.batch[i].parts[0])]
            yield from self._import(mailing_list, [i for i in indices if i not in set(alone)])
            indices = alone

        def create(i: int) -> Conversation[None]:
            path = f"/mailinglists/{mailing_list}/contacts"
            response = yield from self._send(i, Request("POST", path, json=self.batch[i].parts[0]))
            if response.status == 404:
                raise no_list(mailing_list, message(response))
            if response.status != 400:
                self.ids[i] = text_of(result_of(response), "id")

        yield from self._each(indices, create)

    def _each(
        self,
        indices: Iterable[int],
        send: Callable[[int], Conversation[None]],
        has_begun: bool = False,
    ) -> Conversation[None]:
        """Requests about one item each; whoever gets no answer is undecided alone."""

        def one(i: int) -> Conversation[Outcome]:
            yield from send(i)
            return self.outcomes[i]

        due = list(indices)
        outcomes = yield from one_by_one(due, one, lambda i: has_begun)
        for i, outcome in zip(due, outcomes, strict=True):
            self.outcomes[i] = outcome

    def _import(self, mailing_list: str, indices: Sequence[int]) -> Conversation[None]:
        if not indices:
            return
        rows = [self.batch[i].parts[0] for i in indices]
        needs_ids = any(part is not None for i in indices for part in self.batch[i].parts[1:])
        ends, self.last = yield from import_contacts(mailing_list, rows, needs_ids)
        for i, end in zip(indices, ends, strict=True):
            self.outcomes[i] = end.outcome
            if end.contact is not None:
                self.ids[i] = end.contact

    def _opt_out(self, indices: Sequence[int]) -> Conversation[None]:
        """For the whole directory, which the fields of a list's contact don't reach."""

        def opt_out(i: int) -> Conversation[None]:
            response = yield Request("PUT", self._contact(i), json=self.batch[i].parts[2])
            if response.status >= 400:
                self.outcomes[i] = Rejected("qualtrics-opt-out", message(response), True)
            else:
                counted(response)

        due = (i for i in indices if self.batch[i].parts[2] is not None and i in self.ids)
        yield from self._each(due, opt_out, has_begun=True)

    def _known(
        self, mailing_list: str, indices: Sequence[int], is_patient: bool
    ) -> Conversation[dict[int, str]]:
        wanted = {self._address(i).lower(): i for i in indices}
        key = key_of(self._change(indices[0])[0])
        path = f"{self.directory}/mailinglists/{mailing_list}"
        found = yield from look_up(path, key, wanted, is_patient)
        self._refuse((i for i, ids in found.items() if len(ids) > 1), SEVERAL_CONTACTS)
        return {i: ids.pop() for i, ids in found.items() if len(ids) == 1}

    def _only_known(self, mailing_list: str, indices: list[int]) -> Conversation[list[int]]:
        found = yield from self._known(mailing_list, indices, is_patient=False)
        unknown = (i for i in indices if i not in found and self.outcomes[i] is DELIVERED)
        self._refuse(unknown, UNKNOWN_CONTACT)
        return [i for i in indices if i in found]

    def _leave(self, mailing_list: str, indices: list[int]) -> Conversation[None]:
        """Whoever is not there has left already. Nobody is created, nobody is deleted."""
        due = [i for i in indices if self.batch[i].parts[0] is not None]
        if not due:
            return
        self.ids |= yield from self._known(mailing_list, due, is_patient=True)
        written = [i for i in due if i in self.ids]
        if len(written) > SINGLES:
            yield from self._import(self.home, written)
        else:
            yield from self._update(written)
        leaving = [i for i in due if i in self.ids and self.outcomes[i] is DELIVERED]
        if mailing_list != self.home and leaving:
            yield from self._remove_members(mailing_list, leaving)

    def _update(self, indices: Sequence[int]) -> Conversation[None]:
        def update(i: int) -> Conversation[None]:
            request = Request("PUT", self._contact(i), json=self.batch[i].parts[0])
            response = yield from self._send(i, request)
            if response.status == 404:
                del self.ids[i]  # gone in the meantime, and so is the membership

        yield from self._each(indices, update)

    def _remove_members(self, mailing_list: str, indices: Sequence[int]) -> Conversation[None]:
        """Whoever opted out of the list stays on it: coming back would forget the opt-out."""
        path = f"/mailinglists/{mailing_list}"
        try:
            stay = yield from opted_out(self.directory + path)
        except BatchRefused as e:
            self._refuse(indices, Rejected(e.code, e.reason, is_partial=True))
            return

        def remove(i: int) -> Conversation[None]:
            request = Request("DELETE", path + self._contact(i))
            yield from self._send(i, request, is_partial=True)

        leaving = (i for i in indices if self.ids[i] not in stay)
        yield from self._each(leaving, remove, has_begun=True)

    def _transactions(self) -> Conversation[None]:
        """For whom the rest worked. What may stand there already is looked for first."""
        places: dict[str, int] = {}
        wanted: dict[str, JSON] = {}
        for i in sorted(self.ids):
            sync, change = self._change(i)
            event = event_of(sync, change)
            if event is None or self.outcomes[i] is not DELIVERED:
                continue
            name = event.ulid
            if change.is_doubtful:
                known = yield from self._sent_before(i)
                if known is None or name in known:
                    continue
            places[name] = i
            wanted[name] = self._transaction(i, event)
        refused = yield from transactions.send(wanted)
        for name, reason in refused.items():
            is_partial = self._change(places[name])[0].kind is Kind.SEGMENT
            self.outcomes[places[name]] = Rejected("qualtrics-transaction", reason, is_partial)

    def _sent_before(self, i: int) -> Conversation[Collection[str] | None]:
        """The ids of the contact's transactions; None without an answer: the row is unconfirmed."""
        try:
            return (yield from transactions.event_ids(self.directory + self._contact(i)))
        except (BatchRefused, NoAnswer) as e:
            self.outcomes[i] = Unknown(e.code)
            return None

    def _transaction(self, i: int, event: Occurrence) -> JSON:
        sync, change = self._change(i)
        mailing_list = None if change.op is Op.REMOVE else Options.of(sync).mailing_list
        return {
            "contactId": self.ids[i],
            "mailingListId": mailing_list or self.home,
            "transactionDate": f"{utc(event.at or self.last.instant()):%Y-%m-%d %H:%M:%S}",
            "data": self.batch[i].parts[1],
        }
