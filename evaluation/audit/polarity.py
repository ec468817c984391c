"""Whether labels agree with what the untuned base model already knows."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from evaluation.audit.finding import Finding, error_if
from evaluation.audit.limits import (
    CONFIDENCE,
    EXAMPLES,
    POLARITY_ERROR,
    POLARITY_FIRST,
    POLARITY_PAIRS,
    POLARITY_WARNING,
)
from evaluation.audit.scan import Facts
from evaluation.audit.shortcut import Cosines

LEAST = 10
"""Pairs; with fewer there is no interval worth its name."""


def check(train: Facts, cosines: Cosines) -> Iterator[Finding]:
    """Spearman's rank correlation of the base model's cosines with the labels, on the sample of train."""
    sample = train.sample
    found: NDArray[np.float64] = np.empty(0)
    for until in (POLARITY_FIRST, POLARITY_PAIRS):
        part = slice(len(found), until)
        found = np.concatenate([found, cosines(sample.first[part], sample.second[part])])
        labels = sample.labels[: len(found)]
        if len(found) < LEAST or len(np.unique(labels)) < 2 or np.ptp(found) == 0:
            return
        correlation, low, high = spearman_interval(found, labels)
        if low > 0 or len(found) < until:
            break
    if high < POLARITY_WARNING:
        yield Finding(
            code="label_polarity",
            severity=error_if(high < POLARITY_ERROR),
            count=train.rows,
            share=1.0,
            statistic={"spearman": correlation, "low": low, "high": high, "pairs": len(found)},
            rows=[("train", sample.rows[place]) for place in _most_against(found, labels)],
        )


def spearman_interval(cosines: NDArray[np.float64], labels: NDArray[np.float64]) -> tuple[float, float, float]:
    """Spearman's rho and its 95 % interval by Fisher's z with the standard error of Bonett and Wright (2000).

    "Sample size requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65: the standard
    error of z is sqrt((1 + rho^2 / 2) / (n - 3)).
    """
    from scipy.stats import spearmanr

    rho = float(spearmanr(cosines, labels).statistic)
    margin = CONFIDENCE * math.sqrt((1 + rho**2 / 2) / (len(labels) - 3))
    z = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, rho)))
    return rho, math.tanh(z - margin), math.tanh(z + margin)


def _most_against(cosines: NDArray[np.float64], labels: NDArray[np.float64]) -> list[int]:
    """Pairs whose ranks by cosine and by label are furthest apart."""
    from scipy.stats import rankdata

    return [int(place) for place in np.argsort(-np.abs(rankdata(cosines) - rankdata(labels)))[:EXAMPLES]]
