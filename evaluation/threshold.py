"""The cosine from which on a pair counts as belonging together: chosen on dev, told with what it does on test."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evaluation.interval import DRAWS, Interval, interval
from evaluation.judged import JudgedPairs
from evaluation.metrics import Floats

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


def choose(dev: JudgedPairs, test: JudgedPairs | None, seed: int) -> Threshold:
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


def figures(judged: JudgedPairs, threshold: float, seed: int) -> dict[str, Interval]:
    """Precision, recall and F1 of cosine >= threshold, with cluster bootstrap intervals."""
    taken, rng = judged.cosines >= threshold, np.random.default_rng(seed)
    num_groups = int(judged.groups.max()) + 1
    counts = np.stack(
        [
            np.bincount(judged.groups, weights=each, minlength=num_groups)
            for each in (taken * judged.labels, taken, judged.labels)
        ]
    )
    drawn = np.array(
        [
            _rates(*(counts @ np.bincount(rng.integers(num_groups, size=num_groups), minlength=num_groups)))
            for _ in range(DRAWS)
        ]
    )
    found = _rates(*counts.sum(axis=1))
    return {name: interval(found[place], drawn[:, place]) for place, name in enumerate(NAMES)}


def at_threshold(judged: JudgedPairs, threshold: float) -> dict[str, float]:
    """Precision, recall and F1 of cosine >= threshold."""
    taken = judged.cosines >= threshold
    rates = _rates(float(judged.labels[taken].sum()), float(taken.sum()), float(judged.labels.sum()))
    return dict(zip(NAMES, rates, strict=True))


def _rates(hits: float, taken: float, positives: float) -> tuple[float, float, float]:
    precision = hits / taken if taken else 0.0
    recall = hits / positives if positives else float("nan")
    return precision, recall, 2 * hits / (taken + positives) if taken + positives else float("nan")
