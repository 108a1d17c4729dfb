"""The comparison, in SQL: the only importer of sqlglot."""
