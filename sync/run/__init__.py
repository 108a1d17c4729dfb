"""What an apply does, from lease to report."""
