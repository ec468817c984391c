"""The flow of each command from its checked request to its result."""
