"""Hold a model's predictions on one split: scores, intervals and thresholds follow from them without the model."""

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
    """The predictions of one model on one split.

    Attributes:
        kind: the kind of evaluation.
        groups: the group of each item, numbered from 0; items of one group are not independent. Shape (items,).
        other_groups: the group of each item's second text, in the same numbers; None where it is that of the item.
    """

    kind: KindName
    groups: Indices
    other_groups: Indices | None = None

    @property
    def declared(self) -> Kind:
        """The declaration of the kind of evaluation."""
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
        """The number of groups that the deciding score rests on."""
        return self.groups_of(np.ones(len(self.groups), dtype=bool))

    def groups_of(self, chosen: NDArray[np.bool_]) -> int:
        """Count the groups of the chosen items, by their first or their second texts, whichever are fewer."""
        columns = [self.groups] if self.other_groups is None else [self.groups, self.other_groups]
        return min(len(np.unique(column[chosen])) for column in columns)

    @property
    def rare(self) -> Indices:
        """The items that a sample takes first."""
        return np.empty(0, dtype=np.int64)

    @abstractmethod
    def weighted(self, weights: Floats) -> Floats:
        """Compute the deciding score where item i counts weights[..., i] times, shape (...); NaN if undefined."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """Compute all scores that need no threshold, under the library's names, the deciding one first."""

    @property
    @abstractmethod
    def predictions(self) -> NDArray[Any]:
        """The numbers that the deciding score is computed from, shape (items,), 4 bytes an item."""

    @abstractmethod
    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        """Return another model's predictions on the same items; only the deciding score is then defined."""

    def of_items(self, items: Indices) -> Self:
        """Return the predictions on some of the items."""
        own: dict[str, Any] = {
            name: value[items] for name, value in vars(self).items() if isinstance(value, np.ndarray)
        }
        return replace(self, **own)


@dataclass(frozen=True, kw_only=True)
class PairPredictions(Predictions):
    """Cosine and label of each pair, shape (pairs,), for a kind that reads labels."""

    cosines: Floats
    labels: Floats

    @property
    def _binary(self) -> bool:
        return self.declared.labels == "binary"

    @property
    def num_groups(self) -> int:
        """The number of groups; with labels 0 and 1 those of the rarer label, which decide an interval's width."""
        if not self._binary:
            return super().num_groups
        return min(self.groups_of(self.labels == label) for label in (0.0, 1.0))

    @property
    def rare(self) -> Indices:
        """The pairs of the rarer label where labels are 0 and 1; otherwise none."""
        if not self._binary:
            return super().rare
        return np.flatnonzero(self.labels == float(self.labels.mean() < 0.5))

    def weighted(self, weights: Floats) -> Floats:
        """Compute average precision of labels 0 and 1, Spearman's correlation of others, with weights."""
        score = metrics.weighted_ap if self._binary else metrics.weighted_spearman
        return score(self.cosines, self.labels, weights)

    def scores(self) -> dict[str, float]:
        """Compute cosine_ap and cosine_roc_auc, or spearman_cosine and pearson_cosine."""
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
        """The cosines."""
        return self.cosines.astype(np.float32)  # cosines are multiples of 1e-6, so ties stay ties

    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        """Return the same pairs with other cosines."""
        return replace(self, cosines=predictions.astype(np.float64))


@dataclass(frozen=True, kw_only=True)
class CategoryPredictions(Predictions):
    """True and predicted category of each text, as indices into `names`, shape (texts,)."""

    truth: Indices
    predicted: Indices
    names: tuple[str, ...]

    def weighted(self, weights: Floats) -> Floats:
        """Compute macro-F1 with weights."""
        return metrics.weighted_macro_f1(self.truth, self.predicted, len(self.names), weights)

    def scores(self) -> dict[str, float]:
        """Compute macro_f1 and accuracy."""
        return metrics.category_scores(self.truth, self.predicted)

    @property
    def predictions(self) -> NDArray[Any]:
        """The predicted categories."""
        return self.predicted.astype(np.int32)

    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        """Return the same texts with other predicted categories."""
        return replace(self, predicted=predictions.astype(np.int64))

    def confusion(self) -> Floats:
        """Count the texts of category i (row) that were predicted as category j (column), shape (names, names)."""
        size = len(self.names)
        cells = np.bincount(self.truth * size + self.predicted, minlength=size * size)
        return cells.reshape(size, size).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class QueryPredictions(Predictions):
    """Every retrieval metric of each query, shape (queries,)."""

    per_query: dict[str, Floats]

    def weighted(self, weights: Floats) -> Floats:
        """Compute the weighted mean of the deciding metric over queries."""
        total = weights.sum(axis=-1)
        sums = weights @ self.per_query[self.metric]
        mean: Floats = np.divide(sums, total, out=np.full_like(sums, np.nan), where=total > 0)
        return mean

    def scores(self) -> dict[str, float]:
        """Compute the mean of each metric over queries."""
        return {name: float(values.mean()) for name, values in self.per_query.items()}

    @property
    def predictions(self) -> NDArray[Any]:
        """The deciding metric of each query."""
        return self.per_query[self.metric].astype(np.float32)

    def with_predictions(self, predictions: NDArray[Any]) -> Self:
        """Return the same queries with other values of the deciding metric."""
        return replace(self, per_query={self.metric: predictions.astype(np.float64)})

    def of_items(self, items: Indices) -> Self:
        """Return the predictions on some of the queries."""
        chosen = super().of_items(items)
        return replace(chosen, per_query={name: values[items] for name, values in self.per_query.items()})
