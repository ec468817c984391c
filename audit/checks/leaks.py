"""Find texts and groups that stand in two splits."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.checks.labels import first_rows
from audit.finding import Finding, error_if
from audit.plan import Plan
from audit.scan import TEXTS, Facts
from pairs.splits.join import is_closed

Mask = NDArray[np.bool_]


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Yield one finding over all pairs of splits; it counts the rows of the later one (train, dev, test).

    A text of an open column leaks from any column of the earlier split, a closed one included: the pair (a, c) of
    train gives (c, a) away. It is an error if jobs.prepare promised to keep apart what leaks.
    """
    columns, promised = open_columns(plan, splits[0]), [TEXTS.index(name) for name in plan.apart or ()]
    statistic: dict[str, dict[str, Any]] = {}
    rows: list[tuple[str, int]] = []
    count, total, broken = 0, 0, False
    for before, after in itertools.combinations(splits, 2):
        leaks = _any(_met(before, after, "alike", columns)) | _groups(before, after)
        statistic[f"{before.split}-{after.split}"] = {
            "rows": int(leaks.sum()),
            "of": after.rows,
            **_amounts(before, after, columns),
        }
        count, total = count + int(leaks.sum()), total + after.rows
        rows += first_rows(after.split, leaks)
        if plan.apart is not None:
            met = _met(before, after, "alike", promised, among=promised)
            broken |= bool((_any(met) | _groups(before, after)).any())
    if count:
        yield Finding(
            code="split_leak",
            severity=error_if(broken),
            count=count,
            share=count / total,
            statistic=statistic,
            rows=list(dict.fromkeys(rows)),
        )


def _amounts(before: Facts, after: Facts, columns: Sequence[int]) -> dict[str, float]:
    """Count the rows of `after` by what they share with `before`; the fractions count texts that are alike."""
    alike = _met(before, after, "alike", columns)
    amounts: dict[str, float] = {"equal": int(_any(_met(before, after, "equal", columns)).sum())}
    amounts["alike"] = int(_any(alike).sum())
    if before.groups is not None and after.groups is not None:
        amounts["groups"] = int(_groups(before, after).sum())
    amounts["share_with_a_text"] = float(_any(alike).sum() / max(1, after.rows))
    if len(columns) == len(TEXTS):
        amounts["share_with_both_texts"] = float(alike.all(axis=0).sum() / max(1, after.rows))
    return amounts


def _met(before: Facts, after: Facts, way: str, columns: Sequence[int], among: Sequence[int] = (0, 1)) -> Mask:
    """Check which texts of `after` stand in `before`, as an array [columns, rows of `after`].

    Args:
        before: the earlier split.
        after: the later split.
        way: 'equal', or 'alike' for texts that are equal when folded.
        columns: columns of `after`.
        among: columns of `before`.
    """
    texts, seen = getattr(after, way), getattr(before, way)
    seen = np.concatenate([np.empty(0, np.int64), *(seen[column] for column in among)])
    return np.array([np.isin(texts[column], seen) for column in columns], bool).reshape(len(columns), after.rows)


def _any(met: Mask) -> Mask:
    rows: Mask = np.asarray(met.any(axis=0))
    return rows


def _groups(before: Facts, after: Facts) -> Mask:
    """Check for each row of `after` whether its group stands in `before`."""
    if before.groups is None or after.groups is None:
        return np.zeros(after.rows, bool)
    return np.isin(after.groups, before.groups)


def open_columns(plan: Plan, train: Facts) -> list[int]:
    """Return the columns whose texts should stand in one split only: all but closed sets of categories."""
    closed = plan.closed
    if closed is None:
        first, second = map(np.unique, train.alike)
        few = is_closed(train.rows, len(second), int(np.isin(second, first).sum()))
        closed = TEXTS[1:] if plan.declared_kind.categories or few else ()
    return [index for index, name in enumerate(TEXTS) if name not in closed]
