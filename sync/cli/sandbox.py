"""`sandbox`: the local stand-in for every destination."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.command import command
from sync.cli.session import Session
from sync.destinations.exchange import SANDBOX_PORT
from sync.errors import ConfigError, Problem

if TYPE_CHECKING:
    from activation_sandbox.gate import Logged


@command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=SANDBOX_PORT,
    show_default=True,
    help="0 takes any.",
)
def sandbox(session: Session, host: str, port: int) -> int:
    """Serve a stand-in for every destination until Ctrl-C, with a page to look at what arrived."""
    try:
        from activation_sandbox.registry import VENDORS
        from activation_sandbox.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise ConfigError(_not_installed(error.name or "")) from error

    def ready(page: str) -> None:
        base = page.rstrip("/")
        if session.is_json:
            session.answer("sandbox-ready", url=page, vendors=list(VENDORS))
            return
        session.say(f"The sandbox answers at {page} (look there at what arrived).")
        session.say("In profiles.yml, under destinations.<target>:")
        for vendor in VENDORS:
            session.say(f"  {vendor}: {{sandbox: {base}}}")
        session.say("Ctrl-C ends it, and forgets everything.")

    def log(request: Logged) -> None:
        items = f"  {request.items} items" if request.items > 1 else ""
        faults = f"  fault: {request.faults}" if request.faults else ""
        session.terminal.progress(
            f"{request.status}  {request.method} /{request.vendor}{request.route}{items}{faults}"
        )

    try:
        serve(host, port, on_ready=ready, on_request=log)
    except OSError as error:
        raise ConfigError(_not_free(host, port, error)) from error
    return 0


def _not_installed(missing: str) -> Problem:
    return Problem(
        "sandbox-missing",
        f"the sandbox needs {missing.partition('.')[0]}, which is not installed",
        fix="run: pip install 'dbt-activation[sandbox]'",
    )


def _not_free(host: str, port: int, error: OSError) -> Problem:
    return Problem(
        "sandbox-port",
        f"the sandbox can't listen on {host}:{port}: {error.strerror or error}",
        hint="Another sandbox may be running already.",
        fix=f"stop it, or choose another: python -m sync sandbox --port {port + 1}",
    )
