"""What dbt left behind, and what the user configured: artifacts, profiles, metadata."""
