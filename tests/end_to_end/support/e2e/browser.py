"""A headless Chromium, driven over its debugging pipe: one page, asked with JavaScript."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WAIT_SECONDS = 120.0


def find_browser() -> str | None:
    """Where one is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Page:
    """An open page. `errors` are what its console complained of so far."""

    commands: int
    answers: int
    session: str = ""
    errors: list[str] = field(default_factory=list)
    _number: int = 0
    _read: bytes = b""

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol; its result."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        return self._until(lambda m: m.get("id") == self._number)

    def open(self, path: Path) -> None:
        self.call("Page.navigate", url=path.as_uri())
        give_up = time.monotonic() + WAIT_SECONDS
        while self.ask("document.readyState + location.protocol") != "completefile:":
            assert time.monotonic() < give_up
            time.sleep(0.02)

    def look(self, width: int, scheme: str) -> None:
        """At this width, in `light` or `dark`."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def print(self) -> bytes:
        """The page as PDF."""
        found = self.call("Page.printToPDF", printBackground=True)["result"]["data"]
        return base64.b64decode(found)

    def press(self, key: str) -> None:
        """One key, such as `Tab` or `Enter`."""
        known = {"Tab": (9, ""), "Enter": (13, "\r")}
        code, text = known[key]
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **about)
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def ask(self, expression: str) -> Any:
        """The value of an expression."""
        said = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in said["result"], said
        return said["result"]["result"].get("value")

    def _until(self, is_wanted: Any) -> dict[str, Any]:
        while True:
            while b"\0" not in self._read:
                chunk = os.read(self.answers, 1 << 16)
                assert chunk, "the browser is gone"
                self._read += chunk
            text, _, self._read = self._read.partition(b"\0")
            message: dict[str, Any] = json.loads(text)
            self._note(message)
            if is_wanted(message):
                assert "error" not in message, message
                return message

    def _note(self, message: Mapping[str, Any]) -> None:
        if message.get("method") in (
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
        ):
            self.errors.append(json.dumps(message["params"]))


@contextmanager
def browsing(directory: Path) -> Iterator[Page]:
    """A browser with one empty page; `directory` is for its profile."""
    program = find_browser()
    assert program is not None
    for_commands, commands = os.pipe()
    answers, for_answers = os.pipe()

    def place() -> None:
        os.dup2(for_commands, 3)
        os.dup2(for_answers, 4)

    process = subprocess.Popen(
        [
            program,
            *("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"),
            *(f"--user-data-dir={directory}", "about:blank"),
        ],
        close_fds=False,
        preexec_fn=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(for_commands)
    os.close(for_answers)
    page = Page(commands, answers)
    try:
        target = page.call("Target.createTarget", url="about:blank")["result"]["targetId"]
        found = page.call("Target.attachToTarget", targetId=target, flatten=True)
        page.session = found["result"]["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            page.call(f"{domain}.enable")
        yield page
    finally:
        process.kill()
        process.wait()
        os.close(commands)
        os.close(answers)
