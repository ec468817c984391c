"""One spelling for texts that are the same when folded: of categories, and of the candidates of a ranking."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pairs.clean import folded
from pairs.join import chooses, like_categories
from tasks.common.declaration import AgainstCategory, Task

Pools = dict[str, list[dict[str, Any]]]
MOST_SHOWN = 5
"""Categories named in a note."""


def spellings(texts: Iterable[str]) -> dict[str, Counter[str]]:
    """Folded text -> how often it is written in which way."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for text, count in Counter(texts).items():
        found[folded(text)][text] += count
    return found


def commonest(ways: Mapping[str, int]) -> str:
    """The spelling that occurs most; of those that occur as often, the first in alphabetical order."""
    return min(ways, key=lambda way: (-ways[way], way))


def one_of_each(texts: Iterable[str]) -> list[str]:
    """The texts without those that are the same when folded, in the order in which they appear first."""
    return [commonest(ways) for ways in spellings(texts).values()]


def spell_categories(task: Task, pools: Pools) -> tuple[Pools, list[str]]:
    """Rows by split with one spelling for each category, and what that has merged, in words.

    A category is that of its recipe, or a second text where these are few: "Hardware" and "hardware" told apart would
    be negatives of each other, and a right answer would count as a wrong one.
    """
    field = _field(task, pools)
    if field is None:
        return pools, []
    found = spellings(row[field] for rows in pools.values() for row in rows)
    chosen = {text: commonest(ways) for text, ways in found.items()}
    spelled = {split: [row | {field: chosen[folded(row[field])]} for row in rows] for split, rows in pools.items()}
    merged = [ways for ways in found.values() if len(ways) > 1]
    return spelled, [_note(merged)] if merged else []


def _field(task: Task, pools: Pools) -> str | None:
    if isinstance(task.recipe, AgainstCategory):
        return "category"
    closed = chooses(task.recipe) and (task.declared_kind.categories or like_categories(pools["train"]))
    return "sentence2" if closed else None


def _note(merged: list[Counter[str]]) -> str:
    """'2 categories are written in ways that are the same but for case ...: Hardware 120, hardware 42; ...'."""
    shown = [
        "/".join(f"{way} {ways[way]:,}" for way in sorted(ways, key=lambda way: (-ways[way], way))) for ways in merged
    ]
    more = f"; and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else ""
    return (
        "categories that differ only in case, width or white space are one, spelled the commonest way: "
        f"{'; '.join(shown[:MOST_SHOWN])}{more}"
    )
