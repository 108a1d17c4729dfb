"""The comparison of a model with its acknowledged snapshot, in SQL."""
