"""The shop, end to end: build, sync to the sandbox, let a day pass, sync only the difference.

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

from sync.sandbox.client import Record, SandboxControl
from sync.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "demo"
BIN = Path(sys.executable).parent
TODAY, TOMORROW = "2024-05-21", "2024-05-22"
CARTS = "seg_high_value_cart_abandoners"
IN_CARTS, LEFT_CARTS = "cart_recovery", "left_cart_recovery"
BOLD, DIM, RESET = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


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
        say(
            "A shop's customers on their way to Customer.io",
            f"A sandbox on this machine stands in for Customer.io, at {sandbox.url}."
            " The warehouse is a DuckDB file. This takes about a minute.",
        )
        build(1, f"Build the shop as it was on {TODAY}", TODAY)
        say("2. First sync", "Nothing is acknowledged yet, so all of every model goes out.")
        sync("apply")
        say("3. Sync again", "Every model is compared in the warehouse. Nothing changed.")
        sync("apply")
        before = sandbox.control.counters()["applied"]
        build(4, f"A day passes: build the shop as it was on {TOMORROW}", TOMORROW)
        say("5. Look before sending", "Plan one segment, and show three of its changes.")
        sync("plan", "--select", CARTS, "--show", "3")
        say("6. Second sync", "Only the difference between the two days goes out.")
        sync("apply")
        say("7. What arrived", "Counted by the sandbox, which knows nothing of our state.")
        show(sandbox.control, before)
        person = leaver(sandbox.control, before)
        say("8. One person, explained", f"{person} was in {IN_CARTS} yesterday, and left it.")
        sync("why", person)
        show_person(sandbox.control, person)
    say("Done", "The sandbox is stopped and has forgotten everything. What the demo wrote:")
    show_files()


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


def show(control: SandboxControl, before: int) -> None:
    """Totals, and the second sync by operation."""
    counters = control.counters()
    later = control.applied(since=before)
    kinds = Counter((row["type"], row["action"]) for row in later)
    people, objects = counters["people"], counters["objects"]
    print(f"Customer.io would now hold {people:,} people and {objects:,} objects.")
    print(f"Operations: {before:,} in the first sync, {len(later):,} in the second:")
    for (kind, action), count in sorted(kinds.items()):
        print(f"  {count:5,}  {kind} {action}")


def leaver(control: SandboxControl, before: int) -> str:
    """Somebody whose exit from the cart segment is among the events of the second sync."""
    later = {row["identity"] for row in control.applied(since=before) if row["action"] == "event"}
    return next(str(e["who"]) for e in exits(control) if e["who"] in later)


def exits(control: SandboxControl) -> list[Record]:
    """Events that tell of somebody leaving the cart segment."""
    return [e for e in control.events() if e["name"] == LEFT_CARTS]


def show_person(control: SandboxControl, identity: str) -> None:
    """What the sandbox holds of the segment, and the event that told campaigns."""
    person = control.person(identity)
    assert person is not None
    told = [e for e in exits(control) if e["who"] == identity]
    is_in = str(person["attributes"][IN_CARTS]).lower()
    print(f"\nAt Customer.io: {IN_CARTS} = {is_in}, and {len(told)} event {LEFT_CARTS}.")


def show_files() -> None:
    """Where the demo's files are, and how to go on."""
    here = PLACE.relative_to(ROOT)
    for name, what in (
        ("shop.duckdb", "the models, and the state in schema main_activation"),
        ("dbt/sync_results.json", "the last sync, for machines"),
        ("dbt/manifest.json", "what dbt built, and the models' metadata"),
        ("profiles.yml", "warehouse and destination, a copy of profiles.yml.example"),
        ("journal/", "what was in flight; holds nothing between runs"),
    ):
        print(f"  {here / name!s:<36}{what}")
    print("\nTo try it by hand, with a page that shows what arrives: README.md, under Try it.")


if __name__ == "__main__":
    main()
