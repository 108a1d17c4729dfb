"""One file per vendor, and the contract they share."""
