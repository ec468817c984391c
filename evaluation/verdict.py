"""Whether a search was worth it: base, baseline and winner side by side, and which of them is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from evaluation.interval import Interval, drawn_scores, interval
from evaluation.judged import Judged, JudgedCategories, JudgedPairs
from evaluation.threshold import at_threshold, best_f1

ORDER = ("base", "baseline", "winner")
"""From the simplest: no training, the task's own settings, what a search found."""
NO_GAIN = "no gain"


@dataclass(frozen=True, kw_only=True)
class SplitVerdict:
    """All models on one split.

    Attributes:
        metric: the deciding score.
        pairs: items that were scored.
        groups: what was drawn in the bootstrap.
        models: name -> the deciding score.
        scores: name -> all scores.
        differences: 'winner - baseline' and so on -> the difference, paired.
        confusion: of the exported model: categories, and texts of a row's category taken for a column's.
    """

    metric: str
    pairs: int
    groups: int
    models: dict[str, Interval]
    scores: dict[str, dict[str, float]]
    differences: dict[str, Interval]
    confusion: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is kept, and why."""

    chosen: str
    """One of ORDER."""
    gain: bool
    """Whether the winner (without a search: the trained model) is better on dev than everything simpler."""
    reason: str
    splits: dict[str, SplitVerdict]

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"splits": {name: _plain(split) for name, split in self.splits.items()}}


def compare(models: Mapping[str, Judged], seed: int) -> SplitVerdict:
    """All models on one split, simplest first."""
    draws = drawn_scores(models, seed)
    scores = {name: judged.scores() for name, judged in models.items()}
    first = next(iter(models.values()))
    value = {name: found[first.metric] for name, found in scores.items()}
    return SplitVerdict(
        metric=first.metric,
        pairs=len(first.groups),
        groups=int(first.groups.max()) + 1,
        models={name: interval(value[name], draws[name]) for name in models},
        scores=scores,
        differences={
            f"{better} - {simpler}": interval(value[better] - value[simpler], draws[better] - draws[simpler])
            for simpler, better in combinations(models, 2)
        },
    )


def choose(dev: SplitVerdict) -> tuple[str, str]:
    """The model to keep, and why: a model takes the place of a simpler one only where it is better on dev for sure."""
    names = list(dev.models)
    chosen, said = names[0], []
    for name in names[1:]:
        difference = dev.differences[f"{name} - {chosen}"]
        said.append(_sentence(name, chosen, difference, dev.metric))
        if difference.above_zero:
            chosen = name
    return chosen, "; ".join(said)


def verdict(judged: Mapping[str, Mapping[str, Judged]], seed: int, keep: str | None = None) -> Verdict:
    """The verdict on judged[split][model]; what is kept follows from dev alone.

    Args:
        keep: a model to keep whatever dev says.
    """
    splits = {split: compare(models, seed) for split, models in judged.items()}
    for split, models in judged.items():
        for name, each in models.items():
            splits[split].scores[name].update(_at_own_threshold(judged["dev"][name], each))
    chosen, reason = choose(splits["dev"])
    last = list(splits["dev"].models)[-1]
    kept = keep or chosen
    return Verdict(chosen=kept, gain=chosen == last, reason=reason, splits=splits)


def _at_own_threshold(dev: Judged, judged: Judged) -> dict[str, float]:
    """Precision, recall and F1 at the threshold that dev gives the same model; nothing for other kinds."""
    if not (isinstance(dev, JudgedPairs) and isinstance(judged, JudgedPairs) and dev.kind == "binary"):
        return {}
    return at_threshold(judged, best_f1(dev.cosines, dev.labels))


def confusion(judged: Judged) -> dict[str, Any] | None:
    """Categories and counts; None for other kinds."""
    if not isinstance(judged, JudgedCategories):
        return None
    return {"categories": list(judged.names), "counts": judged.confusion().astype(int).tolist()}


def _sentence(name: str, simpler: str, difference: Interval, metric: str) -> str:
    figures = f"{difference.value:+.4f} {metric} on dev, 95 % interval {difference.low:+.4f} to {difference.high:+.4f}"
    said = "better" if difference.above_zero else NO_GAIN
    return f"{name} against {simpler}: {said} ({figures})"


def _plain(split: SplitVerdict) -> dict[str, Any]:
    named = {"models": split.models, "differences": split.differences}
    return asdict(split) | {name: {key: each._asdict() for key, each in found.items()} for name, found in named.items()}
