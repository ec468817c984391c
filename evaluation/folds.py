"""Pool the predictions of folds: each item is predicted by a training that saw it neither in train nor when choosing.

In each fold, the next fold takes the place of dev: it chooses each training's best evaluation, the settings and the
threshold. What is judged is that choice as a procedure, not the weights of one model (Varma and Simon 2006).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Floats, Indices
from evaluation.predictions import PairPredictions, Predictions
from evaluation.purpose import Purpose
from evaluation.threshold import NAMES, at_threshold, value_for

Trainings = Mapping[str, Sequence[Sequence[NDArray[Any]]]]
"""Settings -> fold -> predictions at each evaluation: those on the fold that chooses, then those that are held out."""


@dataclass(frozen=True, kw_only=True)
class FoldedPredictions:
    """Predictions on all items of all folds.

    Attributes:
        number: of folds.
        predictions: model -> predictions; 'best' has in each fold the settings that were chosen there.
        settings: predictions of each of the compared settings, shape (items,) each.
        rates: model -> precision, recall and F1 at the threshold of each fold; empty for kinds without one.
    """

    number: int
    predictions: Mapping[str, Predictions]
    settings: Sequence[NDArray[Any]]
    rates: Mapping[str, dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    """The best evaluation of a training by the fold that chooses."""

    value: float
    choosing: Predictions
    held: NDArray[Any]


def pooled(
    untrained: Mapping[str, Predictions],
    sizes: Sequence[int],
    trainings: Trainings,
    baseline: str | None,
    seed: int,
    purpose: Purpose | None = None,
) -> FoldedPredictions:
    """Choose in each fold, and pool what was held out.

    Args:
        untrained: the base models on the items of all folds, one fold after the other, the first one first.
        sizes: items of each fold.
        trainings: the settings to choose from, simplest first.
        baseline: name of the baseline settings; None where they were not trained.
        seed: of the thresholds' blocks.
        purpose: of each model's threshold.
    """
    base = next(iter(untrained.values()))
    ends = np.cumsum(sizes)
    items = [np.arange(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    chosen = {
        name: [_chosen(base, items, fold, evaluations) for fold, evaluations in enumerate(folds)]
        for name, folds in trainings.items()
    }
    best = [max((folds[fold] for folds in chosen.values()), key=lambda each: each.value) for fold in range(len(items))]
    models = {name: _untouched(each, items) for name, each in untrained.items()}
    models |= {"baseline": chosen[baseline]} if baseline else {}
    if set(trainings) - {baseline}:
        models["best"] = best
    return FoldedPredictions(
        number=len(items),
        predictions={name: base.with_predictions(_whole(folds)) for name, folds in models.items()},
        settings=[_whole(folds) for folds in chosen.values()],
        rates={name: _rates(base, folds, seed, purpose) for name, folds in models.items()},
    )


def _untouched(model: Predictions, items: Sequence[Indices]) -> list[_Chosen]:
    """Return what a model without training predicts, which no fold chooses."""
    return [
        _Chosen(value=0.0, choosing=model.of_items(_next(items, fold)), held=model.predictions[own])
        for fold, own in enumerate(items)
    ]


def _next(items: Sequence[Indices], fold: int) -> Indices:
    return items[(fold + 1) % len(items)]


def _chosen(base: Predictions, items: Sequence[Indices], fold: int, evaluations: Sequence[NDArray[Any]]) -> _Chosen:
    choosing = base.of_items(_next(items, fold))
    size = len(choosing.groups)
    states = []
    for predictions in evaluations:
        judged = choosing.with_predictions(predictions[:size])
        value = judged.scores()[base.metric]
        value = -math.inf if math.isnan(value) else value
        states.append(_Chosen(value=value, choosing=judged, held=predictions[size:]))
    return max(states, key=lambda each: each.value)


def _whole(folds: Sequence[_Chosen]) -> NDArray[Any]:
    return np.concatenate([each.held for each in folds])


def _rates(base: Predictions, folds: Sequence[_Chosen], seed: int, purpose: Purpose | None) -> dict[str, float]:
    """Compute precision, recall and F1 of the decisions of all folds; NaN where a fold has no threshold."""
    if purpose is None or not (isinstance(base, PairPredictions) and base.declared.threshold):
        return {}
    decisions: list[Floats] = []
    for each in folds:
        assert isinstance(each.choosing, PairPredictions)
        threshold = value_for(purpose, each.choosing, seed)
        if threshold is None:
            return dict.fromkeys(NAMES, math.nan)
        decisions.append((each.held >= threshold).astype(np.float64))
    return at_threshold(base.with_predictions(np.concatenate(decisions)), 0.5)
