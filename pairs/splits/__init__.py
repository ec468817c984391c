"""Divide rows into train, dev and test so that no two splits share a text."""
