"""Compute metrics from embeddings alone: cosine, average precision, Spearman, macro-F1, MRR@10.

Cosines that differ by less than SAME_COSINE count as tied, and a tie never helps the model: a model that maps all texts
to one point scores no better than chance, whatever the order of the rows.

scikit-learn and scipy take seconds to import, so they are imported inside the functions that need them: a command that
only checks its pairs, and every worker group that waits for it, starts sooner.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

SAME_COSINE = 1e-6
"""float32 embeddings of one text agree to about 1e-7 when computed in two batches of different padding."""

CUTOFF = 10
"""The k of MRR@k."""

ROWS_AT_ONCE = 1024
"""Rows of the query x candidate matrix in memory at a time: memory stays flat however many queries there are."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Scores = Callable[[Indices], Floats]
"""Indices of texts -> the score of each candidate for each of them, shape (texts, candidates); may be changed."""


def cosines_of(texts: Floats, candidates: Floats) -> Scores:
    """Return the cosines of normalized rows."""
    return lambda rows: texts[rows] @ candidates.T


def normalized(embeddings: NDArray[np.floating]) -> Floats:
    """Scale rows to length 1, shape (texts, dimensions); a zero row stays zero, so its cosine with anything is 0.

    Raises:
        ValueError: an embedding is not finite, as after a training that diverged.
    """
    rows = np.asarray(embeddings, dtype=np.float64)
    if not np.isfinite(rows).all():
        raise ValueError(f"{(~np.isfinite(rows).all(axis=1)).sum()} of {len(rows)} embeddings are not finite")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1.0, lengths)


def pair_cosines(first: Floats, second: Floats) -> Floats:
    """Compute the cosine of row i with row i of normalized rows, shape (pairs,); rounded so that ties are ties."""
    cosines: Floats = np.einsum("ij,ij->i", first, second)
    return np.round(cosines / SAME_COSINE) * SAME_COSINE


def cosine_ap(cosines: Floats, labels: Floats) -> float:
    """Compute average precision of the pairs ranked by cosine: the sum of (R_n - R_{n-1}) P_n over thresholds.

    Pairs of equal cosine are one threshold and enter together (scikit-learn).
    """
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, cosines))


def spearman_cosine(cosines: Floats, labels: Floats) -> float:
    """Compute Spearman's rank correlation of cosine and label, ties at their mean rank (scipy).

    It is 0.0 where all cosines are equal: such a model gives no order, and NaN would stop a search.
    """
    from scipy.stats import spearmanr

    if np.ptp(cosines) == 0:
        return 0.0
    return float(spearmanr(labels, cosines).statistic)


def nearest(scores: Scores, truth: Indices) -> Indices:
    """Return the index of the candidate with the highest score for each text, shape (texts,).

    Where the true candidate is tied with another one, the other is returned: a tie never helps the model.
    """
    indices = np.empty(len(truth), dtype=np.int64)
    for rows in _blocks(len(truth)):
        block = scores(rows)
        block[np.arange(len(rows)), truth[rows]] -= SAME_COSINE
        indices[rows] = block.argmax(axis=1)
    return indices


def _blocks(count: int) -> Iterator[Indices]:
    for start in range(0, count, ROWS_AT_ONCE):
        yield np.arange(start, min(start + ROWS_AT_ONCE, count))


def category_scores(truth: Indices, predicted: Indices) -> dict[str, float]:
    """Compute accuracy and macro-F1 over the categories in truth or prediction (scikit-learn's default)."""
    from sklearn.metrics import accuracy_score, f1_score

    macro_f1 = f1_score(truth, predicted, average="macro", zero_division=0.0)
    return {"macro_f1": float(macro_f1), "accuracy": float(accuracy_score(truth, predicted))}


def retrieval_scores(cosines: Scores, relevant: list[Indices], same: Indices | None = None) -> dict[str, Floats]:
    """Compute MRR@10, nDCG@10, recall@1 and recall@10 of each query, each of shape (queries,).

    They are those of the library's InformationRetrievalEvaluator (Manning, Raghavan, Schuetze: Introduction to
    Information Retrieval, ch. 8), except that a tie takes the worse rank: a candidate's rank counts all others that are
    as near.

    Args:
        cosines: of the queries with all candidates, every text once; or other scores, higher for nearer ones.
        relevant: for each query the indices of its own candidates, at least one.
        same: for each query the index of the candidate that is the same text, -1 where there is none. It is left out
            unless it is one of the query's own: a text is always nearest to itself, and no user searches for that.
    """
    ranks = _own_ranks(cosines, relevant, np.full(len(relevant), -1) if same is None else same)
    discounts = 1 / np.log2(np.arange(2, CUTOFF + 2))
    scores: dict[str, list[float]] = {"mrr@10": [], "ndcg@10": [], "recall@1": [], "recall@10": []}
    for own in ranks:
        within = own[own <= CUTOFF]
        scores["mrr@10"].append(1 / own.min() if len(within) else 0.0)
        scores["ndcg@10"].append(float(discounts[within - 1].sum() / discounts[: len(own)].sum()))
        scores["recall@1"].append(float((own == 1).mean()))
        scores["recall@10"].append(len(within) / len(own))
    return {f"cosine_{name}": np.array(values) for name, values in scores.items()}


def _own_ranks(cosines: Scores, relevant: list[Indices], same: Indices) -> list[Indices]:
    """Rank the own candidates of each query from 1: tied with one another they take successive ranks, others first."""
    ranks: list[Indices] = []
    for rows in _blocks(len(relevant)):
        for row, query in zip(cosines(rows), rows.tolist(), strict=True):
            own, itself = relevant[query], same[query]
            near = np.sort(row[own])[::-1]
            row[own] = -np.inf
            if itself >= 0:
                row[itself] = -np.inf
            strangers = (row[None, :] > near[:, None] - SAME_COSINE).sum(axis=1)
            ranks.append(strangers + np.arange(1, len(own) + 1))
    return ranks


def roc_auc(cosines: Floats, labels: Floats) -> float:
    """Compute the area under the receiver operating characteristic (scikit-learn)."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, cosines))


def pearson_cosine(cosines: Floats, labels: Floats) -> float:
    """Compute Pearson's correlation of cosine and label (scipy); 0.0 where all cosines are equal."""
    from scipy.stats import pearsonr

    if np.ptp(cosines) == 0:
        return 0.0
    return float(pearsonr(labels, cosines).statistic)


def weighted_ap(cosines: Floats, labels: Floats, weights: Floats) -> Floats:
    """Compute `cosine_ap` where pair i counts weights[..., i] times, shape (...); NaN without a pair of label 1.

    A verdict calls this and the next two thousands of times, and scikit-learn takes a millisecond for each.
    """
    order = np.argsort(-cosines, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(cosines[order]) != 0, True))
    sorted_weights = weights[..., order]
    hits = np.cumsum(sorted_weights * labels[order], axis=-1)[..., ends]
    seen = np.cumsum(sorted_weights, axis=-1)[..., ends]
    gains = np.diff(hits, prepend=0.0, axis=-1)
    total = hits[..., -1]
    precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
    return _ratio((gains * precision).sum(axis=-1), total)


def weighted_spearman(cosines: Floats, labels: Floats, weights: Floats) -> Floats:
    """Compute `spearman_cosine` where pair i counts weights[..., i] times, shape (...); NaN where all labels are equal.

    It is 0.0 where all cosines are equal, as in `spearman_cosine`.
    """
    total = weights.sum(axis=-1, keepdims=True)
    first, second = (_centred(_weighted_ranks(values, weights), weights, total) for values in (cosines, labels))
    spread = (first**2 * weights).sum(axis=-1) * (second**2 * weights).sum(axis=-1)
    product = (first * second * weights).sum(axis=-1)
    correlation = np.divide(product, np.sqrt(spread), out=np.zeros_like(product), where=spread > 0)
    return np.where((second**2 * weights).sum(axis=-1) > 0, correlation, np.nan)


def _centred(ranks: Floats, weights: Floats, total: Floats) -> Floats:
    centred: Floats = ranks - (ranks * weights).sum(axis=-1, keepdims=True) / np.maximum(total, 1e-300)
    return centred


def _weighted_ranks(values: Floats, weights: Floats) -> Floats:
    """Return the mean rank of each value, counted with its weight, in the shape of the weights."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.append(True, np.diff(values[order]) != 0))
    at = np.add.reduceat(weights[..., order], starts, axis=-1)
    mean_rank = np.cumsum(at, axis=-1) - at + (at + 1) / 2
    ranks = np.empty(weights.shape)
    ranks[..., order] = np.repeat(mean_rank, np.diff(np.append(starts, len(values))), axis=-1)
    return ranks


def weighted_macro_f1(truth: Indices, predicted: Indices, num_categories: int, weights: Floats) -> Floats:
    """Compute macro-F1 where text i counts weights[..., i] times, shape (...).

    It is the mean F1 of the categories that occur in truth or prediction, as by scikit-learn's default.
    """
    hits, true, positive = (
        _per_category(categories, num_categories, weights * counted)
        for categories, counted in ((truth, truth == predicted), (truth, 1.0), (predicted, 1.0))
    )
    occurrences = true + positive
    f1 = np.divide(2 * hits, occurrences, out=np.zeros_like(hits), where=occurrences > 0)
    return _ratio(f1.sum(axis=-1), (occurrences > 0).sum(axis=-1).astype(np.float64))


def _per_category(categories: Indices, num_categories: int, weights: Floats) -> Floats:
    rows = weights.reshape(-1, weights.shape[-1])
    cells = np.arange(len(rows))[:, None] * num_categories + categories
    sums: Floats = np.bincount(cells.ravel(), rows.ravel(), minlength=len(rows) * num_categories).astype(np.float64)
    return sums.reshape(*weights.shape[:-1], num_categories)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where `whole` is not above 0."""
    ratio: Floats = np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
    return ratio
