"""The report as a page and as a message: the same sections, drawn or written."""
