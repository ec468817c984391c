"""Check pairs for problems that would break training or inflate its scores."""
