"""Whether a search was worth it: base, baseline and best side by side, and which of them is kept."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from evaluation.comparison import SplitVerdict, compare, plain
from evaluation.jackknife import LEAST_GROUPS, Interval
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions
from evaluation.selection import States
from evaluation.threshold import at_threshold, best_f1
from evaluation.yardsticks.evaluate import YardstickPredictions

ORDER = ("base", "baseline", "best")
"""From the simplest: no training, the task's own settings, what a search found."""
NO_GAIN = "no gain"


@dataclass(frozen=True, kw_only=True)
class YardstickVerdict:
    """Whether the chosen model is better on dev than the best of the yardsticks.

    Attributes:
        best: the yardstick with the highest deciding score on dev; None if none could be fitted.
        beaten: whether the chosen model is better for sure.
        reason: the sentence that says so.
        seconds: yardstick -> seconds for fitting and judging.
        unavailable: yardstick -> why it could not be fitted.
    """

    best: str | None = None
    beaten: bool = False
    reason: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is kept, and why."""

    chosen: str
    """One of ORDER."""
    gain: bool
    """Whether the best (without a search: the trained model) is better on dev than everything simpler."""
    reason: str
    splits: dict[str, SplitVerdict]
    yardsticks: YardstickVerdict = YardstickVerdict()

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"splits": {name: plain(split) for name, split in self.splits.items()}}


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
    judged: Mapping[str, Mapping[str, Predictions]],
    seed: int,
    keep: str | None = None,
    states: States | None = None,
    yardsticks: YardstickPredictions | None = None,
) -> Verdict:
    """The verdict on judged[split][model]; what is kept follows from dev alone.

    Args:
        keep: a model to keep whatever dev says.
        states: all that dev has judged in the search; by default only the models themselves.
        yardsticks: those judged on the same splits.
    """
    states, yardsticks = states or States(), yardsticks or YardstickPredictions(splits={})
    beside = yardsticks.splits
    errors = {"dev": states.standard_errors(judged["dev"], seed, beside.get("dev"))}
    splits = {
        split: compare(judged[split], seed, errors.get(split), beside.get(split))
        for split in ("dev", *(each for each in judged if each != "dev"))
    }
    splits["dev"] = replace(splits["dev"], states=max(1, states.number))
    for split, models in judged.items():
        for name, each in models.items():
            splits[split].scores[name].update(_at_own_threshold(judged["dev"][name], each))
        for name, each in beside.get(split, {}).items():
            splits[split].yardsticks[name].scores.update(_at_own_threshold(beside["dev"][name], each))
    chosen, reason = choose(splits["dev"])
    last = list(splits["dev"].models)[-1]
    kept = keep or chosen
    return Verdict(
        chosen=kept,
        gain=chosen == last,
        reason=reason,
        splits=splits,
        yardsticks=_against_yardsticks(kept, splits["dev"], yardsticks),
    )


def _against_yardsticks(chosen: str, dev: SplitVerdict, judged: YardstickPredictions) -> YardstickVerdict:
    facts = YardstickVerdict(seconds=judged.seconds, unavailable=judged.unavailable)
    best = next(iter(dev.yardsticks), None)
    if best is None:
        return facts
    difference = dev.yardsticks[best].differences[chosen]
    if difference.above_zero:
        # The best yardstick on dev may be beaten for sure where another one, nearly as good, is not.
        differences = {name: each.differences[chosen] for name, each in dev.yardsticks.items()}
        best, difference = min(differences.items(), key=lambda item: item[1].low)
    said = "beats every yardstick, also" if difference.above_zero else "is not shown to beat the yardstick"
    reason = f"{chosen} {said} {best}, which takes {_seconds(judged.seconds[best])}: {_width(difference, dev)}"
    return replace(facts, best=best, beaten=difference.above_zero, reason=reason)


def _seconds(seconds: float) -> str:
    return "less than a second" if seconds < 1 else f"{seconds:.0f} s"


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
    return f"{name} against {simpler}: {said} ({_width(difference, dev)})"


def _width(difference: Interval, dev: SplitVerdict) -> str:
    width = f"interval {difference.low:+.4f} to {difference.high:+.4f}"
    if math.isnan(difference.low):
        width = "no interval: too few groups"
    elif dev.states > 1:
        width += f", which holds for all {dev.states} judged states at once"
    return f"{difference.value:+.4f} {dev.metric} on dev, {width}"
