"""Average the weights of models of one architecture: parameter by parameter, as fp32 arrays."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from trainers.checkpoint import TrainingState

Weights = Mapping[str, Any]
"""Name of a parameter or buffer -> its array."""


class Mixture:
    """Sum weights in the order given; each sum is divided by the fractions so far.

    Whole numbers, such as the positions of tokens, are those of the first model.
    """

    def __init__(self) -> None:
        self._sum: dict[str, Any] = {}
        self._fractions = 0.0

    def add(self, weights: Weights, fraction: float = 1.0) -> None:
        """Add a model's weights.

        Raises:
            ValueError: its parameters have other names or shapes than those before.
        """
        if self._sum and {name: array.shape for name, array in weights.items()} != self._shapes():
            raise ValueError("its weights have other names or shapes")
        for name, array in weights.items():
            if not np.issubdtype(array.dtype, np.floating):
                self._sum.setdefault(name, array)
            else:
                self._sum[name] = np.asarray(self._sum.get(name, 0.0) + array * np.float32(fraction))
        self._fractions += fraction

    def with_added(self, weights: Weights) -> "Mixture":
        """Return a mixture with one more model; this one stays as it is."""
        more = Mixture()
        more._sum, more._fractions = dict(self._sum), self._fractions
        more.add(weights)
        return more

    def state(self) -> TrainingState:
        """Return the average as a state that can be evaluated and exported, but not trained further."""
        return state_of(
            {
                name: np.asarray(array / np.float32(self._fractions))
                if np.issubdtype(array.dtype, np.floating)
                else array
                for name, array in self._sum.items()
            }
        )

    def _shapes(self) -> dict[str, Any]:
        return {name: array.shape for name, array in self._sum.items()}


def state_of(weights: Weights) -> TrainingState:
    """Return a state of weights alone."""
    return TrainingState(weights=dict(weights), optimizer={}, schedule={}, trainer="{}")


def average(models: Iterable[tuple[Weights, float]]) -> TrainingState:
    """Return the weighted average of models: (weights, fraction) each.

    Raises:
        ValueError: they have other names or shapes.
    """
    mixture = Mixture()
    for weights, fraction in models:
        mixture.add(weights, fraction)
    return mixture.state()
