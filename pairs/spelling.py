"""Give texts that are equal when folded one spelling: categories, and the candidates of a ranking."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pairs.splits.join import chooses, like_categories
from tasks.common.declaration import AgainstCategory, Task
from tasks.common.texts import folded

Pools = dict[str, list[dict[str, Any]]]
MOST_SHOWN = 5
"""Categories shown in a note."""


def spellings(texts: Iterable[str]) -> dict[str, Counter[str]]:
    """Count the spellings of each text: folded text -> spelling -> number."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text, count in Counter(texts).items():
        counts[folded(text)][text] += count
    return counts


def commonest(ways: Mapping[str, int]) -> str:
    """Return the most common spelling; of equally common ones the first in alphabetical order."""
    return min(ways, key=lambda way: (-ways[way], way))


def one_of_each(texts: Iterable[str]) -> list[str]:
    """Return each text that differs when folded once, in the order of first appearance."""
    return [commonest(ways) for ways in spellings(texts).values()]


def spell_categories(task: Task, pools: Pools) -> tuple[Pools, list[str]]:
    """Give each category one spelling; return the rows by split, and notes on the merged spellings.

    A category is that of the recipe, or a second text if these are few. If "Hardware" and "hardware" were two, they
    would be negatives of each other, and a right answer would count as a wrong one.
    """
    field = _field(task, pools)
    if field is None:
        return pools, []
    counts = spellings(row[field] for rows in pools.values() for row in rows)
    chosen = {text: commonest(ways) for text, ways in counts.items()}
    spelled = {split: [row | {field: chosen[folded(row[field])]} for row in rows] for split, rows in pools.items()}
    merged = [ways for ways in counts.values() if len(ways) > 1]
    return spelled, [_note(merged)] if merged else []


def _field(task: Task, pools: Pools) -> str | None:
    if isinstance(task.recipe, AgainstCategory):
        return "category"
    closed = chooses(task.recipe) and (task.declared_kind.categories or like_categories(pools["train"]))
    return "sentence2" if closed else None


def _note(merged: list[Counter[str]]) -> str:
    """Name merged categories: '... are one, spelled the most common way: Hardware 120/hardware 42; ...'."""
    shown = [
        "/".join(f"{way} {ways[way]:,}" for way in sorted(ways, key=lambda way: (-ways[way], way))) for ways in merged
    ]
    more = f"; and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    return (
        "categories that differ only in case, width or white space are one, spelled the most common way: "
        f"{'; '.join(shown[:MOST_SHOWN])}{more}"
    )
