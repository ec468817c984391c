"""Whether a search was worth it: base, baseline and best side by side, and which of them is kept."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

from evaluation.jackknife import LEAST_GROUPS, Interval, critical, difference, interval, left_out
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions
from evaluation.selection import States
from evaluation.threshold import at_threshold, best_f1

ORDER = ("base", "baseline", "best")
"""From the simplest: no training, the task's own settings, what a search found."""
NO_GAIN = "no gain"


@dataclass(frozen=True, kw_only=True)
class SplitVerdict:
    """All models on one split.

    Attributes:
        metric: the deciding score.
        pairs: items that were scored.
        groups: groups that the score rests on.
        models: name -> the deciding score.
        scores: name -> all scores.
        differences: 'best - baseline' and so on -> the difference, paired.
        states: those that this split has judged and that its differences hold for at once.
        confusion: of the exported model: categories, and texts of a row's category taken for a column's.
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
    """What is kept, and why."""

    chosen: str
    """One of ORDER."""
    gain: bool
    """Whether the best (without a search: the trained model) is better on dev than everything simpler."""
    reason: str
    splits: dict[str, SplitVerdict]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"splits": {name: _plain(split) for name, split in self.splits.items()}}


def compare(models: Mapping[str, Predictions], seed: int, errors: Mapping[str, float] | None = None) -> SplitVerdict:
    """All models on one split, simplest first.

    Args:
        errors: simpler model -> standard errors on each side of an interval of a difference to it, where the others
            were chosen among many on this split; by default each difference is taken for itself.
    """
    first = next(iter(models.values()))
    without = dict(zip(models, left_out(list(models.values()), seed).T, strict=True))
    scores = {name: judged.scores() for name, judged in models.items()}
    value = {name: found[first.metric] for name, found in scores.items()}
    groups = first.num_groups
    alone = critical(len(without[next(iter(models))]), groups)

    def paired(better: str, simpler: str) -> Interval:
        each = without[better] - without[simpler]
        margin = (errors or {}).get(simpler, alone)
        return difference(value[better] - value[simpler], each, groups, margin, 1 - first.lowest)

    return SplitVerdict(
        metric=first.metric,
        pairs=len(first.groups),
        groups=groups,
        models={name: interval(value[name], without[name], groups, first.lowest) for name in models},
        scores=scores,
        differences={f"{better} - {simpler}": paired(better, simpler) for simpler, better in combinations(models, 2)},
    )


def choose(dev: SplitVerdict) -> tuple[str, str]:
    """The model to keep, and why: a model takes the place of a simpler one only where it is better on dev for sure."""
    names = list(dev.models)
    if dev.groups < LEAST_GROUPS:
        return names[0], f"{NO_GAIN} can be told: dev rests on {dev.groups} groups, a claim needs {LEAST_GROUPS}"
    chosen, said = names[0], []
    for name in names[1:]:
        difference = dev.differences[f"{name} - {chosen}"]
        said.append(_sentence(name, chosen, difference, dev))
        if difference.above_zero:
            chosen = name
    return chosen, "; ".join(said)


def verdict(
    judged: Mapping[str, Mapping[str, Predictions]], seed: int, keep: str | None = None, states: States | None = None
) -> Verdict:
    """The verdict on judged[split][model]; what is kept follows from dev alone.

    Args:
        keep: a model to keep whatever dev says.
        states: all that dev has judged in the search; by default only the models themselves.
    """
    states = states or States()
    splits = {split: compare(models, seed) for split, models in judged.items() if split != "dev"}
    dev = compare(judged["dev"], seed, states.standard_errors(judged["dev"], seed))
    splits = {"dev": replace(dev, states=max(1, states.number)), **splits}
    for split, models in judged.items():
        for name, each in models.items():
            splits[split].scores[name].update(_at_own_threshold(judged["dev"][name], each))
    chosen, reason = choose(splits["dev"])
    last = list(splits["dev"].models)[-1]
    kept = keep or chosen
    return Verdict(chosen=kept, gain=chosen == last, reason=reason, splits=splits)


def _at_own_threshold(dev: Predictions, judged: Predictions) -> dict[str, float]:
    """Precision, recall and F1 at the threshold that dev gives the same model; nothing for other kinds."""
    if not (isinstance(dev, PairPredictions) and isinstance(judged, PairPredictions) and dev.declared.threshold):
        return {}
    return at_threshold(judged, best_f1(dev.cosines, dev.labels))


def confusion(judged: Predictions) -> dict[str, Any] | None:
    """Categories and counts; None for other kinds."""
    if not isinstance(judged, CategoryPredictions):
        return None
    return {"categories": list(judged.names), "counts": judged.confusion().astype(int).tolist()}


def _sentence(name: str, simpler: str, difference: Interval, dev: SplitVerdict) -> str:
    said = "better" if difference.above_zero else NO_GAIN
    width = f"interval {difference.low:+.4f} to {difference.high:+.4f}"
    if math.isnan(difference.low):
        width = "no interval: too few groups"
    elif dev.states > 1:
        width += f", which holds for all {dev.states} judged states at once"
    return f"{name} against {simpler}: {said} ({difference.value:+.4f} {dev.metric} on dev, {width})"


def _plain(split: SplitVerdict) -> dict[str, Any]:
    named = {"models": split.models, "differences": split.differences}
    return asdict(split) | {name: {key: each._asdict() for key, each in found.items()} for name, found in named.items()}
