"""Decide whether training and search are a gain: compare the models, simplest first, and select one of them."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from common.base_names import BASE, is_untuned
from evaluation import jackknife
from evaluation.comparison import SplitVerdict, compare, plain
from evaluation.folds import FoldedPredictions
from evaluation.guard import GuardVerdict
from evaluation.jackknife import Interval
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions
from evaluation.purpose import Purpose
from evaluation.selection import States
from evaluation.threshold import F1, NAMES, at_threshold, value_for
from evaluation.yardsticks.evaluate import YardstickPredictions

ORDER = (BASE, "baseline", "best")
"""The models from the simplest on: untrained, trained with the task's own settings, the best of a search. If the best
was trained from another base model, that one stands untrained before the baseline (common/base_names.py). Models that
are refined from them after the search have other names, and come after them."""
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
    """The selected model and the reason."""

    chosen: str
    """One of ORDER, another base model, or a refined model."""
    gain: bool
    """True where the best (without a search: the trained model), or a model refined from it, is better on dev than
    everything simpler."""
    reason: str
    splits: dict[str, SplitVerdict]
    yardsticks: YardstickVerdict = YardstickVerdict()
    guard: GuardVerdict | None = None
    folds: SplitVerdict | None = None
    """The models that were trained, in folds over train and dev, if these decide about them in place of dev."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an interval becomes value, low, high. There is no guard where none was given."""
        values = asdict(replace(self, guard=None, folds=None))
        del values["guard"]
        guard = {"guard": self.guard.to_dict()} if self.guard else {}
        values |= {"splits": {name: plain(split) for name, split in self.splits.items()}} | guard
        return values | {"folds": plain(self.folds) if self.folds else None}


class Choice(NamedTuple):
    """The outcome of the chain of models: the selected one, the reason, and whether it is a gain (`Verdict.gain`)."""

    chosen: str
    reason: str
    gain: bool


def choose(
    dev: SplitVerdict, keep: str | None = None, broken: Collection[str] = (), folds: SplitVerdict | None = None
) -> Choice:
    """Select a model: it replaces a simpler one only if its difference on dev is above zero.

    The best, and what is refined from it, also has to be better than the base model that it was trained from.

    Args:
        dev: all models, simplest first.
        keep: a model to select whatever the scores; only a refined one may take its place.
        broken: those that break the guard; the next simpler one that holds is selected instead.
        folds: the models that were trained, in folds over train and dev, which then decide about them in place of dev.
    """
    names, judges = list(dev.models), folds or dev
    where = "on dev" if folds is None else "in folds of train and dev"
    if judges.groups < (least := jackknife.LEAST_GROUPS):
        reason = f"{NO_GAIN} can be claimed: {where[3:]} rests on {judges.groups} groups, a claim needs {least}"
        return Choice(keep or names[0], reason, gain=False)
    refined = refined_in(names)
    unrefined = [name for name in names if name not in refined]
    best, sentences = _last_better(unrefined[0], unrefined[1:], judges, broken, where)
    if folds and best != unrefined[-1]:
        refined = []  # dev alone, which is small, would claim what the folds have not shown
    chosen, more = _last_better(keep or best, refined, dev, broken, "on dev")
    gain = best == unrefined[-1]
    if chosen in refined:
        gain = all(dev.differences[f"{chosen} - {name}"].above_zero for name in unrefined[:-1])
    return Choice(chosen, "; ".join([*sentences, *more]), gain)


def refined_in(names: Iterable[str]) -> list[str]:
    """Return the models that were refined after the search."""
    return [name for name in names if name not in ORDER and not is_untuned(name)]


def _last_better(
    chosen: str, names: Sequence[str], judges: SplitVerdict, broken: Collection[str], where: str
) -> tuple[str, list[str]]:
    """Go along the models; return the last that is better than the one chosen before it, and a sentence for each."""
    sentences = []
    for name in names:
        difference, own = judges.differences[f"{name} - {chosen}"], _own_base(name, judges)
        sentences.append(_sentence(name, chosen, difference, judges, where))
        better = difference.above_zero
        if better and own not in (None, chosen):
            over_own = judges.differences[f"{name} - {own}"]
            better = over_own.above_zero
            sentences[-1] += f" and against {own}: {_outcome(over_own, judges, where)}"
        if name in broken:
            sentences[-1] += ", but it breaks the guard" if better else ", and it breaks the guard"
        elif better:
            chosen = name
    return chosen, sentences


def _own_base(name: str, dev: SplitVerdict) -> str | None:
    """Return the base model beside the first that the best and what is refined was trained from; None for others."""
    if name == ORDER[1] or is_untuned(name):
        return None
    return next((other for other in dev.models if is_untuned(other) and other != BASE), None)


def verdict(
    predictions: Mapping[str, Mapping[str, Predictions]],
    seed: int,
    keep: str | None = None,
    states: States | None = None,
    yardsticks: YardstickPredictions | None = None,
    guard: GuardVerdict | None = None,
    purpose: Purpose = F1,
    folds: FoldedPredictions | None = None,
) -> Verdict:
    """Return the verdict; dev alone decides which model is selected.

    Args:
        predictions: split -> model -> predictions.
        seed: of blocks, sample and flips.
        keep: a model to select whatever the scores on dev, unless a refined one is better.
        states: all states of the search that were evaluated on dev; by default only the models themselves.
        yardsticks: those evaluated on the same splits.
        guard: the same models on the guard set; one that breaks it is selected only as `keep`.
        purpose: of each model's threshold, at which its precision, recall and F1 are computed.
        folds: the models that were trained, in folds over train and dev, which then decide about them in place of dev.
    """
    states, yardsticks = states or States(), yardsticks or YardstickPredictions(splits={})
    beside = yardsticks.splits
    refined = refined_in(predictions["dev"])
    errors = {"dev": states.standard_errors(predictions["dev"], seed, beside.get("dev"), refined)}
    splits = {
        split: compare(predictions[split], seed, errors.get(split), beside.get(split))
        for split in ("dev", *(split for split in predictions if split != "dev"))
    }
    splits["dev"] = replace(splits["dev"], states=max(1, states.number))
    own = {
        name: _threshold(dev, seed, purpose) for name, dev in {**beside.get("dev", {}), **predictions["dev"]}.items()
    }
    for split, models in predictions.items():
        for name, model in models.items():
            splits[split].scores[name].update(rates_at(model, own[name]))
        for name, yardstick in beside.get(split, {}).items():
            splits[split].yardsticks[name].scores.update(rates_at(yardstick, own[name]))
    in_folds = in_folds_of(folds, states, seed) if folds else None
    chosen, reason, gain = choose(splits["dev"], keep, guard.broken if guard else (), in_folds)
    if folds:
        reason = f"{folds.number} folds decide about the settings, not about these weights: {reason}"
    against = _against_yardsticks(chosen, splits["dev"], yardsticks)
    return Verdict(
        chosen=chosen, gain=gain, reason=reason, splits=splits, yardsticks=against, guard=guard, folds=in_folds
    )


def in_folds_of(folds: FoldedPredictions, states: States, seed: int) -> SplitVerdict:
    """Compare the models in folds; the intervals hold for all compared settings, and for the search before them."""
    seen = States(others=folds.settings, trials=states.trials)
    split = compare(folds.predictions, seed, seen.standard_errors(folds.predictions, seed))
    for name, rates in folds.rates.items():
        split.scores[name].update(rates)
    return replace(split, states=seen.number)


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


def _threshold(dev: Predictions, seed: int, purpose: Purpose) -> float | None:
    """Return a model's own threshold; None for kinds without one, and where none meets the purpose on dev."""
    if not (isinstance(dev, PairPredictions) and dev.declared.threshold):
        return None
    return value_for(purpose, dev, seed)


def rates_at(predictions: Predictions, threshold: float | None) -> dict[str, float]:
    """Compute precision, recall and F1; NaN without a threshold, and empty for kinds that have none."""
    if not (isinstance(predictions, PairPredictions) and predictions.declared.threshold):
        return {}
    return dict.fromkeys(NAMES, math.nan) if threshold is None else at_threshold(predictions, threshold)


def confusion(predictions: Predictions) -> dict[str, Any] | None:
    """Return categories and counts; None for other kinds."""
    if not isinstance(predictions, CategoryPredictions):
        return None
    return {"categories": list(predictions.names), "counts": predictions.confusion().astype(int).tolist()}


def _sentence(name: str, simpler: str, difference: Interval, judges: SplitVerdict, where: str) -> str:
    return f"{name} against {simpler}: {_outcome(difference, judges, where)}"


def _outcome(difference: Interval, judges: SplitVerdict, where: str) -> str:
    return f"{'better' if difference.above_zero else NO_GAIN} ({_width(difference, judges, where)})"


def _width(difference: Interval, judges: SplitVerdict, where: str = "on dev") -> str:
    width = f"interval {difference.low:+.4f} to {difference.high:+.4f}"
    if math.isnan(difference.low):
        width = "no interval: too few groups"
    elif judges.states > 1:
        seen = "judged states" if where == "on dev" else "compared settings"
        width += f", which holds for all {judges.states} {seen} at once"
    return f"{difference.value:+.4f} {judges.metric} {where}, {width}"
