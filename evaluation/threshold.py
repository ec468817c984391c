"""The cosine from which on a pair counts as belonging together: chosen on dev, told with what it does on test."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evaluation.jackknife import Interval, blocks_of, interval
from evaluation.metrics import Floats
from evaluation.predictions import PairPredictions

NAMES = ("cosine_precision", "cosine_recall", "cosine_f1")
RULE = "highest F1 on dev, in the middle between the two cosines that it separates"


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A threshold and how good it is; each figure with its 95 % interval."""

    value: float
    rule: str
    dev: dict[str, Interval]
    """cosine_precision, cosine_recall, cosine_f1."""
    test: dict[str, Interval] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; an interval becomes value, low, high."""
        named = {
            split: {name: each._asdict() for name, each in found.items()}
            for split, found in (("dev", self.dev), ("test", self.test))
            if found is not None
        }
        return {**asdict(self), "test": None, **named}


def choose(dev: PairPredictions, test: PairPredictions | None, seed: int) -> Threshold:
    """The threshold of dev, with its figures on dev and, from one look, on test."""
    value = best_f1(dev.cosines, dev.labels)
    return Threshold(
        value=value,
        rule=RULE,
        dev=figures(dev, value, seed),
        test=figures(test, value, seed) if test is not None else None,
    )


def best_f1(cosines: Floats, labels: Floats) -> float:
    """The threshold of the highest F1; of several the one that calls fewest pairs positive."""
    order = np.argsort(-cosines, kind="stable")
    sorted_cosines, hits = cosines[order], np.cumsum(labels[order])
    ends = np.flatnonzero(np.append(np.diff(sorted_cosines) != 0, True))
    f1 = 2 * hits[ends] / (ends + 1 + labels.sum())
    end = ends[int(f1.argmax())]
    lowest = float(sorted_cosines[end])
    if end + 1 == len(cosines):
        return min(lowest, math.floor(lowest * 1e4) / 1e4)
    return shortest(float(sorted_cosines[end + 1]), lowest)


def shortest(low: float, high: float) -> float:
    """The middle of two numbers in the fewest decimals, at least 4, that lie above `low` and not above `high`.

    So what is printed in full is short, and decides as what is stored.
    """
    middle = (low + high) / 2
    rounded = (round(middle, digits) for digits in range(4, 18))
    return next((each for each in rounded if low < each <= high), high)


def figures(judged: PairPredictions, threshold: float, seed: int) -> dict[str, Interval]:
    """Precision, recall and F1 of cosine >= threshold, with intervals over groups."""
    taken = judged.cosines >= threshold
    counted = np.stack([taken * judged.labels, taken, judged.labels], axis=1)
    without = _rates(blocks_of(judged, seed).left_out(lambda weights: weights @ counted))
    found = _rates(counted.sum(axis=0))
    rests_on = (judged.groups_of(taken), judged.groups_of(judged.labels == 1), judged.groups_of(judged.labels == 1))
    return {name: interval(float(found[place]), without[:, place], rests_on[place]) for place, name in enumerate(NAMES)}


def at_threshold(judged: PairPredictions, threshold: float) -> dict[str, float]:
    """Precision, recall and F1 of cosine >= threshold."""
    taken = judged.cosines >= threshold
    rates = _rates(np.array([judged.labels[taken].sum(), taken.sum(), judged.labels.sum()]))
    return dict(zip(NAMES, rates.tolist(), strict=True))


def _rates(counts: Floats) -> Floats:
    """Hits, taken and positives -> precision, recall and F1, shape (..., 3); of none taken the precision is 0."""
    hits, taken, positives = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    parts, wholes = np.stack([hits, hits, 2 * hits], -1), np.stack([taken, positives, taken + positives], -1)
    none = np.array([0.0, np.nan, np.nan])
    rates: Floats = np.divide(parts, wholes, out=np.broadcast_to(none, parts.shape).copy(), where=wholes > 0)
    return rates
