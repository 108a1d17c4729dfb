"""The tiny project, for every test here."""

from tests.app import app, kept, sandbox

__all__ = ["app", "kept", "sandbox"]
