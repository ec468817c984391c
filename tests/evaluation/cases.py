"""Make predictions of models on generated splits."""

import numpy as np

from evaluation.predictions import PairPredictions, QueryPredictions
from tasks.common.kinds import KindName


def queries(values: list[float] | np.ndarray, groups: np.ndarray | None = None) -> QueryPredictions:
    """Return predictions with one query for each value; each is a group of its own unless groups are given."""
    found = np.asarray(values, dtype=np.float64)
    own = np.arange(len(found)) if groups is None else groups
    return QueryPredictions(kind="retrieval", groups=own, per_query={"cosine_mrr@10": found})


def pairs(number: int, kind: KindName = "binary", seed: int = 0) -> PairPredictions:
    """Return predictions on pairs labelled 0 and 1 in turn; those labelled 1 have slightly higher random cosines."""
    labels = (np.arange(number) % 2).astype(np.float64)
    cosines = np.random.default_rng(seed).uniform(-1, 0.8, size=number) + 0.2 * labels
    return PairPredictions(kind=kind, groups=np.arange(number), cosines=np.round(cosines / 1e-6) * 1e-6, labels=labels)
