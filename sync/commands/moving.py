"""Carry what is recorded of a sync to another name of it: its model or connection was renamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from sync import __version__
from sync.commands.orphans import Orphan, bare, spellings
from sync.errors import ConfigError, Problem, StateError
from sync.journal.journal import Journal
from sync.journal.process import host, own_process
from sync.model import Sync
from sync.project.project import Project
from sync.project.suggest import did_you_mean
from sync.run.access import StateAccess
from sync.run.store import SqlStore
from sync.state import gone, moves, syncs, written
from sync.state.catalogue import Catalogue
from sync.state.store import Holder, Mark


def heir(project: Project, text: str) -> Sync:
    """The sync of the project that a text names. Raises ConfigError with the nearest spelling."""
    found = [s for s in project.siblings if text in spellings(s.name, s.model, s.connection)]
    if len(found) == 1:
        return found[0]
    known = [spelling for s in found or project.siblings for spelling in (s.name, s.model)]
    what = "names several syncs" if found else "is no sync of the project"
    raise ConfigError(
        Problem(
            "sync-ambiguous" if found else "sync-unknown",
            f"`{text}` {what}",
            hint=did_you_mean(text, known, "syncs"),
            fix="name one sync, as MODEL__CONNECTION",
        )
    )


def move(project: Project, access: StateAccess, orphan: Orphan, new: Sync) -> None:
    """Carry snapshot, targets, dead letters, logs and epoch over. Nothing is sent.

    Raises ConfigError where the two are no one sync, StateError where `new` has state of its own
    or a run of the old one is not settled, and Busy while either is being run.
    """
    if problems := list(_differences(project, orphan, new)):
        raise ConfigError(*problems)
    old = bare(orphan.known)
    with _both(access, old, new) as state:
        if problems := list(_unfit(state, old, new)):
            raise StateError(*problems)
        moves.move(state, orphan.known, new)


@contextmanager
def _both(access: StateAccess, old: Sync, new: Sync) -> Iterator[Catalogue]:
    """Both leases; that of the new name takes an epoch above all that the old one had."""
    holder = Holder("state command", host(), own_process(), __version__)
    stores = [access.store(old), access.store(new)]
    with ExitStack() as locks:
        journals = [_opened(locks, access, *pair) for pair in zip((old, new), stores, strict=True)]
        lease = stores[0].acquire(holder, journals[0].known)
        locks.callback(stores[0].release, lease.epoch)
        above = stores[1].overrule(holder, Mark(max(lease.epoch, journals[1].known.epoch)))
        locks.callback(stores[1].release, above.epoch)
        with access.opened(old.name) as state:
            yield state
        for journal, mark in zip(journals, (lease.mark, above.mark), strict=True):
            journal.settle(mark)


def _opened(locks: ExitStack, access: StateAccess, sync: Sync, store: SqlStore) -> Journal:
    disk = access.disk(sync)
    locks.enter_context(disk.lock())
    journal = Journal(disk)
    journal.open_for(sync.name, store.check())
    return journal


def _differences(project: Project, orphan: Orphan, new: Sync) -> Iterator[Problem]:
    """Why the two can't be one sync, by what is recorded and what the project says."""
    known = orphan.known
    vendor = written.vendor_of(known.mapping) or project.connections.get(known.connection)
    pairs: Sequence[tuple[str, str, str | None, str]] = (
        ("kind", "kind", known.kind, new.kind),
        ("vendor", "vendor", vendor, new.vendor),
        ("identity", "identity column", known.identity, new.identity),
    )
    for code, what, before, now in pairs:
        if before is not None and before != now:
            yield Problem(
                f"move-{code}",
                f"{known.sync} can't become {new.name}: its {what} is {before}, and that of"
                f" {new.name} is {now}",
                where=new.path,
                fix="let the new one begin afresh, and take the old one back:"
                f" python -m sync retire {known.sync}",
            )


def _unfit(state: Catalogue, old: Sync, new: Sync) -> Iterator[Problem]:
    known = syncs.remembered(state)
    if known is None:
        yield Problem(
            "move-nothing",
            f"nothing is recorded of {old.name} any more",
            fix="run: python -m sync status",
        )
        return
    if not known.is_settled:
        yield Problem(
            "unsettled",
            f"what a run of {old.name} sent is not settled yet: it was cut short, or a job of the"
            " destination has it",
            fix=f"give it its old name back and run it once, or take all of it back:"
            f" python -m sync retire {old.name}",
        )
    state.tables = state.tables.of(new.name)
    if gone.has_state(state):
        yield Problem(
            "move-taken",
            f"{new.name} has run already, and has state of its own",
            hint="Two states can't become one: each says what the destination holds of its people.",
            fix=f"take back what only the old one sent: python -m sync retire {old.name}",
        )
