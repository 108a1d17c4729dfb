"""What a run keeps on local disk, without SQL: the journal, the copy of the plan, the lock."""
