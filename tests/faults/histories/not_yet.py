"""Kinds of steps that random histories do not take yet, and why."""

from __future__ import annotations

NOT_YET: dict[str, str] = {
    "UpdateOnly": "a member whom another sync creates later does not get the membership",
}
