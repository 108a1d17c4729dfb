"""What each destination last acknowledged, and how it survives a crash."""
