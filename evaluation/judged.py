"""What a model made of one split, item by item: from it come scores, intervals and thresholds, without the model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from evaluation import metrics
from evaluation.metrics import Floats, Indices
from tasks.common.declaration import DECIDING_METRIC


@dataclass(frozen=True, kw_only=True)
class Judged(ABC):
    """One model on one split.

    Attributes:
        kind: of evaluation, a key of DECIDING_METRIC.
        groups: the group of each item, numbered from 0; items of one group are not independent. Shape (items,).
    """

    kind: str
    groups: Indices

    @property
    def metric(self) -> str:
        """The score that decides."""
        return DECIDING_METRIC[self.kind]

    @abstractmethod
    def weighted(self, weights: Floats) -> float:
        """The deciding score where item i stands weights[i] times, 0 and more; NaN where it is not defined."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """All scores that need no threshold, under the library's names, the deciding one first."""


@dataclass(frozen=True, kw_only=True)
class JudgedPairs(Judged):
    """Cosine and label of each pair, shape (pairs,); kinds binary and graded."""

    cosines: Floats
    labels: Floats

    def weighted(self, weights: Floats) -> float:
        if self.kind == "binary":
            return metrics.weighted_ap(self.cosines, self.labels, weights)
        return metrics.weighted_spearman(self.cosines, self.labels, weights)

    def scores(self) -> dict[str, float]:
        if self.kind == "binary":
            return {
                "cosine_ap": metrics.cosine_ap(self.cosines, self.labels),
                "cosine_roc_auc": metrics.roc_auc(self.cosines, self.labels),
            }
        return {
            "spearman_cosine": metrics.spearman_cosine(self.cosines, self.labels),
            "pearson_cosine": metrics.pearson_cosine(self.cosines, self.labels),
        }


@dataclass(frozen=True, kw_only=True)
class JudgedCategories(Judged):
    """True and found category of each text, as indices into `names`, shape (texts,)."""

    truth: Indices
    found: Indices
    names: tuple[str, ...]

    def weighted(self, weights: Floats) -> float:
        return metrics.macro_f1(self.confusion(weights))

    def scores(self) -> dict[str, float]:
        return metrics.category_scores(self.truth, self.found)

    def confusion(self, weights: Floats | None = None) -> Floats:
        """Texts of category i (row) that were taken for category j (column), shape (names, names)."""
        size = len(self.names)
        cells = np.bincount(self.truth * size + self.found, weights=weights, minlength=size * size)
        return cells.reshape(size, size).astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class JudgedQueries(Judged):
    """A score per query for each of the retrieval metrics, shape (queries,)."""

    per_query: dict[str, Floats]

    def weighted(self, weights: Floats) -> float:
        total = float(weights.sum())
        return float(self.per_query[self.metric] @ weights) / total if total else float("nan")

    def scores(self) -> dict[str, float]:
        return {name: float(values.mean()) for name, values in self.per_query.items()}
