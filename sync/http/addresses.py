"""Where an endpoint is, and what to say when nothing runs there."""

from __future__ import annotations

from urllib.parse import urlsplit

from sync.destinations.exchange import SANDBOX_PORT, Endpoint
from sync.errors import DestinationError, Problem


def address_of(endpoint: Endpoint) -> str:
    """Scheme, host and port, without the path."""
    parts = urlsplit(endpoint.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def not_running(vendor: str, endpoint: Endpoint, where: str) -> DestinationError:
    """The error for a connection to this machine that nothing accepts."""
    port = urlsplit(endpoint.base_url).port or SANDBOX_PORT
    option = "" if port == SANDBOX_PORT else f" --port {port}"
    return DestinationError(
        Problem(
            "destination-not-running",
            f"{vendor}: nothing runs at {address_of(endpoint)}, where base_url points",
            where,
            "A base_url on this machine is a stand-in's, such as the sandbox.",
            f"start it: python -m sync sandbox{option}",
        )
    )
