"""Compare all models, and the yardsticks beside them, on one split: scores, and paired differences with intervals."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from evaluation.jackknife import Interval, critical, difference, interval, left_out
from evaluation.predictions import Predictions


@dataclass(frozen=True, kw_only=True)
class AgainstYardstick:
    """One yardstick on one split.

    Attributes:
        value: the deciding score.
        scores: name -> score, all of them.
        differences: model -> its deciding score less the yardstick's, paired.
    """

    value: Interval
    scores: dict[str, float]
    differences: dict[str, Interval]


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
        yardsticks: name -> how it does here, best first.
    """

    metric: str
    pairs: int
    groups: int
    models: dict[str, Interval]
    scores: dict[str, dict[str, float]]
    differences: dict[str, Interval]
    states: int = 1
    confusion: dict[str, Any] | None = None
    yardsticks: dict[str, AgainstYardstick] = field(default_factory=dict)


def compare(
    models: Mapping[str, Predictions],
    seed: int,
    errors: Mapping[str, float] | None = None,
    yardsticks: Mapping[str, Predictions] | None = None,
) -> SplitVerdict:
    """Compare all models on one split.

    Args:
        models: name -> predictions on the same items, simplest first.
        seed: of the blocks of groups.
        errors: simpler model or yardstick -> standard errors on each side of an interval of a difference to it, where
            the others were chosen among many on this split; by default each difference stands alone. A difference
            whose own name ('soup - best') is there has those.
        yardsticks: name -> predictions on the same items.
    """
    first, yardsticks = next(iter(models.values())), yardsticks or {}
    everyone = {**yardsticks, **models}
    without = dict(zip(everyone, left_out(list(everyone.values()), seed).T, strict=True))
    scores = {name: predictions.scores() for name, predictions in everyone.items()}
    value = {name: own[first.metric] for name, own in scores.items()}
    groups = first.num_groups
    alone = critical(len(without[next(iter(models))]), groups)

    def paired(better: str, simpler: str) -> Interval:
        known = errors or {}
        margin = known.get(f"{better} - {simpler}", known.get(simpler, alone))
        gain, gain_without = value[better] - value[simpler], without[better] - without[simpler]
        return difference(gain, gain_without, groups, margin, 1 - first.lowest)

    intervals = {name: interval(value[name], without[name], groups, first.lowest) for name in everyone}
    return SplitVerdict(
        metric=first.metric,
        pairs=len(first.groups),
        groups=groups,
        models={name: intervals[name] for name in models},
        scores={name: scores[name] for name in models},
        differences={f"{better} - {simpler}": paired(better, simpler) for simpler, better in combinations(models, 2)},
        yardsticks={
            name: AgainstYardstick(
                value=intervals[name],
                scores=scores[name],
                differences={model: paired(model, name) for model in models},
            )
            for name in sorted(yardsticks, key=lambda name: -value[name])
        },
    )


def plain(split: SplitVerdict) -> dict[str, Any]:
    """Return a split's verdict as plain values; an interval becomes value, low, high."""
    named = {"models": split.models, "differences": split.differences}
    yardsticks = {
        name: {"value": each.value._asdict(), "scores": each.scores, "differences": _intervals(each.differences)}
        for name, each in split.yardsticks.items()
    }
    return asdict(split) | {name: _intervals(each) for name, each in named.items()} | {"yardsticks": yardsticks}


def _intervals(named: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    return {name: each._asdict() for name, each in named.items()}
