"""Decide which of several scores is the best: one rule for records, card, verdict and weights."""

import math


def improves(value: float, best: float | None) -> bool:
    """Check whether a score replaces the best so far: the first of equals stays, NaN is never best."""
    return math.isfinite(value) and (best is None or value > best)
