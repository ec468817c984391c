"""Intervals by the bootstrap: the split's groups are drawn anew, with replacement, and everything is scored again."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from evaluation.judged import Judged
from evaluation.metrics import Floats

DRAWS = 2_000
"""Ends of a 95 % interval are then each the 50th of 2,000: they move by a few percent of the width with the seed."""
LOW, HIGH = 2.5, 97.5


class Interval(NamedTuple):
    """A value with its 95 % interval; NaN where too few draws had both labels."""

    value: float
    low: float
    high: float

    @property
    def above_zero(self) -> bool:
        """Whether a difference of this interval is a gain."""
        return self.low > 0


def drawn_scores(models: Mapping[str, Judged], seed: int, draws: int = DRAWS) -> dict[str, Floats]:
    """The deciding score of each model in each draw, shape (draws,): the same draws for all, so that they are paired.

    Groups are drawn, not rows (the cluster bootstrap; Davison and Hinkley 1997, Bootstrap Methods, section 3.8): pairs
    of one group share texts, and an interval over rows would be too narrow.

    Args:
        models: of one split: all have the same items.
    """
    first = next(iter(models.values()))
    rng = np.random.default_rng(seed)
    num_groups = int(first.groups.max()) + 1
    scores: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(draws):
        times = np.bincount(rng.integers(num_groups, size=num_groups), minlength=num_groups)
        weights = times[first.groups].astype(np.float64)
        for name, judged in models.items():
            scores[name].append(judged.weighted(weights))
    return {name: np.array(values) for name, values in scores.items()}


def interval(value: float, draws: Floats) -> Interval:
    """The value as found, and between which values 95 % of the draws lie (the percentile interval)."""
    known = draws[~np.isnan(draws)]
    if len(known) < len(draws) / 2:
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(known, (LOW, HIGH))
    return Interval(value, float(low), float(high))
