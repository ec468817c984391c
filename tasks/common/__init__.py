"""Hold what all tasks share: the declaration, losses, kinds, loading and plain values."""
