"""The shop, end to end: build, sync to five stand-ins, let a day pass, sync only the difference.

Everything it writes lies in target/demo; it needs no account and reaches nothing but loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from activation_sandbox.client import Record, SandboxControl
from activation_sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "demo"
BIN = Path(sys.executable).parent
TODAY, TOMORROW = "2024-05-21", "2024-05-22"
CARTS = "seg_high_value_cart_abandoners"
IN_CARTS, LEFT_CARTS = "cart_recovery", "left_cart_recovery"
VENDORS = {
    "customerio": "Customer.io",
    "fullstory": "Fullstory",
    "gainsight_px": "Gainsight PX",
    "launchdarkly": "LaunchDarkly",
    "qualtrics": "Qualtrics",
}
PX_ATTRIBUTES = {
    "shop_cart_recovery": "BOOLEAN",
    "shop_cart_recovery_reason": "STRING",
    "shop_cart_recovery_tier": "STRING",
    "shop_cart_value": "NUMBER",
    "shop_checkout_friction": "BOOLEAN",
    "shop_checkout_friction_reason": "STRING",
}
WIN_BACK = {"CG_winback": "Win-back survey"}
SURVEY = "SV_sandbox"
ANSWERS = (
    {"QID1": (1, "It got too expensive"), "QID2": (1, "You may write to me")},
    {"QID1": (2, "Delivery took too long"), "QID2": (1, "You may write to me")},
    {"QID1": (3, "You lack what I look for"), "QID2": (2, "Leave me alone")},
)
"""Why somebody left, and whether the shop may write to them: the value and label of each choice."""
BOLD, DIM, RESET = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")

Controls = dict[str, SandboxControl]
"""By vendor: what asks the sandbox about it."""


def main() -> None:
    """Run the story and print what arrived."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    shutil.copy(ROOT / "profiles.yml.example", PLACE / "profiles.yml")
    with Sandbox() as sandbox:
        os.environ |= {
            "DBT_PROFILES_DIR": str(PLACE),
            "DBT_TARGET_PATH": str(PLACE / "dbt"),
            "SHOP_DUCKDB": str(PLACE / "shop.duckdb"),
            "SANDBOX_URL": sandbox.url,
        }
        tell({vendor: SandboxControl(sandbox.url, vendor) for vendor in VENDORS})
    say("Done", "The sandbox is stopped and has forgotten everything. What the demo wrote:")
    show_files()


def tell(at: Controls) -> None:
    """Two days of the shop."""
    say(
        "A shop's customers on their way to five destinations",
        f"A sandbox on this machine stands in for all of them, at {at['customerio'].url}."
        " The warehouse is a DuckDB file. This takes about a minute and a half.",
    )
    prepare(at)
    build(1, f"Build the shop as it was on {TODAY}", TODAY)
    say(
        "2. First sync",
        "Nothing is acknowledged yet, so all of every model goes out, but for people whom a"
        " guardrail keeps back: without consent, held out, or outside a rollout of 5 %."
        " Cart recovery reaches LaunchDarkly first, then Customer.io.",
    )
    sync("apply")
    say("3. Sync again", "Every model is compared in the warehouse. Nothing changed.")
    sync("apply")
    before = {vendor: control.counters()["applied"] for vendor, control in at.items()}
    say(
        "4. Answers come back",
        "Three customers on the win-back list answer the survey, and so leave the list.",
    )
    asked = answer_survey(at["qualtrics"])
    sync("pull", "qualtrics")
    build(5, f"A day passes: build the shop as it was on {TOMORROW}", TOMORROW)
    say(
        "6. Look before sending",
        "Plan one segment at two destinations. Whoever is new waits in Customer.io until"
        " LaunchDarkly has the person.",
    )
    one_segment = (f"{CARTS},destination:{vendor}" for vendor in ("launchdarkly", "customerio"))
    sync("plan", "--select", *one_segment, "--show", "3")
    say("7. Second sync", "Only the difference between the two days goes out.")
    sync("apply")
    say("8. What arrived", "Counted by the sandbox, which knows nothing of our state.")
    show_arrivals(at, before)
    show_answers(at, asked)
    person = leaver(at["customerio"], before["customerio"])
    say("9. One person, explained", f"{person} was in {IN_CARTS} yesterday, and left it.")
    sync("why", person)
    show_person(at, person)


def prepare(at: Controls) -> None:
    """What somebody creates by hand at the real vendors, because their APIs don't."""
    at["gainsight_px"].set_switch("user_attributes", PX_ATTRIBUTES)
    at["qualtrics"].seed({"lists": WIN_BACK})


def answer_survey(qualtrics: SandboxControl) -> list[str]:
    """Three members of the win-back list answer during the next day; their identities."""
    (name,) = WIN_BACK.values()
    members = sorted(p["identifiers"]["id"] for p in qualtrics.people() if name in p["segments"])
    asked = members[: len(ANSWERS)]
    responses = [
        {
            "ext_ref": who,
            "recorded_at": f"{TOMORROW}T09:0{minute}:00Z",
            "answers": {question: value for question, (value, _) in answers.items()},
            "labels": {question: label for question, (_, label) in answers.items()},
        }
        for minute, (who, answers) in enumerate(zip(asked, ANSWERS, strict=True))
    ]
    qualtrics.seed({"surveys": [{"id": SURVEY, "responses": responses}]})
    return asked


def say(title: str, text: str) -> None:
    """A heading between the commands' own output, with a sentence about what follows."""
    print(f"\n{BOLD}{title}{RESET}")
    for line in textwrap.wrap(text, 88):
        print(f"{DIM}{line}{RESET}")
    print(flush=True)


def build(number: int, title: str, day: str) -> None:
    """One dbt build, with its tests; quiet, because dbt's lines are not what this is about."""
    say(f"{number}. {title}", "Models, unit tests and data tests; dbt says nothing if all pass.")
    run([str(BIN / "dbt"), "--quiet", "build", "--vars", f"as_of: {day}"])


def sync(command: str, *arguments: str) -> None:
    """One sync command; its journal lies beside the demo's warehouse."""
    journal = ("--journal-dir", str(PLACE / "journal")) if command == "apply" else ()
    run([sys.executable, "-m", "sync", command, *arguments], hidden=journal)


def run(command: Sequence[str], hidden: Sequence[str] = ()) -> None:
    """Show a command as a user would type it, and run it; `hidden` is only about places."""
    shown = [Path(command[0]).name, *(f"'{c}'" if " " in c else c for c in command[1:])]
    if shown[0].startswith("python"):
        shown[0] = "python"
    print(f"$ {' '.join(shown)}", flush=True)
    subprocess.run([*command, *hidden], check=True, cwd=ROOT)


def show_arrivals(at: Controls, before: dict[str, int]) -> None:
    """People and operations of each vendor, and Customer.io's second sync by operation."""
    print(f"{'':<14}{'people':>8}{'first sync':>12}{'second sync':>13}")
    for vendor, control in at.items():
        counters = control.counters()
        first, second = before[vendor], counters["applied"] - before[vendor]
        print(f"{VENDORS[vendor]:<14}{counters['people']:>8,}{first:>12,}{second:>13,}")
    later = at["customerio"].applied(since=before["customerio"])
    kinds = Counter((row["type"], row["action"]) for row in later)
    print("\nThe second sync to Customer.io by operation:")
    for (kind, action), count in sorted(kinds.items()):
        print(f"  {count:5,}  {kind} {action}")


def show_answers(at: Controls, asked: Sequence[str]) -> None:
    """What became of the survey's answers at Customer.io and in Qualtrics itself."""
    (win_back,) = WIN_BACK.values()
    print("\nWho answered the survey, and what came of it:")
    for who in asked:
        told = attributes(at["customerio"], who)
        follow_up = (
            f"in survey_followup because of {told['survey_followup_reason']}"
            if told.get("survey_followup")
            else "asked to be left alone, so in no segment"
        )
        person = at["qualtrics"].person(who)
        is_listed = person is not None and win_back in person["segments"]
        print(f"  {who}  {follow_up}; win-back list: {'still on it' if is_listed else 'off it'}")


def attributes(control: SandboxControl, identity: str) -> Record:
    """What one vendor's sandbox holds of somebody; nothing for nobody."""
    person = control.person(identity)
    return dict(person["attributes"]) if person else {}


def leaver(control: SandboxControl, before: int) -> str:
    """Somebody whose exit from the cart segment is among the events of the second sync."""
    later = {row["identity"] for row in control.applied(since=before) if row["action"] == "event"}
    exits = [e for e in control.events() if e["name"] == LEFT_CARTS]
    return min(str(e["who"]) for e in exits if e["who"] in later)


def show_person(at: Controls, identity: str) -> None:
    """What each vendor holds of one person, and where the sandbox shows it while it runs."""
    print(f"\nWhat the destinations hold of {identity}:")
    for vendor, control in at.items():
        person = control.person(identity)
        print(f"  {VENDORS[vendor]:<14}{summary(person) if person else 'nobody'}")
    print(f"\nIn a browser, while the sandbox runs: {at['customerio'].url}/_person?q={identity}")


def summary(person: Record) -> str:
    """The segments and what tells of the cart, without whatever is personal."""
    told = {n: v for n, v in person["attributes"].items() if n.endswith(IN_CARTS)}
    segments = [f"in {name}" for name in person["segments"]]
    rest = ", ".join(
        f"{count} {what}{'s' * (count != 1)}"
        for count, what in ((len(person["attributes"]), "attribute"), (person["events"], "event"))
    )
    flags = [f"{name} = {str(value).lower()}" for name, value in told.items()]
    return "; ".join([*flags, *(segments or ["in no segment or list"]), rest])


def show_files() -> None:
    """Where the demo's files are, and how to go on."""
    here = PLACE.relative_to(ROOT)
    for name, what in (
        ("shop.duckdb", "the models, and the state in schema main_activation"),
        ("dbt/sync_results.json", "the last sync, for machines"),
        ("dbt/manifest.json", "what dbt built, and the models' metadata"),
        ("profiles.yml", "warehouse and destinations, a copy of profiles.yml.example"),
        ("journal/", "what was in flight; holds nothing between runs"),
    ):
        print(f"  {here / name!s:<36}{what}")
    print("\nTo try it by hand, with a page that shows what arrives: README.md, under Try it.")


if __name__ == "__main__":
    main()
