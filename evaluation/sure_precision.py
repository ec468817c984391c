"""Find the lowest threshold whose precision on dev is sure to reach a share, with the price of trying many thresholds.

A threshold's lower bound is that of Clopper and Pearson (1934) with the effective number of pairs in place of their
number, as pairs of one group are not independent (Korn, Graubard 1998, "Confidence intervals for proportions with small
expected number of positive counts estimated from survey data"; the standard of the US National Center for Health
Statistics for proportions). The variance is that over groups, as by the jackknife.

The lowest threshold is chosen that fixed-sequence testing with several starting points accepts (Angelopoulos, Bates,
Candes, Jordan, Lei 2021, "Learn then test: calibrating predictive algorithms to achieve risk control"): from each of J
starts the threshold goes down while its bound at an error of ERROR / J reaches the share. The starts follow from
cosines, groups and the number of pairs labelled 1, not from which these are. So the chance that the chosen threshold's
true precision lies below the share is at most ERROR, however many thresholds are tried. It does not cover that dev has
chosen the model, too: see the figures on test.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evaluation.jackknife import ERROR, LEAST_GROUPS, LEFT, Blocks, blocks_of
from evaluation.metrics import Floats, Indices
from evaluation.predictions import PairPredictions

MOST_THRESHOLDS = 2_000
"""Thresholds that are tried, evenly spread over the pairs in the order of their cosines. More cost memory only."""


class Sure(NamedTuple):
    """The pairs above a threshold whose precision is sure."""

    cosine: float
    """The lowest of theirs."""
    bound: float
    """The lower bound of their precision, which holds for all thresholds that were tried."""


@dataclass(frozen=True, kw_only=True)
class Precisions:
    """Precision on dev at many thresholds, from the highest one down; every array has the shape (thresholds,).

    Attributes:
        cosines: the lowest cosine of the pairs above the threshold.
        numbers: number of pairs above it.
        values: precision of the pairs above it.
        groups: number of their groups.
        effective: number of independent pairs that would give the same variance.
        true: number of pairs labelled 1, above or below.
    """

    cosines: Floats
    numbers: Indices
    values: Floats
    groups: Indices
    effective: Floats
    true: int

    def bounds(self, error: float) -> Floats:
        """Compute the lower bound of each precision, with a chance of `error` to lie above the true one.

        It is 0 where the pairs above a threshold have fewer than LEAST_GROUPS groups.
        """
        from scipy.stats import beta

        true = self.values * self.effective
        bounds = np.where(true > 0, beta.ppf(error, np.maximum(true, 1e-9), self.effective - true + 1), 0.0)
        return np.where(self.groups >= LEAST_GROUPS, bounds, 0.0)

    def lowest_sure(self, share: float) -> Sure | None:
        """Return the lowest threshold whose precision is sure to reach a share; None if none is."""
        starts = self.starts(share)
        if not len(starts):
            return None
        bounds = self.bounds(ERROR / len(starts))
        passes = bounds >= share
        fails = np.append(np.flatnonzero(~passes), len(passes))
        last = fails[np.searchsorted(fails, starts)] - 1  # of the run of passes from each start
        reached = last[passes[starts]].max(initial=-1)
        return Sure(float(self.cosines[reached]), float(bounds[reached])) if reached >= 0 else None

    def starts(self, share: float) -> Indices:
        """Return the thresholds to start at: as few groups as can pass without an error, then twice as many and so on.

        None has so many pairs above it that they could not reach the share with all pairs labelled 1 among them.

        Args:
            share: the precision to reach, between 0 and 1.
        """
        most, number = int(self.groups[self.numbers * share <= self.true].max(initial=0)), 1
        while True:
            fewest = fewest_groups(share, ERROR / number)
            sizes = [fewest * 2**step for step in range(number) if fewest * 2**step <= most]
            if len(sizes) < number or fewest * 2**number > most:
                return np.unique(np.searchsorted(self.groups, sizes))
            number += 1


def fewest_groups(share: float, error: float = ERROR) -> int:
    """Return how many groups above a threshold make a precision of a share sure if all of them are faultless."""
    return max(LEAST_GROUPS, math.ceil(math.log(error) / math.log(share)))


def precisions(predictions: PairPredictions, seed: int) -> Precisions:
    """Compute the precision of many thresholds on one split.

    Args:
        predictions: cosines and labels 0 and 1.
        seed: of the blocks of groups.
    """
    order = np.argsort(-predictions.cosines, kind="stable")
    cosines, labels = predictions.cosines[order], predictions.labels[order]
    ends = np.flatnonzero(np.append(np.diff(cosines) != 0, True))
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, min(len(ends), MOST_THRESHOLDS)).astype(np.int64))]

    values = np.cumsum(labels)[ends] / (ends + 1)
    inside = _inside(blocks_of(predictions, seed))[:, order]
    variance = _variance(inside, labels, ends, values)
    blocks = len(inside)
    groups = _count(predictions, order, np.ones(len(order), dtype=bool))[ends]
    mistaken = _count(predictions, order, labels == 0)[ends]
    effective = _effective(values, variance, ends + 1, np.minimum(groups, blocks))
    # Few mistakes do not show whether those of one group come together, so each group then counts as one pair.
    effective = np.where(mistaken < LEAST_GROUPS, np.minimum(effective, groups), effective)
    return Precisions(
        cosines=cosines[ends],
        numbers=ends + 1,
        values=values,
        groups=groups,
        effective=effective,
        true=int(labels.sum()),
    )


def _inside(blocks: Blocks) -> Floats:
    """Return 1.0 where a pair lies in a block, and 0.0 elsewhere, shape (blocks, pairs)."""
    return blocks.left_out(lambda weights: (1 - weights) / (1 - LEFT))


def _variance(inside: Floats, labels: Floats, ends: Indices, values: Floats) -> Floats:
    """Compute the variance of each precision over blocks of groups, shape (thresholds,).

    A pair of two groups would count twice in the sum over blocks, so its own square is taken out once (the
    dyadic-robust variance: Fafchamps, Gubert 2007; Aronow, Samii, Assenova 2015). The jackknife of the shown intervals
    leaves it in, and is too wide.

    Args:
        inside: 1.0 where a pair lies in a block, shape (blocks, pairs), in the order of the pairs.
        labels: of the pairs, in that order.
        ends: position of the last pair above each threshold.
        values: precision above each threshold.
    """
    hits, seen = (np.cumsum(inside * counted, axis=1)[:, ends] for counted in (labels, 1.0))
    squares = ((hits - values * seen) ** 2).sum(axis=0) * len(inside) / max(1, len(inside) - 1)
    again = inside.sum(axis=0) - 1
    right, wrong = np.cumsum(again * labels)[ends], np.cumsum(again * (1 - labels))[ends]
    twice = right * (1 - values) ** 2 + wrong * values**2
    variance: Floats = np.maximum(0.0, squares - twice) / (ends + 1.0) ** 2
    return variance


def _effective(values: Floats, variance: Floats, number: Indices, groups: Indices) -> Floats:
    """Compute the effective number of pairs, with Korn and Graubard's correction for the degrees of freedom."""
    from scipy.stats import t

    pairs = number.astype(np.float64)
    independent = np.divide(values * (1 - values), variance, out=pairs.copy(), where=variance > 0)
    freedom = (t.ppf(1 - ERROR, np.maximum(1, number - 1)) / t.ppf(1 - ERROR, np.maximum(1, groups - 1))) ** 2
    effective: Floats = np.minimum(np.where(variance > 0, independent * freedom, pairs), pairs)
    return effective


def _count(predictions: PairPredictions, order: Indices, counted: NDArray[np.bool_]) -> Indices:
    """Count the groups of the counted pairs up to each position, by first or second texts, whichever are fewer.

    Args:
        predictions: of one split.
        order: of the pairs.
        counted: whether each pair, in that order, counts.
    """
    columns = [predictions.groups, predictions.other_groups]
    counts: list[Indices] = []
    for column in (column[order] for column in columns if column is not None):
        new = np.zeros(len(order), dtype=np.int64)
        positions = np.flatnonzero(counted)
        new[positions[np.unique(column[positions], return_index=True)[1]]] = 1
        counts.append(np.cumsum(new))
    least: Indices = np.min(counts, axis=0)
    return least
