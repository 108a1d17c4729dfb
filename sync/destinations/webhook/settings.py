"""The connection in profiles.yml: where messages go, and what signs them."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from sync.destinations.options import Connection, require_https


class Settings(Connection):
    """An https address, a secret, and one that signs too while a receiver changes secrets."""

    base_url: str
    secret: SecretStr
    previous_secret: SecretStr | None = None
    allow_private: bool = Field(False, validate_default=True)
    forget: Literal["delete"] | None = Field(
        None, description="Whether `forget` sends a message `person.forgotten`."
    )

    @field_validator("base_url")
    @classmethod
    def _is_https(cls, value: str) -> str:
        require_https(value)
        return value

    @field_validator("allow_private")
    @classmethod
    def _is_public(cls, value: bool, info: ValidationInfo) -> bool:
        parts = urlsplit(info.data.get("base_url", ""))
        if parts.scheme == "https" and is_private(parts.hostname or "") and not value:
            raise ValueError("must be true to send to a private address, as base_url is one")
        return value

    @field_validator("secret", "previous_secret")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not 24 <= _size(value.get_secret_value()) <= 64:
            raise ValueError("must be whsec_ and the base64 of 24 to 64 random bytes")
        return value


def is_private(host: str) -> bool:
    """Whether a host is written as an address of a private or local network, in any spelling.

    Names are not looked up.
    """
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2].lower()
        return last.isdigit() or last.startswith("0x")  # another spelling of an IPv4 address


def _size(secret: str) -> int:
    try:
        return len(base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return 0
