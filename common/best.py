"""Which of several judgements is the best: one rule for records, card, verdict and weights."""

import math


def improves(value: float, best: float | None) -> bool:
    """Whether a judgement takes the place of the best before it: the first of equals stays, NaN is never best."""
    return math.isfinite(value) and (best is None or value > best)
