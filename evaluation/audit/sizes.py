"""Splits that are too small to train on or to tell settings apart."""

import math
from collections.abc import Iterator, Sequence

from evaluation.audit.finding import Finding
from evaluation.audit.limits import CONFIDENCE, POSITIVES_WARNING
from evaluation.audit.plan import Plan
from evaluation.audit.scan import Facts


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Train against one global batch, dev and test against what an interval needs."""
    train, *judging = splits
    if train.rows < plan.global_batch_size:
        statistic = {"split": "train", "rows": train.rows, "global_batch_size": plan.global_batch_size}
        yield Finding(code="too_small", severity="error", count=train.rows, share=1.0, statistic=statistic)
    for facts in judging:
        if (count := positives(plan, facts)) < POSITIVES_WARNING:
            statistic = {"split": facts.split, "positives": count, "interval_width": interval_width(count)}
            share = count / facts.rows if facts.rows else 0.0
            yield Finding(code="too_small", severity="warning", count=count, share=share, statistic=statistic)


def positives(plan: Plan, facts: Facts) -> int:
    """Pairs labelled 1 where pairs are told apart; else all pairs, each a question of its own."""
    if plan.kind == "binary" and facts.labels is not None:
        return int((facts.labels == 1).sum())
    return facts.rows


def interval_width(count: int) -> float:
    """Of the 95 % interval of a share found among so many, at its widest: a share of one half, normally."""
    return min(1.0, 2 * CONFIDENCE * 0.5 / math.sqrt(count)) if count else 1.0
