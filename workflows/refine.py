"""Refine a search's models without training: mix the best with the base model, and average the best trials.

The weights are mixed with the base model's by LM-Cocktail (Xiao et al. 2023), and averaged over trials by the greedy
soup (Wortsman et al. 2022). Dev decides what is tried further; the verdict decides whether it is kept.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import ray

from common.run_folder import RunFolder
from common.space import Settings
from evaluation.category_vectors import CategoryVectors
from evaluation.guard import GUARD, check_guard
from evaluation.predictions import Predictions
from models.base_model import Base
from trainers.checkpoint import TrainingState, read_state, to_arrays
from trainers.groups.client import GroupClient
from trainers.groups.pool import evaluate_models
from trainers.job import EvaluationJob, Guard
from trainers.mixture import Mixture, Weights, average
from workflows.outcome import Outcome
from workflows.request import Request

BASE_FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Fractions of the base model's weights: beyond a half, a mixture forgets most of the training."""
INTERPOLATED, SOUP = "interpolated", "soup"
MOST_SECONDS = 60.0
"""No further mixture is tried after so long if the run has a time budget, else after a tenth of the search's time if
that is longer."""
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Refined:
    """A way to refine a model, and what it gave on dev.

    Attributes:
        name: of the refined model in the verdict.
        of: the model that it begins from.
        before: the deciding score of that one on dev.
        tried: what was tried -> its deciding score on dev.
        parts: model -> fraction of its weights; empty where nothing that was tried raised the score.
        state: the refined weights; None likewise.
        vectors: category vectors beside the weights of `of`; None for other ways, and where they raise nothing.
        judged: predictions on dev of everything that was tried.
    """

    name: str
    of: str
    before: float
    tried: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)
    state: TrainingState | None = None
    vectors: CategoryVectors | None = None
    judged: Sequence[Predictions] = ()

    @property
    def of_splits(self) -> Mapping[str, Predictions]:
        """Split -> predictions with the category vectors; none without."""
        return self.vectors.predictions if self.vectors else {}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for verdict.json."""
        return {name: getattr(self, name) for name in ("name", "of", "before", "tried", "parts")}


class Judged(NamedTuple):
    """Predictions of one mixture on dev, and whether it holds on the guard set, if there is one."""

    dev: Predictions
    holds: bool

    @property
    def score(self) -> float:
        """The deciding score on dev."""
        return score_of(self.dev)


class Refinement:
    """Try mixtures of weights on dev. One that breaks the guard is never chosen.

    Args:
        groups: worker groups that take jobs.
        dev: the evaluation of dev and, if there is one, of the guard set.
        budget_s: seconds after which nothing further is tried.
        say: shows a line of progress.
        holds: checks the predictions on the guard set.
    """

    def __init__(
        self,
        groups: Sequence[GroupClient],
        dev: EvaluationJob,
        budget_s: float,
        say: Say,
        holds: Callable[[Predictions], bool] = lambda _: True,
    ) -> None:
        self.groups, self.dev, self.say, self.holds = groups, dev, say, holds
        self._end = time.monotonic() + budget_s

    def interpolated(self, name: str, best: Weights, base: Weights, before: float, *, broken: bool = False) -> Refined:
        """Mix the best with the base model, and choose the fraction by dev: the highest score, the first of equals.

        Args:
            name: of the best in the verdict.
            best: weights of its state.
            base: weights of the base model.
            before: score of the best on dev.
            broken: whether the best breaks the guard; a mixture that holds then need not have a higher score.
        """
        judged: dict[float, Judged] = {}
        for wave in _waves(BASE_FRACTIONS, len(self.groups)):
            if self._late():
                break
            shown = " and ".join(f"{fraction:g}" for fraction in wave)
            self.say(f"refining: mixing {name} with {shown} of the base model")
            states = {fraction: average([(best, 1 - fraction), (base, fraction)]) for fraction in wave}
            judged |= dict(zip(wave, self._judge(list(states.values())), strict=True))
        scores = {fraction: each.score for fraction, each in judged.items()}
        result = Refined(
            name=INTERPOLATED,
            of=name,
            before=before,
            tried={f"{fraction:g} base": score for fraction, score in scores.items()},
            judged=[each.dev for each in judged.values()],
        )
        chosen = max(
            (fraction for fraction in scores if judged[fraction].holds), key=lambda at: scores[at], default=None
        )
        if chosen is None or (scores[chosen] <= before and not broken):
            return result
        state = average([(best, 1 - chosen), (base, chosen)])
        return replace(result, parts={name: 1 - chosen, "base": chosen}, state=state)

    def soup(self, name: str, trials: Mapping[str, Callable[[], Weights]], before: float) -> Refined:
        """Average the best trials: each joins if the score on dev does not fall.

        Args:
            name: of the best in the verdict.
            trials: trial -> reads the weights of its best state; the best trial first.
            before: the score of the best trial on dev.
        """
        (first, read), *others = trials.items()
        mixture, score, joined = Mixture(), before, [first]
        mixture.add(read())
        result = Refined(name=SOUP, of=name, before=before)
        for trial, read in others:
            if self._late():
                break
            self.say(f"refining: averaging {', '.join([*joined, trial])}")
            try:
                more = mixture.with_added(read())
            except Exception:  # a damaged file can raise any error, and other shapes do
                continue
            (judged,) = self._judge([more.state()])
            now = judged.score
            result = replace(result, tried={**result.tried, f"with {trial}": now}, judged=[*result.judged, judged.dev])
            if now >= score and judged.holds:
                mixture, score, joined = more, now, [*joined, trial]
        if len(joined) == 1 or score <= before:
            return result
        return replace(result, parts={trial: 1 / len(joined) for trial in joined}, state=mixture.state())

    def _judge(self, states: Sequence[TrainingState]) -> list["Judged"]:
        """Return the predictions on dev of each state, and whether it holds on the guard set.

        Raises:
            EvaluationError: one of them could not be evaluated.
        """
        models: dict[str, TrainingState | None] = {str(number): state for number, state in enumerate(states)}
        predictions, _ = evaluate_models(self.groups, models, self.dev, lambda _done, _total: None)
        guard = predictions.get(GUARD, {})
        return [Judged(own, name not in guard or self.holds(guard[name])) for name, own in predictions["dev"].items()]

    def _late(self) -> bool:
        return time.monotonic() > self._end


def refine(
    request: Request,
    outcome: Outcome,
    groups: Sequence[GroupClient],
    evaluation: EvaluationJob,
    guard: Guard | None,
    say: Say,
) -> Iterator[Refined]:
    """Yield what each way to refine the best gave on dev.

    Args:
        request: the run's request.
        outcome: of the training or search; the best has a state.
        groups: worker groups that take jobs.
        evaluation: the evaluation of all splits by the best's base model, of which dev and the guard set are used.
        guard: the guard set with the base model's predictions.
        say: shows a line of progress.

    Raises:
        EvaluationError: a group was lost, or a mixture's embeddings are not finite.
    """
    assert outcome.best is not None
    assert outcome.best.value is not None
    assert outcome.state is not None
    budget_s = MOST_SECONDS if request.options.minutes else max(MOST_SECONDS, 0.1 * outcome.wall_s)
    splits = {name: split for name, split in evaluation.splits.items() if name in ("dev", GUARD)}
    dev = replace(evaluation, splits=splits, train=None)
    base = request.base_of(outcome.best.settings)
    holds = partial(_holds, request, guard, outcome.best.settings) if guard else lambda _: True
    refinement = Refinement(groups, dev, budget_s, say, holds)
    best, name = outcome.state.weights, "baseline" if outcome.best is outcome.baseline else "best"
    broken = outcome.best.compared != outcome.best.value
    yield refinement.interpolated(name, best, base_weights(base), outcome.best.value, broken=broken)
    run, first = RunFolder(request.options.run), outcome.best.trial
    others = {trial: partial(_read, run, file) for trial, file in outcome.states.items() if trial != first}
    if others:
        yield refinement.soup(name, {first: lambda: best, **others}, outcome.best.value)


def _holds(request: Request, guard: Guard, settings: Settings, predictions: Predictions) -> bool:
    models = {"base": ray.get(guard.base_of(settings)[0]), "mixture": predictions}
    return check_guard(models, guard.limit, request.options.seed)["mixture"].holds


def _read(run: RunFolder, file: str) -> Weights:
    return read_state(run, file).weights


def base_weights(base: Base) -> Weights:
    """Return the weights of a base model as arrays."""
    weights: Weights = to_arrays(base.load().state_dict())
    return weights


def _waves(fractions: Sequence[float], size: int) -> Iterator[Sequence[float]]:
    """Yield as many fractions at a time as there are groups: no more mixtures are in memory."""
    yield from (fractions[start : start + size] for start in range(0, len(fractions), size))


def score_of(predictions: Predictions) -> float:
    """Return the deciding score."""
    return predictions.scores()[predictions.metric]
