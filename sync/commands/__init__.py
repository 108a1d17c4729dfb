"""Use cases without a terminal: one a file, callable from Python and from a scheduler."""
