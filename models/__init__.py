"""Find, check and load base models and saved models."""
