"""The search space of a task."""
