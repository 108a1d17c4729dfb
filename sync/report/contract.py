"""The contract as one page of Markdown, for readers who know no SQL."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sync.commands.contract import WRITTEN_BY, in_words
from sync.report.words import plural

HEADINGS = {
    "traits": "Traits",
    "segment": "Segments",
    "events": "Events",
    "objects": "Objects",
    "suppression": "Suppressions",
    "consent": "Consents",
    "cohort": "Cohorts",
    "outcome": "Outcomes",
}
CONSULTED = {
    "suppression": "Who stands here is not sent.",
    "consent": "Who agreed to what.",
    "cohort": "Who is reached first.",
    "outcome": "What is measured.",
}
WORDS = {"traits": "trait", "segment": "trait", "events": "property", "objects": "attribute"}
NAMED = frozenset({"segment", "event", "object type"})
NULLS = {"unset": "empties it", "skip": "leaves it alone", "reject": "rejects the row"}
JINJA = re.compile(r"\{(?=[{%#])")
"""dbt reads Markdown for its docs blocks, and an unknown one ends it."""
UNSAFE = re.compile(r"([\\`*_\[\]<>|#])")
Contract = Mapping[str, Any]


def page(contract: Contract) -> str:
    """The whole page, with a line end at its end."""
    models = contract["models"]
    blocks = [
        f"# Activation contract of {text(contract['project'])}",
        f"<!-- Written by `{WRITTEN_BY}` from the models' metadata: edit that instead. -->",
        _overview(models),
    ]
    if models:
        blocks += [_names(models), *_by_kind(models)]
    return "\n\n".join(blocks) + "\n"


def _overview(models: Sequence[Contract]) -> str:
    syncs = sum(len(m["destinations"]) for m in models)
    names = {(d["destination"]) for m in models for d in m["destinations"]}
    traits = {(c["column"], m["model"]) for m in models for c in m["columns"] if c["sent"]}
    return (
        f"{plural(len(models), 'model')}, {plural(syncs, 'sync')} to"
        f" {plural(len(names), 'destination')}, {plural(len(traits), 'column')} sent."
        " What stays here is never sent, and neither is a column that no model below has."
    )


def _names(models: Sequence[Contract]) -> str:
    """Every name that a destination sees, from A to Z."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for model in models:
        source = f"[{text(model['model'])}]({_anchor(model)})"
        for sent in model["destinations"]:
            for what, name in sent["writes"].items():
                if what in NAMED:
                    found[name, what, source].append(sent["destination"])
            if name := sent["options"].get("version_trait"):
                found[name, WORDS[model["kind"]], source].append(sent["destination"])
        for column in model["columns"]:
            place = f"{source}.{text(column['column'])}"
            for destination, names in column["sent"].items():
                for name in names:
                    found[name, WORDS[model["kind"]], place].append(destination)
    rows = [
        (code(name), what, ", ".join(map(text, sorted(destinations))), source)
        for (name, what, source), destinations in sorted(found.items(), key=_from_a_to_z)
    ]
    if not rows:
        return "Nothing is sent."
    titles = ("name", "what", "destinations", "from")
    return "## Names at destinations\n\n" + _table(titles, rows)


def _from_a_to_z(item: tuple[tuple[str, ...], object]) -> tuple[str, tuple[str, ...]]:
    return item[0][0].lower(), item[0]


def _by_kind(models: Sequence[Contract]) -> Iterator[str]:
    for kind, heading in HEADINGS.items():
        chosen = [model for model in models if model["kind"] == kind]
        if chosen:
            yield f"## {heading}"
            if kind in CONSULTED:
                yield f"{CONSULTED[kind]} Never sent, only consulted."
        for model in chosen:
            yield from _model(model)


def _model(model: Contract) -> Iterator[str]:
    yield f"### {text(model['model'])}"
    yield from (text(model[key]) for key in ("description", "purpose") if model[key])
    facts = {
        "owner": text(model["owner"] or "not named"),
        "version": str(model["version"]),
        "SLA": text(model["sla"] or "none"),
        "identity": code(model["identity"]),
        "tags": ", ".join(map(code, model["tags"])),
        "also read by": ", ".join(map(text, model["consumers"])),
        "file": code(model["path"]),
    }
    yield "\n".join(f"- {key}: {value}" for key, value in facts.items() if value)
    if model["destinations"]:
        titles = ("destination", "writes", "on leaving", "options", "conditions")
        yield _table(titles, [_destination(d) for d in model["destinations"]])
    elif model["kind"] not in CONSULTED:
        yield "Goes nowhere for now."
    heads = ("column", "type", "allowed", "null", "goes out as", "meaning")
    yield _table(heads, [_column(c, model["kind"]) for c in model["columns"]])


def _destination(sent: Contract) -> Sequence[str]:
    vendor = "" if sent["vendor"] == sent["destination"] else f" ({text(sent['vendor'])})"
    leaves = {"unset": "taken back", "keep": "kept", None: ""}
    return (
        f"{text(sent['destination'])}{vendor}",
        text(in_words(sent["writes"])),
        leaves[sent["on_remove"]],
        ", ".join(f"{code(key)}: {code(_plain(v))}" for key, v in _options(sent["options"])),
        "; ".join(map(text, sent["conditions"])),
    )


def _options(options: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """`on_enter.event` and its value."""
    for key, value in options.items():
        if isinstance(value, dict):
            yield from _options(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _column(column: Contract, kind: str) -> Sequence[str]:
    return (
        code(column["column"]),
        text(column["type"]),
        ", ".join(_allowed(column)),
        _null(column, kind),
        "; ".join([*_sent(column["keys"]), *_sent(column["sent"])]) or "stays here",
        " ".join(_meaning(column)),
    )


def _allowed(column: Contract) -> Iterator[str]:
    if column["allowed_values"] is not None:
        yield from (code(_plain(value)) for value in column["allowed_values"])
    yield from map(text, column["limits"])


def _null(column: Contract, kind: str) -> str:
    if column["default"] is not None:
        return f"sent as {code(_plain(column['default']))}"
    if column["is_required"]:
        return "never"
    if kind == "events" and column["nulls"] == "unset":
        return "left out"
    return NULLS.get(column["nulls"], "")


def _sent(sent: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """`plan` at customerio, launchdarkly: one phrase for each name."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for destination, names in sent.items():
        for name in names:
            by_name[name].append(destination)
    for name, destinations in by_name.items():
        yield f"{code(name)} at {', '.join(map(text, destinations))}"


def _meaning(column: Contract) -> Iterator[str]:
    if column["roles"]:
        yield f"({', '.join(map(text, column['roles']))})"
    if column["is_personal"]:
        yield "**Personal data.**"
    if column["description"]:
        yield _sentence(text(column["description"]))
    if column["why"]:
        yield _sentence(f"Why: {text(column['why'])}")
    if column["sent"] and not column["is_sent_alone"]:
        yield "A change of it alone is not sent."
    if column["bands"]:
        yield f"Sent when it crosses {', '.join(map(_plain, column['bands']))}."


def _sentence(words: str) -> str:
    return words if words[-1] in ".!?" else f"{words}."


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Without the columns that are empty in every row."""
    kept = [n for n in range(len(titles)) if any(row[n] for row in rows)]
    lines = [[titles[n] for n in kept], ["---"] * len(kept), *([r[n] for n in kept] for r in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def text(words: object) -> str:
    """Words of other people: on one line, and neither Markdown, HTML nor Jinja."""
    flat = re.sub(r"\s+", " ", str(words)).strip()
    escaped = UNSAFE.sub(r"\\\1", flat).replace("\\<", "&lt;").replace("\\>", "&gt;")
    return JINJA.sub("&#123;", re.sub(r"(?<=\w)\\_(?=\w)", "_", escaped))


def code(words: object) -> str:
    """The same in the letters of code."""
    flat = re.sub(r"\s+", " ", str(words)).strip()
    if re.search(r"[`|<>]", flat) or JINJA.search(flat):
        return text(flat)
    return f"`{flat}`"


def _plain(value: object) -> str:
    """A value as JSON has it; text without quotes where it can be read so."""
    is_plain = isinstance(value, str) and value and value == " ".join(value.split())
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)


def _anchor(model: Contract) -> str:
    return "#" + re.sub(r"[^\w\- ]", "", model["model"].lower()).replace(" ", "-")
