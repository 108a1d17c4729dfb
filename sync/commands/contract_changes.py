"""What a new contract of a sync changes for its readers, and what the next run does about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sync.commands.conditions import conditions
from sync.commands.contract import allowed_in, in_words, writes
from sync.destinations.targets import Target
from sync.model import Kind, Sync, Trait
from sync.project.documentation import NO_FACTS, ColumnFacts, Documentation
from sync.project.drafts import Draft
from sync.project.naming import bare, traits_of_segment
from sync.state.mapping import fits, form


class Effect(StrEnum):
    """What the next complete run does about a change."""

    NOTHING = "nothing"
    SENDS_SOME = "sends_some"
    """Rows that the change is about."""
    SENDS_ALL = "sends_all"
    MOVES_ALL = "moves_all"
    """All members leave the old place and enter the new one."""
    MAY_MOVE = "may_move"
    """Who is in may be others; only a plan can tell how many."""
    ADDS_ALL = "adds_all"
    REMOVES_ALL = "removes_all"
    IS_REFUSED = "is_refused"
    """The run refuses the sync until its owner decides."""


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One difference between two contracts of a sync."""

    code: str
    text: str
    """What changed, as the end of a sentence that begins with the sync."""
    where: str
    """File and key."""
    is_breaking: bool = False
    effect: Effect = Effect.NOTHING
    remedy: str = ""
    """How to mend it, where raising the version is not it."""


@dataclass(frozen=True, slots=True)
class Side:
    """A sync as one of the two manifests has it."""

    draft: Draft
    documentation: Documentation

    @property
    def sync(self) -> Sync:
        """As it was compiled."""
        return self.draft.sync

    def facts(self, column: str) -> ColumnFacts:
        """What the YAML promises of a column."""
        return self.documentation.columns.get((self.sync.unique_id, column), NO_FACTS)

    def allowed(self, column: str) -> tuple[Any, ...] | None:
        """The values that a column may have; None where any may."""
        return allowed_in(self.draft.activated.model.columns[column], self.facts(column))

    def at(self, *keys: str) -> str:
        """Where a key of the model stands."""
        return self.draft.activated.place.at(*keys)

    def entry_at(self, *keys: str) -> str:
        """Where a key of the entry stands."""
        return self.draft.place.at(*keys)

    def column_at(self, column: str, key: str) -> str:
        """Where a key of a column stands."""
        return f"{self.draft.activated.place.file}, columns.{column}.{key}"

    def trait_at(self, trait: Trait) -> str:
        """Where a trait is mapped: in the entry, or by being a column."""
        if trait.constant is not None:
            return self.entry_at("version_trait")
        if self.draft.entry.traits is None:
            return self.column_at(trait.column, "name")
        return self.entry_at("traits", trait.name)


def changes(old: Side, new: Side) -> list[ContractChange]:
    """All of them; those that break something stand first."""
    found = [
        *_keys(old, new),
        *_place(old, new),
        *_traits(old, new),
        *_columns(old, new),
        *_rest(old, new),
    ]
    return sorted(found, key=lambda change: not change.is_breaking)


def _keys(old: Side, new: Side) -> Iterator[ContractChange]:
    """Kind, and the columns that tell rows apart."""
    was, now = old.sync, new.sync
    if was.kind is not now.kind:
        text = f"is of kind {now.kind}, and was of kind {was.kind}"
        yield ContractChange("kind-changed", text, new.at("kind"), True, _move(old, new))
    if was.identity != now.identity:
        text = f"tells people apart by `{now.identity}`, and did so by `{was.identity}`"
        where = new.at("identity")
        yield ContractChange("identity-changed", text, where, True, Effect.IS_REFUSED)
    for key, before, after in (
        ("event_id", was.event_id, now.event_id),
        ("relates_to", was.related_id, now.related_id),
    ):
        if before != after and was.kind is now.kind:
            text = f"has {_named(after)} as its `{key}`, and had {_named(before)}"
            yield ContractChange("key-changed", text, new.at(key), True, Effect.SENDS_ALL)
    if (was.identify_by, was.external_id) != (now.identify_by, now.external_id):
        text = f"is addressed by {_address(now)}, and was by {_address(was)}"
        effect = Effect.SENDS_SOME if was.identify_by == now.identify_by else _move(old, new)
        where = new.entry_at("identify_by")
        yield ContractChange("identity-changed", text, where, True, effect)


def _named(column: str | None) -> str:
    return f"`{column}`" if column else "nothing"


def _address(sync: Sync) -> str:
    return f"{sync.identify_by or 'identity'} in `{sync.external_id or sync.identity}`"


def _place(old: Side, new: Side) -> Iterator[ContractChange]:
    """Segment, event and object type, as the destination calls them."""
    was, now = old.sync, new.sync
    if was.kind is now.kind and writes(was) != writes(now):
        text = f"writes to {in_words(writes(now))}, and wrote to {in_words(writes(was))}"
        keys = {Kind.SEGMENT: "segment", Kind.EVENTS: "event", Kind.OBJECTS: "object_type"}
        code = f"{keys[now.kind].partition('_')[0]}-renamed"
        is_segment = now.kind is Kind.SEGMENT
        where = new.entry_at("segment") if is_segment else new.at(keys[now.kind])
        yield ContractChange(code, text, where, True, _move(old, new))


def _move(old: Side, new: Side) -> Effect:
    """Whether rows that were acknowledged are elsewhere now."""
    if Kind.EVENTS in (old.sync.kind, new.sync.kind):
        return Effect.NOTHING
    was, now = Target.of(old.sync), Target.of(new.sync)
    if was.place != now.place:
        return Effect.MOVES_ALL
    return Effect.SENDS_ALL if was.manner != now.manner else Effect.NOTHING


def _traits(old: Side, new: Side) -> Iterator[ContractChange]:
    was = {trait.name: trait for trait in old.sync.traits}
    now = {trait.name: trait for trait in new.sync.traits}
    own = traits_of_segment(old.sync.segment or "") if _is_renamed(old, new) else ()
    gone = [trait for name, trait in was.items() if name not in now and name not in own]
    own = traits_of_segment(new.sync.segment or "") if _is_renamed(old, new) else ()
    came = [trait for name, trait in now.items() if name not in was and name not in own]
    renamed = {t.name: next((c for c in came if c.column == t.column), None) for t in gone}
    empties = {t.name: new.sync.empties(t.name) for t in gone}
    for trait in gone:
        after = renamed[trait.name]
        sends = after is not None or empties[trait.name]
        effect = _again(new, Effect.SENDS_ALL if sends else Effect.NOTHING)
        left = "it is emptied" if empties[trait.name] else "its last values stay"
        if after:
            text = f"sends `{after.name}` in place of the trait `{trait.name}`; {left}"
            yield ContractChange("trait-renamed", text, new.trait_at(after), True, effect)
        else:
            text = f"sends the trait `{trait.name}` no more; {left}"
            yield ContractChange("trait-dropped", text, old.trait_at(trait), True, effect)
    kept = {after.name for after in renamed.values() if after}
    for trait in came:
        if trait.name not in kept:
            text = f"sends the trait `{trait.name}` too"
            yield ContractChange(
                "trait-added", text, new.trait_at(trait), effect=_again(new, Effect.SENDS_ALL)
            )
    for name, trait in now.items():
        if name in was:
            yield from _trait(old, new, was[name], trait)


def _is_renamed(old: Side, new: Side) -> bool:
    """Whether the segment is, and with it the traits that are named after it."""
    return old.sync.segment != new.sync.segment


def _again(side: Side, effect: Effect) -> Effect:
    """Events that were sent are never sent again for what is in them."""
    return Effect.NOTHING if side.sync.kind is Kind.EVENTS else effect


def _trait(old: Side, new: Side, was: Trait, now: Trait) -> Iterator[ContractChange]:
    if was.column != now.column:
        text = f"takes the trait `{now.name}` from `{now.column}`, and took it from `{was.column}`"
        where, effect = new.trait_at(now), _again(new, Effect.SENDS_SOME)
        yield ContractChange("trait-mapped", text, where, effect=effect)
    if was.data_type.lower() != now.data_type.lower():
        yield _retyped(old, new, was, now)
    if (was.default, was.nulls) != (now.default, now.nulls):
        is_tighter = now.nulls == "reject" != was.nulls and now.default is None
        said = f"default {now.default!r}" if now.default is not None else f"nulls: {now.nulls}"
        before = f"default {was.default!r}" if was.default is not None else f"nulls: {was.nulls}"
        text = f"has for a null in the trait `{now.name}` {said}, and had {before}"
        code = "nulls-tightened" if is_tighter else "nulls-changed"
        where = new.draft.activated.column_place(now.column).at()
        effect = _again(new, Effect.SENDS_SOME)
        yield ContractChange(code, text, where, is_tighter, effect)


def _retyped(old: Side, new: Side, was: Trait, now: Trait) -> ContractChange:
    dialects = [
        side.draft.activated.model.columns[trait.column].dialect
        for side, trait in ((old, was), (new, now))
    ]
    is_same = form(was.data_type, dialects[0]) == form(now.data_type, dialects[1])
    is_wider = is_same and fits(was.data_type, now.data_type, dialects[1])
    text = f"sends the trait `{now.name}` as {now.data_type}, and did so as {was.data_type}"
    effect = _again(new, Effect.NOTHING if is_same else Effect.SENDS_ALL)
    code = "trait-widened" if is_wider else "trait-retyped"
    return ContractChange(code, text, new.column_at(now.column, "data_type"), not is_wider, effect)


def _columns(old: Side, new: Side) -> Iterator[ContractChange]:
    """What tests and constraints promise of columns that go out, each once."""
    sent = dict.fromkeys(trait.column for trait in new.sync.traits if trait.column)
    for column in sent:
        if column in old.draft.activated.columns:
            yield from _values(new, column, old.allowed(column), new.allowed(column))
            yield from _promises(new, column, old.facts(column), new.facts(column))


Values = tuple[Any, ...] | None


def _values(side: Side, column: str, before: Values, after: Values) -> Iterator[ContractChange]:
    where = side.column_at(column, "data_tests")
    lost = [v for v in before or () if after is not None and v not in after]
    if lost or (before is None and after is not None):
        which = f" no more {_listed(lost)}" if lost else f" only {_listed(list(after or ()))}"
        text = f"allows{which} in `{column}`"
        yield ContractChange("values-narrowed", text, where, True)
    elif before != after and set(map(repr, before or ())) != set(map(repr, after or ())):
        new = [v for v in after or () if v not in (before or ())]
        text = f"allows {_listed(new) if after is not None else 'any value'} in `{column}` too"
        yield ContractChange("values-widened", text, where)


def _promises(
    side: Side, column: str, was: ColumnFacts, now: ColumnFacts
) -> Iterator[ContractChange]:
    where = side.column_at(column, "data_tests")
    if now.is_required and not was.is_required:
        text = f"allows no null in `{column}` any more"
        yield ContractChange("nulls-tightened", text, where, True)
    elif was.is_required and not now.is_required:
        yield ContractChange("nulls-loosened", f"allows nulls in `{column}`", where)
    if was.limits != now.limits:
        limits = ", ".join(now.limits) or "none"
        text = f"has the limits {limits} for `{column}`, and had {', '.join(was.limits) or 'none'}"
        yield ContractChange("limits-changed", text, where)


def _listed(values: list[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _rest(old: Side, new: Side) -> Iterator[ContractChange]:
    """Options, conditions and the query."""
    was, now = _options(old.sync), _options(new.sync)
    names = sorted(name for name in {**was, **now} if was.get(name) != now.get(name))
    if names:
        text = f"has other options: {', '.join(f'`{name}`' for name in names)}"
        is_moved = _place_of_options(old, new)
        effect = _move(old, new) if is_moved else Effect.NOTHING
        yield ContractChange("options-changed", text, new.entry_at(), effect=effect)
    gone = [c for c in conditions(old.sync) if c not in [*conditions(new.sync)]]
    came = [c for c in conditions(new.sync) if c not in [*conditions(old.sync)]]
    if gone or came:
        said = "; ".join([*(f"now {c}" for c in came), *(f"no more {c}" for c in gone)])
        text = f"has other conditions: {said}"
        yield ContractChange("conditions-changed", text, new.at(), effect=Effect.MAY_MOVE)
    models = old.draft.activated.model, new.draft.activated.model
    if bare(models[0].raw_code) != bare(models[1].raw_code):
        where = new.draft.activated.model.path
        yield ContractChange("query-changed", "has another query", where, effect=Effect.MAY_MOVE)


def _options(sync: Sync) -> dict[str, Any]:
    options = sync.options
    return {} if options is None else dict(options.model_dump(mode="json", exclude_defaults=True))


def _place_of_options(old: Side, new: Side) -> bool:
    """Whether options alone decide it: a renamed segment says it itself."""
    return writes(old.sync) == writes(new.sync)
