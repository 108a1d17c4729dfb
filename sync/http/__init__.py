"""How requests leave: conversations, pacing, retries, one transport with a deadline."""
