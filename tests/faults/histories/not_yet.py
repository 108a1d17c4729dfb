"""Kinds of steps that random histories do not take yet, and why."""

from __future__ import annotations

NOT_YET: dict[str, str] = {}
