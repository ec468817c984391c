"""The numbers a model is judged by, from embeddings alone: cosine, average precision, Spearman, macro-F1, MRR@10.

Cosines that differ by less than SAME_COSINE count as tied, and a tie never helps the model: a model that puts all texts
at one place gets what chance or less would give, not what the order of the rows happens to be.

scikit-learn and scipy take seconds to import, so only what computes with them does: a command that merely checks its
pairs, and every worker group that waits for that command, starts sooner.
"""

import numpy as np
from numpy.typing import NDArray

SAME_COSINE = 1e-6
"""float32 embeddings of one text, computed in two batches of different padding, agree to about 1e-7."""

CUTOFF = 10
"""The k of MRR@k."""

ROWS_AT_ONCE = 1024
"""Rows of the query x candidate matrix held at a time: memory stays flat however many queries there are."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def normalized(embeddings: NDArray[np.floating]) -> Floats:
    """Rows of length 1, shape (texts, dimensions); a zero row stays zero, so that its cosine with anything is 0.

    Raises:
        ValueError: an embedding is not finite, as after a training that diverged.
    """
    rows = np.asarray(embeddings, dtype=np.float64)
    if not np.isfinite(rows).all():
        raise ValueError(f"{(~np.isfinite(rows).all(axis=1)).sum()} of {len(rows)} embeddings are not finite")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1.0, lengths)


def pair_cosines(first: Floats, second: Floats) -> Floats:
    """Cosine of row i with row i, shape (pairs,), of normalized rows; rounded so that ties are ties."""
    cosines: Floats = np.einsum("ij,ij->i", first, second)
    return np.round(cosines / SAME_COSINE) * SAME_COSINE


def cosine_ap(cosines: Floats, labels: Floats) -> float:
    """Average precision of the pairs ranked by cosine: sum over thresholds of (R_n - R_{n-1}) P_n (scikit-learn).

    Pairs of equal cosine are one threshold: they enter together, none of them is put first.
    """
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, cosines))


def spearman_cosine(cosines: Floats, labels: Floats) -> float:
    """Spearman's rank correlation of cosine and label, ties at their mean rank (scipy).

    0.0 where all cosines are equal: such a model says nothing about the order, and NaN would stop a search.
    """
    from scipy.stats import spearmanr

    if np.ptp(cosines) == 0:
        return 0.0
    return float(spearmanr(labels, cosines).statistic)


def nearest(texts: Floats, candidates: Floats, truth: Indices) -> Indices:
    """Index of the candidate with the highest cosine for each text, shape (texts,).

    Where the true candidate is tied with another one the other is taken: a coin toss is not knowledge.
    """
    found = np.empty(len(texts), dtype=np.int64)
    for start in range(0, len(texts), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        cosines = texts[rows] @ candidates.T
        cosines[np.arange(len(cosines)), truth[rows]] -= SAME_COSINE
        found[rows] = cosines.argmax(axis=1)
    return found


def category_scores(truth: Indices, found: Indices) -> dict[str, float]:
    """Macro-F1 over the categories that occur in truth or prediction (scikit-learn's default), and accuracy."""
    from sklearn.metrics import accuracy_score, f1_score

    macro_f1 = f1_score(truth, found, average="macro", zero_division=0.0)
    return {"macro_f1": float(macro_f1), "accuracy": float(accuracy_score(truth, found))}


def mean_reciprocal_rank(queries: Floats, candidates: Floats, relevant: list[Indices]) -> float:
    """MRR@10: mean over the queries of 1 / rank of the best own candidate, 0 where that rank is beyond 10.

    As in the library's InformationRetrievalEvaluator (Manning, Raghavan, Schuetze: Introduction to Information
    Retrieval, ch. 8), but a tie takes the worse rank: the rank is 1 + the other candidates that come as near.

    Args:
        queries: shape (queries, dimensions).
        candidates: shape (candidates, dimensions), every text once.
        relevant: for each query the indices of its own candidates, at least one.
    """
    total = 0.0
    for start in range(0, len(queries), ROWS_AT_ONCE):
        cosines = queries[start : start + ROWS_AT_ONCE] @ candidates.T
        for row, own in zip(cosines, relevant[start : start + ROWS_AT_ONCE], strict=True):
            best = row[own].max()
            row[own] = -np.inf
            rank = 1 + int((row > best - SAME_COSINE).sum())
            total += 1 / rank if rank <= CUTOFF else 0.0
    return total / len(queries)
