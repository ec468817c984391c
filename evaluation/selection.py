"""Cover the choice among many states: intervals of differences that hold for all that were evaluated on dev."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.base_names import is_untuned
from evaluation.jackknife import ERROR, left_out, pseudo_values, student_t
from evaluation.metrics import Floats, Indices
from evaluation.predictions import Predictions

FLIPS = 9_999
"""Random sign flips, 10,000 with the data itself: the chance of a false claim is then met to a fifth of it."""
ADAPTIVITY = 0.45
"""The price of a sampler that sees dev, see `error_of`."""
REFINED = 1 / 3
"""The part of that chance that a model refined after the search has. An average of the trials that dev likes best has
as much luck as each of them and less noise, and flips of states that are already averaged do not know it
(`python -m benchmarks.claims_refined`)."""
STATES_AT_ONCE = 512
MOST_ITEMS = 20_000
"""Items whose predictions are stored for each state."""


@dataclass(frozen=True, kw_only=True)
class States:
    """The predictions of every state that was evaluated on dev: a claim about the chosen ones has to cover all of them.

    Attributes:
        baseline: states of the baseline's training.
        others: states of all other trainings.
        trials: number of the other trainings.
        reported: evaluations on dev that were reported; more than there are predictions where some were lost.
    """

    baseline: Sequence[NDArray[Any]] = ()
    others: Sequence[NDArray[Any]] = ()
    trials: int = 0
    reported: int = 0

    def with_others(self, judged: Sequence[NDArray[Any]]) -> "States":
        """Return the states with further ones that were evaluated on dev after the search."""
        return replace(self, others=[*self.others, *judged], reported=self.reported + len(judged))

    @property
    def number(self) -> int:
        """The number of all states."""
        return max(self.reported, len(self.baseline) + len(self.others))

    def standard_errors(
        self,
        dev: Mapping[str, Predictions],
        seed: int,
        yardsticks: Mapping[str, Predictions] | None = None,
        refined: Collection[str] = (),
    ) -> dict[str, float]:
        """Return, for each simpler model or yardstick, the half-width of an interval that covers every choice over it.

        Every trained state could have been chosen over a base model, every state of another training over the
        baseline, and every state over a yardstick. The half-width is in standard errors, the same on each side.

        Args:
            dev: predictions of the base models, baseline, best and the refined models, simplest first, as many as
                there are.
            seed: of blocks, sample and flips.
            yardsticks: name -> its predictions on dev.
            refined: models that were refined after the search; their differences have half-widths of their own.

        Returns:
            Simpler model or yardstick -> half-width; for refined models 'soup - best' and so on -> half-width.
        """
        items, yardsticks = sample_of(next(iter(dev.values())), seed), yardsticks or {}
        models = [predictions.of_items(items) for predictions in dev.values()]
        baseline, others = (
            [models[0].with_predictions(state) for state in states if len(state) == len(items)]
            for states in (self.baseline, self.others)
        )
        outside = [predictions.of_items(items) for predictions in yardsticks.values()]
        pseudo = score_pseudo_values([*models, *others, *baseline, *outside], seed)
        states, last = pseudo[:, : pseudo.shape[1] - len(outside)], len(models) + len(others)
        over: dict[str, Floats] = {}
        for index, name in enumerate(list(dev)[:-1]):
            rivals = states[:, index + 1 :] if is_untuned(name) else states[:, index + 1 : last]
            over[name] = rivals - states[:, [index]]
        for index, name in enumerate(yardsticks, states.shape[1]):
            over[name] = states - pseudo[:, [index]]
        error, lost = error_of(self.trials), self.reported > len(baseline) + len(others)

        def errors(error: float) -> dict[str, float]:
            # a lost state could differ from the known ones in any way (Bonferroni)
            least = student_t(error / self.reported, len(pseudo)) if lost else 0.0
            return {name: max(least, largest_t(differences, seed, error)) for name, differences in over.items()}

        stricter = errors(error * REFINED) if refined else {}
        own = {f"{name} - {simpler}": each for name in refined for simpler, each in stricter.items()}
        return errors(error) | own


def error_of(trials: int) -> float:
    """Return the chance of a false claim for `largest_t` that keeps the search as a whole at ERROR or below.

    Flips cover the states that were tried. They do not cover that a sampler which sees dev, and a scheduler that stops
    the worst on dev, reach the best noise faster than blind trials would. Measured, the chance grows with the logarithm
    of the number of trials (`python -m benchmarks.claims`).
    """
    return ERROR / (1 + ADAPTIVITY * math.log1p(trials))


def sample_of(predictions: Predictions, seed: int) -> Indices:
    """Return the items whose predictions are stored, sorted: all, or MOST_ITEMS of them, the rarer label first."""
    number, draw = len(predictions.groups), np.random.default_rng(seed)
    if number <= MOST_ITEMS:
        return np.arange(number)
    rare = draw.permutation(predictions.rare)[: MOST_ITEMS // 2]
    others = draw.permutation(np.setdiff1d(np.arange(number), predictions.rare))[: MOST_ITEMS - len(rare)]
    return np.sort(np.concatenate([rare, others]))


def score_pseudo_values(models: Sequence[Predictions], seed: int) -> Floats:
    """Compute the jackknife's pseudo-values of each model's score, shape (blocks, models)."""
    once = np.ones((1, len(models[0].groups)))
    scores = np.array([float(model.weighted(once)[0]) for model in models])
    return pseudo_values(scores, left_out(models, seed))


def largest_t(pseudo: Floats, seed: int, error: float) -> float:
    """Return the t that the largest of all differences exceeds with a chance of `error` if all are symmetric around 0.

    Args:
        pseudo: pseudo-values of each difference, shape (blocks, differences).
        seed: of the sign flips.
        error: chance of a false claim.

    Returns:
        Infinity where even equal signs of all blocks are not rare enough, or a score is not defined without a block.
    """
    blocks = len(pseudo)
    if np.isnan(pseudo).any():
        return float("inf")
    length = np.sqrt((pseudo**2).sum(axis=0))
    directions = (pseudo / np.where(length > 0, length, 1.0)).astype(np.float32)
    flips = np.random.default_rng(seed).integers(0, 2, size=(FLIPS, blocks)).astype(np.float32) * 2 - 1
    largest = np.full(FLIPS, -np.inf, dtype=np.float32)
    for start in range(0, directions.shape[1], STATES_AT_ONCE):
        largest = np.maximum(largest, (flips @ directions[:, start : start + STATES_AT_ONCE]).max(axis=1))
    reached = float(np.sort(largest)[::-1][max(0, int(error * (FLIPS + 1)) - 1)]) + 1e-6  # equal is not beyond
    room = blocks - reached**2
    return reached * math.sqrt((blocks - 1) / room) if room > 1e-3 else float("inf")
