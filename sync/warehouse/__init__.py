"""The only importers of database drivers."""
