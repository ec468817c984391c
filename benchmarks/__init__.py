"""Measurements that a figure in a document or a note comes from."""
