"""The key of the digests of personal values, which does not lie where the digests lie."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping

DIGEST_KEY = "SYNC_DIGEST_KEY"
"""The environment variable that holds it. Without it, digests have their salt alone."""


def has_key(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a key."""
    return bool(environ.get(DIGEST_KEY, "").strip())


def keyed(salt: str, environ: Mapping[str, str] = os.environ) -> str:
    """What stands before a value when its digest is made: the salt, or what a key makes of it."""
    key = environ.get(DIGEST_KEY, "").strip()
    return hmac.new(key.encode(), salt.encode(), hashlib.sha256).hexdigest() if key else salt
