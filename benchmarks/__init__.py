"""Measure the figures that the documents give."""
