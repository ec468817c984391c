"""Find categories that differ only in case, width of letters or white space."""

from collections.abc import Iterator, Sequence

import numpy as np

from audit.checks.leaks import open_columns
from audit.finding import Finding
from audit.limits import EXAMPLES
from audit.plan import Plan
from audit.scan import Facts

SECOND = 1
"""Index of the column of categories, if second texts are a closed set."""
SHOWN = 5
"""Categories listed in the statistic."""


def check(plan: Plan, splits: Sequence[Facts]) -> Iterator[Finding]:
    """Count the rows, over all splits, that spell a category in another than its most common way."""
    if SECOND in open_columns(plan, splits[0]):
        return
    equal, alike = (np.concatenate([getattr(facts, way)[SECOND] for facts in splits]) for way in ("equal", "alike"))
    _, first, counts = np.unique(equal, return_index=True, return_counts=True)
    _, category = np.unique(alike[first], return_inverse=True)
    ways = [np.flatnonzero(category == number) for number in np.flatnonzero(np.bincount(category) > 1)]
    if ways:
        rarer = sum(int(counts[way].sum() - counts[way].max()) for way in ways)
        written = ["/".join(map(str, sorted(counts[way].tolist(), reverse=True))) for way in ways]
        yield Finding(
            code="merged_categories",
            severity="warning",
            count=rarer,
            share=rarer / len(equal),
            statistic={"categories": len(ways), "rows_by_spelling": "; ".join(written[:SHOWN])},
            rows=[_split_and_row(splits, int(row)) for row in first[np.concatenate(ways)][:EXAMPLES]],
        )


def _split_and_row(splits: Sequence[Facts], row: int) -> tuple[str, int]:
    """Return the split of a row whose index counts through all splits, and its index there."""
    for facts in splits:
        if row < facts.rows:
            return facts.split, row
        row -= facts.rows
    raise IndexError(row)
