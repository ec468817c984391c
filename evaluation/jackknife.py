"""Compute intervals by the jackknife over groups: each group loses half of its weight in turn, the score is recomputed.

Pairs of one group share texts, so whole groups are taken together (Efron, Stein 1981; for groups in random blocks Kott
2001, "The delete-a-group jackknife"). A pair that joins two groups is left out with either (Snijders, Borgatti 1999):
such an interval is rather too wide than too narrow.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from evaluation.metrics import Floats, Indices
from evaluation.predictions import Predictions

MOST_BLOCKS = 100
"""More groups are dealt into this many random blocks: a critical value is then 1 % larger than with endless blocks."""
LEAST_GROUPS = 10
"""With fewer there is no interval and no claim (docs/verdict.md)."""
ERROR = 0.025
"""The error of a 95 % interval on each side."""
NOISY_BLOCKS = 20
"""With this many blocks half of the skewness counts: all of it would cost most of the power at ten groups."""
MOST_SKEWED = 1.25
"""Limit of the correction for skewness, times t: an exponential distribution needs as much at 30 groups. A single group
that decides the skewness, as one high-ranked negative does in average precision, would otherwise leave no interval."""
LEFT = 0.5
"""The fraction of its weight that a left-out block retains. Left out whole, a single high-ranked negative changes
average precision about twice as much as its weight deserves, and intervals of few positives come out far too wide; with
ever smaller changes (the infinitesimal jackknife; Jaeckel 1972) they come out too narrow."""
ROUNDING = 1e-9
"""A perfect average precision may be computed as 0.9999999999999999."""
ELEMENTS_AT_ONCE = 2**22
"""Weights in memory at a time: memory stays flat however many items there are."""


class Interval(NamedTuple):
    """A value with its 95 % interval; NaN where there are too few groups for one."""

    value: float
    low: float
    high: float

    @property
    def above_zero(self) -> bool:
        """True where a difference of this interval is a gain."""
        return self.low > 0


class Blocks:
    """Assign items to the blocks that are left out one after the other.

    Args:
        groups: group of each item, shape (items,).
        other_groups: group of each item's second text, or None.
        seed: of the blocks, where there are more groups than MOST_BLOCKS.
    """

    def __init__(self, groups: Indices, other_groups: Indices | None, seed: int) -> None:
        names, indices = np.unique(groups if other_groups is None else [groups, other_groups], return_inverse=True)
        self.number = min(len(names), MOST_BLOCKS)
        self._block_of = np.random.default_rng(seed).permutation(len(names)) % self.number
        self._items = self._block_of[indices.reshape(-1, len(groups))]

    def left_out(self, score: Callable[[Floats], Floats]) -> Floats:
        """Compute the score without each block (with LEFT of its weight), shape (blocks, ...).

        Args:
            score: weights of shape (n, items) -> scores of shape (n, ...).
        """
        at_once = max(1, ELEMENTS_AT_ONCE // self._items.shape[1])
        parts = [np.arange(start, min(start + at_once, self.number)) for start in range(0, self.number, at_once)]
        return np.concatenate([score(self._weights(part)) for part in parts])

    def _weights(self, blocks: Indices) -> Floats:
        """Return LEFT for each item of a block and 1.0 for the others, shape (blocks, items)."""
        outside = (self._items[None] != blocks[:, None, None]).all(axis=1)
        return np.where(outside, 1.0, LEFT)


def blocks_of(predictions: Predictions, seed: int) -> Blocks:
    """Return the blocks of a split, which are the same for every model on it."""
    return Blocks(predictions.groups, predictions.other_groups, seed)


def left_out(models: Sequence[Predictions], seed: int) -> Floats:
    """Compute the deciding score of each model without each block, shape (blocks, models).

    Args:
        models: predictions on the same items of one split.
        seed: of the blocks.
    """
    blocks = blocks_of(models[0], seed)
    return np.stack([blocks.left_out(model.weighted) for model in models], axis=1)


def standard_error(without: Floats) -> float:
    """Compute the standard error of a score or a difference from its values without each block, shape (blocks,)."""
    blocks = len(without)
    return float(np.sqrt((pseudo_values(0.0, without) ** 2).sum() / (blocks * (blocks - 1))))


def pseudo_values(value: Any, without: Floats) -> Floats:
    """Compute the jackknife's pseudo-values of a score or a difference, shape (blocks, ...); their mean is the score.

    Args:
        value: the score with all blocks, shape (...).
        without: the score without each block, shape (blocks, ...).
    """
    left_out = 1 - LEFT
    pseudo: Floats = value + (len(without) - left_out) / left_out * (without.mean(axis=0) - without)
    return pseudo


def critical(blocks: int, num_groups: int) -> float:
    """Return the half-width of a 95 % interval of one score, in standard errors."""
    return student_t(ERROR, min(blocks, num_groups))


def student_t(error: float, blocks: int) -> float:
    """Return the standard errors that a score or single difference over `blocks` exceeds with a chance of `error`."""
    from scipy.stats import t

    return float(t.ppf(1 - error, max(1, blocks - 1)))


def skewed(t: float, skewness: float) -> float:
    """Return the t statistic of a skewed mean that is as rare as `t` of a symmetric one.

    It is the solution x of Hall's transformation g(x) = x + s x^2 / 3 + s^2 x^3 / 27 + s / 6 = t ("On the removal of
    skewness by transformation", Journal of the Royal Statistical Society B 54, 1992), limited to MOST_SKEWED times t.

    Args:
        t: of a symmetric mean.
        skewness: s, that of the pseudo-values, divided by the root of their number.
    """
    if abs(skewness) < 1e-9:
        return t
    solved = float(3 / skewness * (np.cbrt(1 + skewness * (t - skewness / 6)) - 1))
    return math.copysign(min(abs(solved), MOST_SKEWED * abs(t)), t)


def skewness_of(without: Floats) -> float:
    """Compute the skewness of the pseudo-values, divided by the root of their number.

    With few blocks it is mostly noise and counts for less (NOISY_BLOCKS).

    Args:
        without: a difference without each block, shape (blocks,), not all equal.
    """
    apart, blocks = without.mean() - without, len(without)
    skewness = (apart**3).mean() / (apart**2).mean() ** 1.5 * blocks / (blocks + NOISY_BLOCKS)
    return float(skewness / blocks**0.5)


def difference(value: float, without: Floats, num_groups: int, errors: float, widest: float = 1.0) -> Interval:
    """Return the interval of the difference of two models on the same items.

    A model that is a little better on most groups and much worse on few looks better than it is: the interval is then
    longer on the side of the few, and never shorter on the other.

    Args:
        value: the difference.
        without: the difference without each block, shape (blocks,).
        num_groups: groups that the difference rests on.
        errors: standard errors on each side, see `critical`; infinity: there is no interval.
        widest: the greatest possible difference.
    """
    if num_groups < LEAST_GROUPS or np.isnan(without).any() or not np.isfinite(errors):
        return Interval(value, float("nan"), float("nan"))
    error = standard_error(without)
    if not error:
        return Interval(value, value, value)
    skewness = skewness_of(without)
    below, above = skewed(errors, min(0.0, skewness)), -skewed(-errors, max(0.0, skewness))
    return Interval(value, max(-widest, value - error * below), min(widest, value + error * above))


def interval(value: float, without: Floats, num_groups: int, lowest: float = 0.0) -> Interval:
    """Return the interval of one score within its bounds, symmetric on the logit scale (for Spearman: Fisher's z).

    A score at a bound has no spread in the split. It gets a one-sided bound: if a group were faultless with a
    probability below ERROR^(1 / groups), this many faultless groups would be less likely than ERROR (Clopper, Pearson
    1934).

    Args:
        value: the score, from `lowest` to 1.
        without: the score without each block, shape (blocks,).
        num_groups: groups that the score rests on.
        lowest: the lowest possible score.
    """
    if num_groups < LEAST_GROUPS or np.isnan(without).any() or np.isnan(value):
        return Interval(value, float("nan"), float("nan"))
    fraction, span = (value - lowest) / (1 - lowest), 1 - lowest
    bound = ERROR ** (1 / num_groups)
    if fraction >= 1 - ROUNDING:
        return Interval(1.0, lowest + span * bound, 1.0)
    if fraction <= ROUNDING:
        return Interval(lowest, lowest, lowest + span * (1 - bound))
    logit, error = np.log(fraction / (1 - fraction)), standard_error(without) / span / (fraction * (1 - fraction))
    margin = critical(len(without), num_groups) * error
    low, high = ((1 + np.tanh((logit + side) / 2)) / 2 for side in (-margin, margin))
    return Interval(value, float(lowest + span * low), float(lowest + span * high))
