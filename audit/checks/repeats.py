"""Rows that repeat in train, and what repeats inside a batch do to a ranking loss."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audit.checks.labels import first_rows, pair_hashes
from audit.finding import Finding
from audit.limits import DUPLICATES_WARNING, REPEATS_IN_BATCH
from audit.plan import Plan
from audit.scan import Facts
from common.hashes import Hashes


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Of train alone."""
    train = splits[0]
    if not train.rows:
        return
    yield from _duplicates(plan, train)
    if not plan.labelled:
        yield from _in_batch(plan, train)


def _duplicates(plan: Plan, train: Facts) -> Iterator[Finding]:
    rows = _with_labels(plan, train)
    _, first = np.unique(rows, return_index=True)
    repeats = np.ones(train.rows, dtype=bool)
    repeats[first] = False
    if repeats.mean() > DUPLICATES_WARNING:
        yield Finding(
            code="duplicate_pairs",
            severity="warning",
            count=int(repeats.sum()),
            share=float(repeats.mean()),
            statistic={
                "distinct": len(first),
                "steps_per_epoch": train.rows // plan.global_batch_size,
                "steps_per_epoch_of_distinct": len(first) // plan.global_batch_size,
            },
            rows=first_rows(train.split, repeats),
        )


def _with_labels(plan: Plan, train: Facts) -> Hashes:
    """The pair's hash and its label's bits: a contradiction is no repeat."""
    hashes = pair_hashes(plan, train)
    return hashes if train.labels is None else hashes ^ train.labels.view(np.int64)


def _in_batch(plan: Plan, train: Facts) -> Iterator[Finding]:
    size = min(plan.global_batch_size, train.rows)
    _, index, counts = np.unique(train.alike[1], return_inverse=True, return_counts=True)
    expected, floor = expected_repeats(counts, size), loss_floor(counts, size)
    if expected > REPEATS_IN_BATCH:
        repeated = counts[index] > 1
        yield Finding(
            code="in_batch_duplicates",
            severity="warning",
            count=int(repeated.sum()),
            share=float(repeated.mean()),
            statistic={"batch": size, "expected_repeats": expected, "loss_floor_unmasked": floor},
            rows=first_rows(train.split, counts[index] == counts.max()),
        )


def expected_repeats(counts: NDArray[np.integer], size: int) -> float:
    """Rows of a batch beyond the first with their text, on average; `counts` are the texts' frequencies in train.

    A batch is drawn without replacement, so a text is left out with the hypergeometric probability.
    """
    from scipy.stats import hypergeom

    values, texts = np.unique(counts, return_counts=True)
    present = 1 - hypergeom.pmf(0, counts.sum(), values, size)
    return float(size - (texts * present).sum())


def loss_floor(counts: NDArray[np.integer], size: int) -> float:
    """E[log(1 + K)], what a ranking loss cannot undercut where the K repeats of a row's text count as negatives.

    Such a repeat has the same score as the row's own text, so the softmax gives it at most 1 / (1 + K). K is
    hypergeometric; for a large train this is the binomial of the job_skills card's analysis (0.0369 at batch 16).
    """
    from scipy.stats import hypergeom

    values, texts = np.unique(counts, return_counts=True)
    total = int(counts.sum())
    possible = np.arange(size)[:, None]
    probabilities = hypergeom.pmf(possible, total - 1, values - 1, size - 1)
    floors = (np.log1p(possible) * probabilities).sum(axis=0)
    return float((values * texts * floors).sum() / total)
