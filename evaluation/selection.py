import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.jackknife import ERROR, left_out, pseudo_values, student_t
from evaluation.metrics import Floats, Indices
from evaluation.predictions import Predictions

FLIPS = 9_999
"""With the data itself 10,000: the chance of a false claim is then met to a fifth of it."""
ADAPTIVITY = 0.45
"""What a sampler that sees dev costs: `error_of`."""
STATES_AT_ONCE = 512
MOST_ITEMS = 20_000
"""Items whose predictions are kept of each judged state."""


@dataclass(frozen=True, kw_only=True)
class States:
    """Every state that dev has judged, by its predictions: what a claim about the chosen ones has to cover.

    Attributes:
        baseline: states of the baseline's training.
        others: states of all other trainings.
        trials: these trainings.
        told: judgements of dev that were told; more than there are predictions where some were lost.
    """

    baseline: Sequence[NDArray[Any]] = ()
    others: Sequence[NDArray[Any]] = ()
    trials: int = 0
    told: int = 0

    @property
    def number(self) -> int:
        """All of them."""
        return max(self.told, len(self.baseline) + len(self.others))

    def standard_errors(
        self, dev: Mapping[str, Predictions], seed: int, yardsticks: Mapping[str, Predictions] | None = None
    ) -> dict[str, float]:
        """Return, per rival, the standard errors on each side of an interval that holds for all states at once.

        Every training could have been chosen over the base model, every one but the baseline's over the baseline, and
        every model over a yardstick.

        Args:
            dev: base, baseline and best, simplest first, as many as there are.
            yardsticks: name -> its predictions on dev.
        """
        items, yardsticks = sample_of(next(iter(dev.values())), seed), yardsticks or {}
        models = [judged.of_items(items) for judged in dev.values()]
        baseline, others = (
            [models[0].with_predictions(each) for each in kept if len(each) == len(items)]
            for kept in (self.baseline, self.others)
        )
        outside = [judged.of_items(items) for judged in yardsticks.values()]
        pseudo = score_pseudo_values([*models, *others, *baseline, *outside], seed)
        states, last = pseudo[:, : pseudo.shape[1] - len(outside)], len(models) + len(others)
        over: dict[str, Floats] = {}
        for index, name in enumerate(list(dev)[:-1]):
            rivals = states[:, 1:] if index == 0 else states[:, index + 1 : last]
            over[name] = rivals - states[:, [index]]
        for index, name in enumerate(yardsticks, states.shape[1]):
            over[name] = states - pseudo[:, [index]]
        error, lost = error_of(self.trials), self.told > len(baseline) + len(others)
        errors = {name: largest_t(differences, seed, error) for name, differences in over.items()}
        if lost:  # what is not known could be as different as can be (Bonferroni)
            unknown = student_t(error / self.told, len(pseudo))
            errors = {name: max(each, unknown) for name, each in errors.items()}
        return errors


def error_of(trials: int) -> float:
    """The chance of a false claim that flips are asked for, so that the search as a whole has at most ERROR.

    Flips know the states that were tried. They do not know that a sampler which has seen dev, and a scheduler that
    stops what dev likes least, get to the best noise faster than blind trials would: measured, the chance grows with
    the logarithm of their number (`python -m benchmarks.claims`).
    """
    return ERROR / (1 + ADAPTIVITY * math.log1p(trials))


def sample_of(judged: Predictions, seed: int) -> Indices:
    """The items whose predictions are kept, sorted: all, or MOST_ITEMS of them, the rarer label first."""
    number, draw = len(judged.groups), np.random.default_rng(seed)
    if number <= MOST_ITEMS:
        return np.arange(number)
    rare = draw.permutation(judged.rare)[: MOST_ITEMS // 2]
    others = draw.permutation(np.setdiff1d(np.arange(number), judged.rare))[: MOST_ITEMS - len(rare)]
    return np.sort(np.concatenate([rare, others]))


def score_pseudo_values(models: Sequence[Predictions], seed: int) -> Floats:
    """What each block says of each model's score, shape (blocks, models)."""
    each = np.ones((1, len(models[0].groups)))
    scores = np.array([float(model.weighted(each)[0]) for model in models])
    return pseudo_values(scores, left_out(models, seed))


def largest_t(pseudo: Floats, seed: int, error: float) -> float:
    """The t that the largest of all differences exceeds with a chance of `error`, were all of them symmetric around 0.

    Args:
        pseudo: what each block says of each difference, shape (blocks, differences).

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
