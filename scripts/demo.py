"""The shop, end to end: build, sync to the sandbox, let a day pass, sync only the difference.

Everything it writes lies in target/demo; it needs no account and reaches nothing but loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from sync.sandbox.client import SandboxControl
from sync.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "demo"
BIN = Path(sys.executable).parent
TODAY, TOMORROW = "2024-05-21", "2024-05-22"
BOLD, RESET = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")


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
        say(f"The sandbox stands in for Customer.io at {sandbox.url}")
        say(f"1. Build the shop as of {TODAY}")
        run(str(BIN / "dbt"), "--quiet", "build", "--vars", f"as_of: {TODAY}")
        say("2. First sync: everything is new")
        sync("apply")
        say("3. Sync again: nothing changed, so nothing is sent")
        sync("apply")
        before = sandbox.control.counters()["applied"]
        say(f"4. A day passes: build again as of {TOMORROW}")
        run(str(BIN / "dbt"), "--quiet", "build", "--vars", f"as_of: {TOMORROW}")
        say("5. Look first: what would be sent?")
        sync("plan", "--select", "seg_high_value_cart_abandoners", "--show", "3")
        say("6. Second sync: only the difference")
        sync("apply")
        say("7. What arrived")
        show(sandbox.control, before)
        say("8. One person, explained")
        sync("why", leaver(sandbox.control, before))
    say("The sandbox is stopped. To look around yourself: python -m sync sandbox")


def say(text: str) -> None:
    """A line between the commands' own output."""
    print(f"\n{BOLD}{text}{RESET}", flush=True)


def run(*command: str) -> None:
    """Show a command as a user would type it, and run it."""
    shown = " ".join([Path(command[0]).name, *(f"'{c}'" if " " in c else c for c in command[1:])])
    print(f"$ {shown}", flush=True)
    subprocess.run(command, check=True, cwd=ROOT)


def sync(command: str, *arguments: str) -> None:
    """One sync command; its journal lies beside the demo's warehouse."""
    journal = ("--journal-dir", str(PLACE / "journal")) if command == "apply" else ()
    print(f"$ python -m sync {' '.join([command, *arguments])}", flush=True)
    full = [sys.executable, "-m", "sync", command, *arguments, *journal]
    subprocess.run(full, check=True, cwd=ROOT)


def show(control: SandboxControl, before: int) -> None:
    """Totals, and the second sync by operation."""
    counters = control.counters()
    later = control.applied(since=before)
    kinds = Counter((row["type"], row["action"]) for row in later)
    print(f"People: {counters['people']:,}   objects: {counters['objects']:,}")
    print(f"Operations: {before:,} in the first sync, {len(later):,} in the second:")
    for (kind, action), count in sorted(kinds.items()):
        print(f"  {count:5,}  {kind} {action}")


def leaver(control: SandboxControl, before: int) -> str:
    """Somebody who left a segment in the second sync."""
    for row in control.applied(since=before):
        if row["action"] == "event" and "left" in str(row.get("names", "")):
            return str(row["identity"])
    return str(control.applied(since=before)[0]["identity"])


if __name__ == "__main__":
    main()
