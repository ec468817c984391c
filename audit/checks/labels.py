"""Labels as a whole: their range, whether there are two kinds, whether they are heard, whether they contradict."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audit.finding import Finding, error_if
from audit.limits import CONTRADICTORY_ERROR, EXAMPLES, ONE_SIDED_ERROR, ONE_SIDED_WARNING
from audit.plan import Plan
from audit.scan import Facts
from common.hashes import Hashes

MIX = np.int64(-7046029254386353131)
"""2^64 / golden ratio: makes one hash of two (Knuth, The Art of Computer Programming, vol. 3, 6.4)."""


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Ranges are checked in every split, the rest in train."""
    train = splits[0]
    if train.labels is None or not len(known := train.labels[~np.isnan(train.labels)]):
        return
    yield from _out_of_range(plan, splits)
    yield from _one_sided(train, known)
    yield from _contradictory(plan, train)


def pair_hashes(plan: Plan, facts: Facts) -> Hashes:
    """One hash per pair of folded texts; of either order where the loss is symmetric."""
    first, second = facts.alike
    if plan.declared_loss.symmetric:
        first, second = np.minimum(first, second), np.maximum(first, second)
    mixed: Hashes = first * MIX + second
    return mixed


def first_rows(split: str, chosen: NDArray[np.bool_]) -> list[tuple[str, int]]:
    """The first rows that are chosen."""
    return [(split, int(row)) for row in np.flatnonzero(chosen)[:EXAMPLES]]


def _out_of_range(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    rows, count, total = [], 0, 0
    binary = plan.declared_loss.labels == "binary"
    least, greatest = np.inf, -np.inf
    for facts in splits:
        if facts.labels is None:
            continue
        known = ~np.isnan(facts.labels)
        allowed = np.isin(facts.labels, (0.0, 1.0)) if binary else np.abs(facts.labels) <= 1
        wrong = known & ~allowed
        rows += first_rows(facts.split, wrong)
        count, total = count + int(wrong.sum()), total + facts.rows
        if wrong.any():
            least, greatest = min(least, facts.labels[wrong].min()), max(greatest, facts.labels[wrong].max())
    if count:
        yield Finding(
            code="label_range",
            severity="error",
            count=count,
            share=count / total,
            statistic={
                "least": float(least),
                "greatest": float(greatest),
                "allowed": "0 or 1" if binary else "-1 to 1",
            },
            rows=rows,
        )


def _one_sided(train: Facts, known: NDArray[np.float64]) -> Iterator[Finding]:
    assert train.labels is not None
    values, counts = np.unique(known, return_counts=True)
    share, commonest = counts.max() / len(known), float(values[counts.argmax()])
    code = "single_label" if len(values) == 1 else "one_sided_labels"
    if share <= ONE_SIDED_WARNING:
        return
    yield Finding(
        code=code,
        severity=error_if(share > ONE_SIDED_ERROR),
        count=int(counts.max()),
        share=float(share),
        statistic={"commonest": commonest, "others": int(len(known) - counts.max())},
        rows=first_rows(train.split, np.equal(train.labels, commonest)),
    )


def _contradictory(plan: Plan, train: Facts) -> Iterator[Finding]:
    assert train.labels is not None
    _, pair = np.unique(pair_hashes(plan, train), return_inverse=True)
    least = np.full(pair.max() + 1, np.inf)
    greatest = np.full(pair.max() + 1, -np.inf)
    np.fmin.at(least, pair, train.labels)
    np.fmax.at(greatest, pair, train.labels)
    torn = (least < greatest)[pair]
    if torn.any():
        yield Finding(
            code="contradictory_labels",
            severity=error_if(torn.mean() > CONTRADICTORY_ERROR),
            count=int(torn.sum()),
            share=float(torn.mean()),
            statistic={"pairs": int((least < greatest).sum())},
            rows=_together(train.split, pair, torn),
        )


def _together(split: str, pair: NDArray[np.intp], torn: NDArray[np.bool_]) -> list[tuple[str, int]]:
    """Rows of the first such pair, then of the next."""
    rows = np.flatnonzero(torn)
    order = np.argsort(pair[rows], kind="stable")
    return [(split, int(row)) for row in rows[order][:EXAMPLES]]
