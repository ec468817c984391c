"""Splits that are too small to train on or to tell settings apart."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from audit.finding import Finding
from audit.limits import CONFIDENCE, GROUPS_WARNING, PAIRS_WARNING
from audit.plan import Plan
from audit.scan import Facts


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Train against one global batch, dev and test against what an interval needs."""
    train, *judging = splits
    if train.rows < plan.global_batch_size:
        statistic = {"split": "train", "rows": train.rows, "global_batch_size": plan.global_batch_size}
        yield Finding(code="too_small", severity="error", count=train.rows, share=1.0, statistic=statistic)
    for facts in judging:
        kinds = counting(plan, facts)
        pairs, groups = min(int(kind.sum()) for kind in kinds), min(num_groups(facts, kind) for kind in kinds)
        if pairs < PAIRS_WARNING or groups < GROUPS_WARNING:
            statistic = {
                "split": facts.split,
                "positives": int(kinds[-1].sum()),
                "groups": groups,
                "interval_width": interval_width(groups),
            }
            share = groups / max(1, num_groups(facts, np.ones(facts.rows, bool)))
            yield Finding(code="too_small", severity="warning", count=groups, share=share, statistic=statistic)


def counting(plan: Plan, facts: Facts) -> list[NDArray[np.bool_]]:
    """Rows that a verdict counts (evaluation/predictions.py), in sets of which the smallest decides.

    Those labelled 0 and those labelled 1 where pairs are told apart; all pairs, each a question of its own, elsewhere,
    but for those labelled 0 where an answer is looked for.
    """
    labels = facts.labels
    if labels is None or np.isnan(labels).all() or plan.declared_kind.labels == "graded":
        return [np.ones(facts.rows, bool)]
    if plan.declared_kind.labels == "binary":
        return [labels == 0, labels == 1]
    return [(labels != 0) & ~np.isnan(labels)]


def num_groups(facts: Facts, rows: NDArray[np.bool_]) -> int:
    """Groups of these rows, of first or of second texts, whichever are fewer; the first text where none is named."""
    groups = facts.alike[0] if facts.groups is None else facts.groups
    columns = [groups] if facts.other_groups is None else [groups, facts.other_groups]
    return min(len(np.unique(column[rows])) for column in columns)


def interval_width(count: int) -> float:
    """Of the 95 % interval of a share found among so many, at its widest: a share of one half, normally."""
    return min(1.0, 2 * CONFIDENCE * 0.5 / math.sqrt(count)) if count else 1.0
