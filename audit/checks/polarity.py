"""Check whether the labels agree with what the base model already knows."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.checks.shortcut import Cosines
from audit.finding import Finding, error_if
from audit.limits import (
    CONFIDENCE,
    EXAMPLES,
    POLARITY_ERROR,
    POLARITY_FIRST,
    POLARITY_PAIRS,
    POLARITY_WARNING,
)
from audit.scan import Facts

LEAST = 10
"""Pairs; with fewer the interval says nothing."""


def check(train: Facts, cosines: Cosines, *, stored_only: bool = False) -> Iterator[Finding]:
    """Compute Spearman's correlation of the base model's cosines with the labels, on the sample of train.

    Args:
        train: the facts about train.
        cosines: those of the base model.
        stored_only: whether rows that a view makes of negatives are left out: a model chose mined ones because it
            takes them for near, which says nothing about the labels.
    """
    sample = (train.sample.stored if stored_only else train.sample).labelled
    if len(sample.rows) < LEAST:
        return
    values: NDArray[np.float64] = np.empty(0)
    for until in (POLARITY_FIRST, POLARITY_PAIRS):
        part = slice(len(values), until)
        values = np.concatenate([values, cosines(sample.first[part], sample.second[part])])
        labels = sample.labels[: len(values)]
        interval = spearman_interval(values, labels)
        if len(values) < until or (interval and interval.low > 0):
            break
    if interval and interval.high < POLARITY_WARNING:
        yield Finding(
            code="label_polarity",
            severity=error_if(interval.high < POLARITY_ERROR),
            count=train.rows,
            share=1.0,
            statistic={**interval._asdict(), "pairs": len(values)},
            rows=[("train", sample.rows[index]) for index in _most_against(values, labels)],
        )


class Interval(NamedTuple):
    """A rank correlation with its 95 % interval."""

    spearman: float
    low: float
    high: float


def spearman_interval(cosines: NDArray[np.float64], labels: NDArray[np.float64]) -> Interval | None:
    """Return Spearman's rho and its 95 % interval by Fisher's z with the standard error of Bonett and Wright (2000).

    Returns None for fewer than LEAST pairs, and if all labels or all cosines are equal: then there is no correlation.

    "Sample size requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65: the standard
    error of z is sqrt((1 + rho^2 / 2) / (n - 3)).
    """
    from scipy.stats import spearmanr

    if len(cosines) < LEAST or np.ptp(labels) == 0 or np.ptp(cosines) == 0:
        return None
    rho = float(spearmanr(cosines, labels).statistic)
    margin = CONFIDENCE * math.sqrt((1 + rho**2 / 2) / (len(labels) - 3))
    z = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, rho)))
    return Interval(rho, math.tanh(z - margin), math.tanh(z + margin))


def _most_against(cosines: NDArray[np.float64], labels: NDArray[np.float64]) -> list[int]:
    """Return the indices of pairs whose ranks by cosine and by label are furthest apart."""
    from scipy.stats import rankdata

    return [int(index) for index in np.argsort(-np.abs(rankdata(cosines) - rankdata(labels)))[:EXAMPLES]]
