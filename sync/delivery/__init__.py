"""What is the same for all destinations: batches, pacing, retries, outcomes."""
