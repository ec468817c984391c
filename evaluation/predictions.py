"""What a model made of one split, item by item: scores, intervals and thresholds follow from it without the model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evaluation import metrics
from evaluation.metrics import Floats, Indices
from tasks.common.kinds import KINDS, Kind, KindName


@dataclass(frozen=True, kw_only=True)
class Predictions(ABC):
    """One model on one split.

    Attributes:
        kind: of evaluation.
        groups: the group of each item, numbered from 0; items of one group are not independent. Shape (items,).
        other_groups: the group of each item's second text where that may be another one, numbered alike; or None.
    """

    kind: KindName
    groups: Indices
    other_groups: Indices | None = None

    @property
    def declared(self) -> Kind:
        """What the kind of evaluation is decided by."""
        return KINDS[self.kind]

    @property
    def metric(self) -> str:
        """The score that decides."""
        return self.declared.metric

    @property
    def lowest(self) -> float:
        """The lowest value that the deciding score can take; the highest is 1."""
        return self.declared.lowest

    @property
    def num_groups(self) -> int:
        """How many groups the deciding score rests on."""
        return self.groups_of(np.ones(len(self.groups), dtype=bool))

    def groups_of(self, chosen: NDArray[np.bool_]) -> int:
        """How many groups the chosen items stand in; by their first or by their second texts, whichever are fewer."""
        columns = [self.groups] if self.other_groups is None else [self.groups, self.other_groups]
        return min(len(np.unique(column[chosen])) for column in columns)

    @property
    def rare(self) -> Indices:
        """Items that a sample should hold before others."""
        return np.empty(0, dtype=np.int64)

    @abstractmethod
    def weighted(self, weights: Floats) -> Floats:
        """The deciding score where item i stands weights[..., i] times; shape (...), NaN where it is not defined."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """All scores that need no threshold, under the library's names, the deciding one first."""

    @property
    @abstractmethod
    def predictions(self) -> NDArray[Any]:
        """What the deciding score needs of the model, shape (items,), 4 bytes an item."""

    @abstractmethod
    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        """Another model on the same items; only its deciding score is defined."""

    def of_items(self, items: Indices) -> Self:
        """The same model on some of the items."""
        own: dict[str, Any] = {
            name: value[items] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, **own)


@dataclass(frozen=True, kw_only=True)
class PairPredictions(Predictions):
    """Cosine and label of each pair, shape (pairs,); of a kind that reads labels."""

    cosines: Floats
    labels: Floats

    @property
    def _binary(self) -> bool:
        return self.declared.labels == "binary"

    @property
    def num_groups(self) -> int:
        """Of pairs labelled 0 and 1: the groups with the rarer of the two, which is what decides an interval."""
        if not self._binary:
            return super().num_groups
        return min(self.groups_of(self.labels == label) for label in (0.0, 1.0))

    @property
    def rare(self) -> Indices:
        """Of pairs labelled 0 and 1: those of the rarer label."""
        if not self._binary:
            return super().rare
        return np.flatnonzero(self.labels == float(self.labels.mean() < 0.5))

    def weighted(self, weights: Floats) -> Floats:
        score = metrics.weighted_ap if self._binary else metrics.weighted_spearman
        return score(self.cosines, self.labels, weights)

    def scores(self) -> dict[str, float]:
        if self._binary:
            return {
                "cosine_ap": metrics.cosine_ap(self.cosines, self.labels),
                "cosine_roc_auc": metrics.roc_auc(self.cosines, self.labels),
            }
        return {
            "spearman_cosine": metrics.spearman_cosine(self.cosines, self.labels),
            "pearson_cosine": metrics.pearson_cosine(self.cosines, self.labels),
        }

    @property
    def predictions(self) -> NDArray[Any]:
        return self.cosines.astype(np.float32)  # cosines are multiples of 1e-6, so ties stay ties

    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        return replace(self, cosines=predictions.astype(np.float64))


@dataclass(frozen=True, kw_only=True)
class CategoryPredictions(Predictions):
    """True and found category of each text, as indices into `names`, shape (texts,)."""

    truth: Indices
    found: Indices
    names: tuple[str, ...]

    def weighted(self, weights: Floats) -> Floats:
        return metrics.weighted_macro_f1(self.truth, self.found, len(self.names), weights)

    def scores(self) -> dict[str, float]:
        return metrics.category_scores(self.truth, self.found)

    @property
    def predictions(self) -> NDArray[Any]:
        return self.found.astype(np.int32)

    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        return replace(self, found=predictions.astype(np.int64))

    def confusion(self) -> Floats:
        """Texts of category i (row) that were taken for category j (column), shape (names, names)."""
        size = len(self.names)
        cells = np.bincount(self.truth * size + self.found, minlength=size * size)
        return cells.reshape(size, size).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class QueryPredictions(Predictions):
    """A score per query for each of the retrieval metrics, shape (queries,)."""

    per_query: dict[str, Floats]

    def weighted(self, weights: Floats) -> Floats:
        total = weights.sum(axis=-1)
        sums = weights @ self.per_query[self.metric]
        return np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)

    def scores(self) -> dict[str, float]:
        return {name: float(values.mean()) for name, values in self.per_query.items()}

    @property
    def predictions(self) -> NDArray[Any]:
        return self.per_query[self.metric].astype(np.float32)

    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        return replace(self, per_query={self.metric: predictions.astype(np.float64)})

    def of_items(self, items: Indices) -> Self:
        chosen = super().of_items(items)
        return replace(chosen, per_query={name: values[items] for name, values in self.per_query.items()})
