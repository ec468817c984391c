"""Texts and groups that stand in two splits."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.audit.finding import Finding, error_if
from evaluation.audit.labels import first_rows
from evaluation.audit.plan import Plan
from evaluation.audit.scan import TEXTS, Facts
from pairs.hashes import Hashes
from pairs.join import MOST_ROWS_PER_SECOND_TEXT


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """One finding over all pairs of splits; it counts rows of the split that judges (test before dev)."""
    columns = _columns(plan, splits[0])
    statistic: dict[str, dict[str, int]] = {}
    rows: list[tuple[str, int]] = []
    count, total = 0, 0
    for before, after in itertools.combinations(splits, 2):
        shared = shares(before, after, columns)
        any_way = np.logical_or.reduce(list(shared.values()))
        statistic[f"{before.split}-{after.split}"] = {
            "rows": int(any_way.sum()),
            "of": after.rows,
            **{way: int(found.sum()) for way, found in shared.items()},
        }
        count, total = count + int(any_way.sum()), total + after.rows
        rows += first_rows(after.split, any_way)
    if count:
        yield Finding(
            code="split_leak",
            severity=error_if(plan.apart is not None),
            count=count,
            share=count / total,
            statistic=statistic,
            rows=list(dict.fromkeys(rows)),
        )


def shares(before: Facts, after: Facts, columns: Sequence[int]) -> dict[str, NDArray[np.bool_]]:
    """Rows of `after` with a text (equal; alike when folded) or a group that stands in `before`."""
    found = {
        way: np.logical_or.reduce(
            [np.isin(getattr(after, way)[column], _all(getattr(before, way), columns)) for column in columns]
        )
        for way in ("equal", "alike")
    }
    if before.groups is not None and after.groups is not None:
        found["groups"] = np.isin(after.groups, before.groups)
    return found


def _columns(plan: Plan, train: Facts) -> list[int]:
    """Those whose texts should not be met again: not categories, which are the same in every split."""
    if plan.apart is not None:
        return [TEXTS.index(name) for name in plan.apart]
    closed = plan.kind == "category" or train.rows > MOST_ROWS_PER_SECOND_TEXT * len(np.unique(train.alike[1]))
    return [0] if closed else [0, 1]


def _all(hashes: tuple[Hashes, Hashes], columns: Sequence[int]) -> Hashes:
    joined: Hashes = np.concatenate([hashes[column] for column in columns])
    return joined
