"""Splits that are too small to train on or to tell settings apart."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.audit.finding import Finding
from evaluation.audit.limits import CONFIDENCE, GROUPS_WARNING, POSITIVES_WARNING
from evaluation.audit.plan import Plan
from evaluation.audit.scan import Facts


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Train against one global batch, dev and test against what an interval needs."""
    train, *judging = splits
    if train.rows < plan.global_batch_size:
        statistic = {"split": "train", "rows": train.rows, "global_batch_size": plan.global_batch_size}
        yield Finding(code="too_small", severity="error", count=train.rows, share=1.0, statistic=statistic)
    for facts in judging:
        counting = positives(plan, facts)
        pairs, groups = int(counting.sum()), num_groups(facts, counting)
        if pairs < POSITIVES_WARNING or groups < GROUPS_WARNING:
            statistic = {
                "split": facts.split,
                "positives": pairs,
                "groups": groups,
                "interval_width": interval_width(groups),
            }
            share = groups / max(1, num_groups(facts, np.ones(facts.rows, bool)))
            yield Finding(code="too_small", severity="warning", count=groups, share=share, statistic=statistic)


def positives(plan: Plan, facts: Facts) -> NDArray[np.bool_]:
    """Rows that count: labelled 1 where pairs are told apart; else all, each a question of its own."""
    if plan.kind == "binary" and facts.labels is not None:
        return np.asarray(facts.labels == 1)
    return np.ones(facts.rows, bool)


def num_groups(facts: Facts, rows: NDArray[np.bool_]) -> int:
    """Groups of these rows, of first or of second texts, whichever are fewer; the first text where none is named."""
    groups = facts.alike[0] if facts.groups is None else facts.groups
    columns = [groups] if facts.other_groups is None else [groups, facts.other_groups]
    return min(len(np.unique(column[rows])) for column in columns)


def interval_width(count: int) -> float:
    """Of the 95 % interval of a share found among so many, at its widest: a share of one half, normally."""
    return min(1.0, 2 * CONFIDENCE * 0.5 / math.sqrt(count)) if count else 1.0
