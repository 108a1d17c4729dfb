"""How changes reach XM Directory: one by one or by import, and who leaves, contact by contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from orjson import loads

from sync.destinations.answers import BatchRefused, text_of
from sync.destinations.exchange import JSON, NOTHING, Conversation, NoAnswer, Request, Response
from sync.destinations.qualtrics.contacts import Options, address_of, event_of, key_of
from sync.destinations.qualtrics.imports import import_contacts, no_list
from sync.destinations.qualtrics.reading import look_up, opted_out
from sync.destinations.qualtrics.transactions import Transaction, event_ids, send
from sync.destinations.qualtrics.wire import counted, message, result_of
from sync.destinations.stages import Row, Stage, each, settle
from sync.destinations.transitions import Occurrence
from sync.destinations.values import utc
from sync.model import DELIVERED, Kind, NotAttempted, Op, Outcome, Rejected, Unknown

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

OWING_SECONDS = 3_600.0
"""An import is waited for at least so long when more is due for its rows, which only the run that
began it can send: the next one would have to begin it anew."""


@dataclass(slots=True)
class Delivery:
    """One batch on its way. The `remote_id` of a row is its contact's id."""

    directory: str
    """Its path below the API's root."""
    home: str
    """The mailing list through which contacts are written."""
    import_seconds: float
    """How long an import is waited for."""
    last: Response = NOTHING
    """The last success: when an entry or an exit became known to Qualtrics."""

    def stages(self) -> Sequence[Stage]:
        """Contacts and the memberships that end, then opt-outs, then transactions."""
        return (self._contacts, each(_opt_out), self._transactions)

    def _contacts(self, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        groups: dict[tuple[str, bool, bool], list[Row]] = {}
        first = _distinct(rows)
        for row in first.values():
            options, is_exit = Options.of(row.sync), row.change.op is Op.REMOVE
            of = (options.mailing_list or self.home, is_exit, options.update_only)
            groups.setdefault(of, []).append(row)
        for (mailing_list, is_exit, update_only), due in groups.items():
            if is_exit:
                yield from self._leave(mailing_list, due)
                continue
            if update_only:
                yield from self._recognise(mailing_list, due, is_patient=False)
                due = [row for row in due if row.remote_id]
            yield from self._write(mailing_list, due)
        for row in (row for row in rows if row.is_open):
            written = first[_key(row)]
            row.outcome, row.remote_id = written.outcome, written.remote_id
            if row is not written and isinstance(written.outcome, Unknown):
                row.outcome = NotAttempted(written.outcome.code)  # of its own, nothing was sent
        return [row.outcome for row in rows]

    def _send(self, row: Row, request: Request) -> Conversation[Response]:
        """A request about one row; a 400 refuses it, and a 404 is the caller's to read."""
        response = yield request
        if response.status == 400:
            row.ends(Rejected("qualtrics-400", message(response)))
        elif response.status != 404:
            counted(response)
            self.last = response
        return response

    def _write(self, mailing_list: str, rows: Sequence[Row]) -> Conversation[None]:
        """By import where there are many. Its form has no phone: contacts with one go alone."""
        alone = list(rows)
        if len(rows) > SINGLES:
            alone = [row for row in rows if "phone" in loads(row.part)]
            phoned = set(alone)
            yield from self._import(mailing_list, [row for row in rows if row not in phoned])

        def create(row: Row) -> Conversation[Outcome]:
            path = f"/mailinglists/{mailing_list}/contacts"
            response = yield from self._send(row, Request("POST", path, json=row.part))
            if response.status == 404:
                raise no_list(mailing_list, message(response))
            if response.status != 400:
                row.remote_id = text_of(result_of(response), "id")
            return row.outcome

        yield from settle(alone, each(create))

    def _import(
        self, mailing_list: str, rows: Sequence[Row], is_all: bool = True
    ) -> Conversation[None]:
        if rows:
            is_owing = not is_all or any(row.is_owing for row in rows)
            seconds = max(self.import_seconds, OWING_SECONDS if is_owing else 0.0)
            self.last = yield from import_contacts(mailing_list, rows, seconds, is_all)

    def _recognise(
        self, mailing_list: str, rows: Sequence[Row], is_patient: bool
    ) -> Conversation[None]:
        """Find the ids of contacts that are there; the others are unknown, or have left."""
        wanted = {_key(row): i for i, row in enumerate(rows)}
        path = f"{self.directory}/mailinglists/{mailing_list}"
        found = yield from look_up(path, key_of(rows[0].sync), wanted, is_patient)
        for i, row in enumerate(rows):
            if len(found[i]) == 1:
                row.remote_id = found[i].pop()
            elif found[i]:
                row.ends(SEVERAL_CONTACTS)
            elif row.change.op is Op.REMOVE:
                row.is_done = True
            else:
                row.ends(UNKNOWN_CONTACT)

    def _leave(self, mailing_list: str, rows: Sequence[Row]) -> Conversation[None]:
        """A contact that is not there has left already. None is created, none is deleted."""
        yield from self._recognise(mailing_list, rows, is_patient=True)
        written = [row for row in rows if row.remote_id]
        if len(written) > SINGLES:
            yield from self._import(self.home, written, is_all=mailing_list == self.home)
        else:
            yield from settle(written, each(self._update))
        leaving = [row for row in written if row.is_open]
        for row in leaving:
            row.has_begun = True
        if mailing_list != self.home and leaving:
            yield from self._remove_members(mailing_list, leaving)

    def _update(self, row: Row) -> Conversation[Outcome]:
        response = yield from self._send(row, Request("PUT", _path(row), json=row.part))
        row.is_done = response.status == 404  # gone in the meantime, and so is the membership
        return row.outcome

    def _remove_members(self, mailing_list: str, rows: Sequence[Row]) -> Conversation[None]:
        """A contact that opted out stays on the list: coming back would forget the opt-out."""
        path = f"/mailinglists/{mailing_list}"
        try:
            stay = yield from opted_out(self.directory + path)
        except BatchRefused as e:
            for row in rows:
                row.ends(Rejected(e.code, e.reason))
            return

        def remove(row: Row) -> Conversation[Outcome]:
            yield from self._send(row, Request("DELETE", path + _path(row)))
            return row.outcome

        yield from settle([row for row in rows if row.remote_id not in stay], each(remove))

    def _transactions(self, rows: Sequence[Row]) -> Conversation[Sequence[Outcome]]:
        """What may stand there already is looked for first."""
        wanted: list[Transaction] = []
        for row in rows:
            row.has_begun = row.sync.kind is Kind.SEGMENT  # an event's contact is no part of it
            event = event_of(row.sync, row.change)
            if event is not None and not (yield from self._was_sent(row, event)):
                wanted.append(Transaction(event.ulid, row, self._transaction(row, event)))
        yield from send(wanted)
        return [row.outcome for row in rows]

    def _was_sent(self, row: Row, event: Occurrence) -> Conversation[bool]:
        """Whether it stands there; also where that can't be told, which leaves it unconfirmed."""
        if not row.change.is_doubtful:
            return False
        try:
            known = yield from event_ids(self.directory + _path(row))
        except (BatchRefused, NoAnswer) as e:
            row.outcome = Unknown(e.code)
            return True
        return event.ulid in known

    def _transaction(self, row: Row, event: Occurrence) -> JSON:
        is_exit = row.change.op is Op.REMOVE
        mailing_list = None if is_exit else Options.of(row.sync).mailing_list
        return {
            "contactId": row.remote_id,
            "mailingListId": mailing_list or self.home,
            "transactionDate": f"{utc(event.at or self.last.instant()):%Y-%m-%d %H:%M:%S}",
            "data": row.part,
        }


def _opt_out(row: Row) -> Conversation[Outcome]:
    """For the whole directory, which the fields of a list's contact don't reach."""
    response = yield Request("PUT", _path(row), json=row.part)
    if response.status >= 400:
        return Rejected("qualtrics-opt-out", message(response))
    counted(response)
    return DELIVERED


def _distinct(rows: Sequence[Row]) -> dict[str, Row]:
    """The row with which each contact is written, by key: several events of one person need it
    once. Qualtrics compares keys without regard to case, and would make one contact of two."""
    kept: dict[str, Row] = {}
    for row in rows:
        first = kept.setdefault(_key(row), row)
        is_follower = _address(first) == _address(row) and row.sync.kind is Kind.EVENTS
        if first is not row and not is_follower:
            row.ends(SAME_CONTACT)
    return kept


def _address(row: Row) -> str:
    return address_of(row.sync, row.change.external_id)


def _key(row: Row) -> str:
    return _address(row).lower()


def _path(row: Row) -> str:
    return f"/contacts/{quote(row.remote_id, safe='')}"
