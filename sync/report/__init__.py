"""Readers of what a run found: text, JSON lines, tables."""
