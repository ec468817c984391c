"""Choose the cosine from which a pair counts as belonging together on dev, and score it on dev and test."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evaluation.jackknife import Interval, blocks_of, interval
from evaluation.metrics import Floats
from evaluation.predictions import PairPredictions
from evaluation.purpose import Purpose
from evaluation.sure_precision import Precisions, Sure, precisions

NAMES = ("cosine_precision", "cosine_recall", "cosine_f1")
F1 = Purpose()
RULES = {
    "f1": "highest F1 on dev, in the middle between the two cosines that it separates",
    "precision": "most recall with a precision of at least {share} on dev, sure for all thresholds that were tried",
    "recall": "highest with a recall of at least {share} on dev",
}


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A threshold and its scores, each with its 95 % interval."""

    value: float
    rule: str
    purpose: str = str(F1)
    dev: dict[str, Interval]
    """Name, one of NAMES -> score; a precision that it was chosen for has the lower bound that chose it."""
    test: dict[str, Interval] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an interval becomes value, low, high."""
        named = {
            split: {name: score._asdict() for name, score in scores.items()}
            for split, scores in (("dev", self.dev), ("test", self.test))
            if scores is not None
        }
        return {**asdict(self), "test": None, **named}


@dataclass(frozen=True, kw_only=True)
class Unmet:
    """A purpose that no threshold meets on dev.

    Attributes:
        purpose: in the words of the command line.
        reason: a sentence with the purpose and what can be reached instead.
    """

    purpose: str
    reason: str


def choose(dev: PairPredictions, test: PairPredictions | None, seed: int, purpose: Purpose = F1) -> Threshold | Unmet:
    """Choose the threshold on dev, and score it on dev and, once, on test."""
    value = value_for(purpose, dev, seed)
    if value is None:
        return Unmet(purpose=str(purpose), reason=_reason(purpose, dev, seed))
    return Threshold(
        value=value,
        rule=RULES[purpose.name].format(share=purpose.share),
        purpose=str(purpose),
        dev=_chosen_figures(dev, value, seed, purpose),
        test=figures(test, value, seed) if test is not None else None,
    )


def value_for(purpose: Purpose, dev: PairPredictions, seed: int) -> float | None:
    """Return the threshold for a purpose; None if none meets it on dev.

    Args:
        purpose: what it is for.
        dev: cosines and labels.
        seed: of the blocks of groups.
    """
    if purpose.share is None:
        return best_f1(dev.cosines, dev.labels)
    if purpose.name == "recall":
        return highest_with_recall(purpose.share, dev.cosines, dev.labels)
    sure = precisions(dev, seed).lowest_sure(purpose.share)
    return None if sure is None else _between(dev.cosines, sure.cosine)


def _chosen_figures(dev: PairPredictions, value: float, seed: int, purpose: Purpose) -> dict[str, Interval]:
    own = figures(dev, value, seed)
    if purpose.name != "precision" or purpose.share is None:
        return own
    sure, name = precisions(dev, seed).lowest_sure(purpose.share), NAMES[0]
    return own if sure is None else own | {name: own[name]._replace(low=sure.bound)}


def _reason(purpose: Purpose, dev: PairPredictions, seed: int) -> str:
    """Return a sentence: no threshold meets a precision, and which whole per cent can be met."""
    found = precisions(dev, seed)
    reached, sure = _nearest(found, purpose.share or 1.0)
    begin = f"no threshold has a precision of at least {purpose.share} on dev for sure"
    if sure is None:
        return f"{begin}, and none has any: the pairs of dev are too few or too mixed"
    value = _between(dev.cosines, sure.cosine)
    scores = ", ".join(
        f"{name.removeprefix('cosine_')} {score:.4f}" for name, score in at_threshold(dev, value).items()
    )
    return f"{begin}; precision={reached:g} can be met: cosine >= {value:.4f} ({scores} on dev)"


def _nearest(found: Precisions, share: float) -> tuple[float, Sure | None]:
    """Return the highest whole per cent below a share that can be met, and what is sure then."""
    for percent in range(math.ceil(share * 100) - 1, 0, -1):
        if (sure := found.lowest_sure(percent / 100)) is not None:
            return percent / 100, sure
    return 0.0, None


def best_f1(cosines: Floats, labels: Floats) -> float:
    """Return the threshold of the highest F1; among equals the one that calls fewest pairs positive."""
    order = np.argsort(-cosines, kind="stable")
    sorted_cosines, hits = cosines[order], np.cumsum(labels[order])
    ends = np.flatnonzero(np.append(np.diff(sorted_cosines) != 0, True))
    f1 = 2 * hits[ends] / (ends + 1 + labels.sum())
    return _between(cosines, float(sorted_cosines[ends[int(f1.argmax())]]))


def highest_with_recall(share: float, cosines: Floats, labels: Floats) -> float:
    """Return the highest threshold whose recall is at least a share of the pairs labelled 1."""
    true = np.sort(cosines[labels == 1])[::-1]
    needed = max(1, math.ceil(share * len(true) - 1e-9))  # 0.95 * 20 may be computed as 19.000000000000004
    return _between(cosines, float(true[needed - 1]))


def _between(cosines: Floats, lowest: float) -> float:
    """Return a threshold above which `lowest` is the lowest cosine, in the middle to the next lower one."""
    below = cosines[cosines < lowest]
    if not len(below):
        return min(lowest, math.floor(lowest * 1e4) / 1e4)
    return shortest(float(below.max()), lowest)


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
