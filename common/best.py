"""Decide which of several scores is the best: one rule for records, card, verdict and weights."""

import math
from collections.abc import Mapping
from typing import Any


def improves(value: float, best: float | None) -> bool:
    """Check whether a score replaces the best so far: the first of equals stays, NaN is never best."""
    return math.isfinite(value) and (best is None or value > best)


def lowered_name(metric: str) -> str:
    """Return the name that the metric on dev has in a report if it is lowered where a guard is broken."""
    return f"lowered_{metric}"


def compared(metrics: Mapping[str, Any], metric: str) -> float:
    """Return the value of a report by which states are compared: the metric on dev, lowered if there is a guard."""
    value: float = metrics.get(lowered_name(metric), metrics[metric])
    return value
