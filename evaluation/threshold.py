"""Choose the cosine from which a pair counts as belonging together on dev, and score it on dev and test."""

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
    """A threshold and its scores, each with its 95 % interval."""

    value: float
    rule: str
    dev: dict[str, Interval]
    """Name, one of NAMES -> score."""
    test: dict[str, Interval] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an interval becomes value, low, high."""
        named = {
            split: {name: score._asdict() for name, score in scores.items()}
            for split, scores in (("dev", self.dev), ("test", self.test))
            if scores is not None
        }
        return {**asdict(self), "test": None, **named}


def choose(dev: PairPredictions, test: PairPredictions | None, seed: int) -> Threshold:
    """Choose the threshold on dev, and score it on dev and, once, on test."""
    value = best_f1(dev.cosines, dev.labels)
    return Threshold(
        value=value,
        rule=RULE,
        dev=figures(dev, value, seed),
        test=figures(test, value, seed) if test is not None else None,
    )


def best_f1(cosines: Floats, labels: Floats) -> float:
    """Return the threshold of the highest F1; among equals the one that calls fewest pairs positive."""
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
    """Round the middle of two numbers to the fewest decimals, at least 4, that lie above `low` and not above `high`.

    The threshold is then short when printed in full, and the printed number decides as the stored one does.
    """
    middle = (low + high) / 2
    rounded = (round(middle, digits) for digits in range(4, 18))
    return next((number for number in rounded if low < number <= high), high)


def figures(predictions: PairPredictions, threshold: float, seed: int) -> dict[str, Interval]:
    """Compute precision, recall and F1 of cosine >= threshold, with intervals over groups."""
    positive, labels = predictions.cosines >= threshold, predictions.labels
    counted = np.stack([positive * labels, positive, labels], axis=1)
    without = _rates(blocks_of(predictions, seed).left_out(lambda weights: weights @ counted))
    rates = _rates(counted.sum(axis=0))
    true_groups = predictions.groups_of(labels == 1)
    num_groups = (predictions.groups_of(positive), true_groups, true_groups)
    return {
        name: interval(float(rates[index]), without[:, index], num_groups[index]) for index, name in enumerate(NAMES)
    }


def at_threshold(predictions: PairPredictions, threshold: float) -> dict[str, float]:
    """Compute precision, recall and F1 of cosine >= threshold."""
    positive, labels = predictions.cosines >= threshold, predictions.labels
    rates = _rates(np.array([labels[positive].sum(), positive.sum(), labels.sum()]))
    return dict(zip(NAMES, rates.tolist(), strict=True))


def _rates(counts: Floats) -> Floats:
    """Turn counts of hits, predicted and true positives into precision, recall and F1, shape (..., 3).

    Precision is 0 where no pair is predicted positive.
    """
    hits, predicted, true = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    parts, wholes = np.stack([hits, hits, 2 * hits], -1), np.stack([predicted, true, predicted + true], -1)
    none = np.array([0.0, np.nan, np.nan])
    rates: Floats = np.divide(parts, wholes, out=np.broadcast_to(none, parts.shape).copy(), where=wholes > 0)
    return rates
