"""Decide whether training and search are a gain: compare base, baseline and best, and select one of them."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from evaluation import jackknife
from evaluation.jackknife import Interval, critical, difference, interval, left_out
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions
from evaluation.selection import States
from evaluation.threshold import at_threshold, best_f1

ORDER = ("base", "baseline", "best")
"""The models from the simplest on: untrained, trained with the task's own settings, the best of a search."""
NO_GAIN = "no gain"


@dataclass(frozen=True, kw_only=True)
class SplitVerdict:
    """All models on one split.

    Attributes:
        metric: name of the deciding score.
        pairs: number of scored items.
        groups: number of groups that the score rests on.
        models: name -> the deciding score.
        scores: name -> all scores.
        differences: 'best - baseline' and so on -> the paired difference.
        states: number of states evaluated on this split that the differences hold for at once.
        confusion: confusion matrix of the exported model: categories, and counts by true (row) and predicted (column)
            category.
    """

    metric: str
    pairs: int
    groups: int
    models: dict[str, Interval]
    scores: dict[str, dict[str, float]]
    differences: dict[str, Interval]
    states: int = 1
    confusion: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The selected model and the reason."""

    chosen: str
    """One of ORDER."""
    gain: bool
    """True where the best (without a search: the trained model) is better on dev than everything simpler."""
    reason: str
    splits: dict[str, SplitVerdict]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an interval becomes value, low, high."""
        return asdict(self) | {"splits": {name: _plain(split) for name, split in self.splits.items()}}


def compare(models: Mapping[str, Predictions], seed: int, errors: Mapping[str, float] | None = None) -> SplitVerdict:
    """Compare all models on one split.

    Args:
        models: name -> predictions on the same items, simplest first.
        seed: of the blocks of groups.
        errors: simpler model -> standard errors on each side of an interval of a difference to it, where the others
            were chosen among many on this split; by default each difference stands alone.
    """
    first = next(iter(models.values()))
    without = dict(zip(models, left_out(list(models.values()), seed).T, strict=True))
    scores = {name: predictions.scores() for name, predictions in models.items()}
    value = {name: own[first.metric] for name, own in scores.items()}
    groups = first.num_groups
    alone = critical(len(without[next(iter(models))]), groups)

    def paired(better: str, simpler: str) -> Interval:
        margin = (errors or {}).get(simpler, alone)
        gain, gain_without = value[better] - value[simpler], without[better] - without[simpler]
        return difference(gain, gain_without, groups, margin, 1 - first.lowest)

    return SplitVerdict(
        metric=first.metric,
        pairs=len(first.groups),
        groups=groups,
        models={name: interval(value[name], without[name], groups, first.lowest) for name in models},
        scores=scores,
        differences={f"{better} - {simpler}": paired(better, simpler) for simpler, better in combinations(models, 2)},
    )


def choose(dev: SplitVerdict) -> tuple[str, str]:
    """Select a model and give the reason: it replaces a simpler one only if its difference on dev is above zero."""
    names = list(dev.models)
    if dev.groups < (least := jackknife.LEAST_GROUPS):
        return names[0], f"{NO_GAIN} can be claimed: dev rests on {dev.groups} groups, a claim needs {least}"
    chosen, sentences = names[0], []
    for name in names[1:]:
        difference = dev.differences[f"{name} - {chosen}"]
        sentences.append(_sentence(name, chosen, difference, dev))
        if difference.above_zero:
            chosen = name
    return chosen, "; ".join(sentences)


def verdict(
    predictions: Mapping[str, Mapping[str, Predictions]],
    seed: int,
    keep: str | None = None,
    states: States | None = None,
) -> Verdict:
    """Return the verdict; dev alone decides which model is selected.

    Args:
        predictions: split -> model -> predictions.
        seed: of blocks, sample and flips.
        keep: a model to select whatever the scores on dev.
        states: all states of the search that were evaluated on dev; by default only the models themselves.
    """
    states = states or States()
    splits = {split: compare(models, seed) for split, models in predictions.items() if split != "dev"}
    dev = compare(predictions["dev"], seed, states.standard_errors(predictions["dev"], seed))
    splits = {"dev": replace(dev, states=max(1, states.number)), **splits}
    for split, models in predictions.items():
        for name, model in models.items():
            splits[split].scores[name].update(_at_own_threshold(predictions["dev"][name], model))
    chosen, reason = choose(splits["dev"])
    last = list(splits["dev"].models)[-1]
    return Verdict(chosen=keep or chosen, gain=chosen == last, reason=reason, splits=splits)


def _at_own_threshold(dev: Predictions, predictions: Predictions) -> dict[str, float]:
    """Compute precision, recall and F1 at the model's threshold on dev; empty for kinds without a threshold."""
    if not (isinstance(dev, PairPredictions) and isinstance(predictions, PairPredictions) and dev.declared.threshold):
        return {}
    return at_threshold(predictions, best_f1(dev.cosines, dev.labels))


def confusion(predictions: Predictions) -> dict[str, Any] | None:
    """Return categories and counts; None for other kinds."""
    if not isinstance(predictions, CategoryPredictions):
        return None
    return {"categories": list(predictions.names), "counts": predictions.confusion().astype(int).tolist()}


def _sentence(name: str, simpler: str, difference: Interval, dev: SplitVerdict) -> str:
    outcome = "better" if difference.above_zero else NO_GAIN
    width = f"interval {difference.low:+.4f} to {difference.high:+.4f}"
    if math.isnan(difference.low):
        width = "no interval: too few groups"
    elif dev.states > 1:
        width += f", which holds for all {dev.states} judged states at once"
    return f"{name} against {simpler}: {outcome} ({difference.value:+.4f} {dev.metric} on dev, {width})"


def _plain(split: SplitVerdict) -> dict[str, Any]:
    named = {"models": split.models, "differences": split.differences}
    intervals = {field: {name: value._asdict() for name, value in values.items()} for field, values in named.items()}
    return asdict(split) | intervals
