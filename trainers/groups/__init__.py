"""Worker groups: long-lived Ray Train runs that take one job after another from a mailbox."""
