"""The commands: each parses its options, calls one workflow and prints the result."""
