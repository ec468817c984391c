"""Keep given pairs apart by the texts that they share: join groups that share one, or cut if most would be joined."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pairs.splits.cut import cut, root
from tasks.common.declaration import Given, Recipe
from tasks.common.texts import folded

LARGEST_PIECE = 0.5
"""Fraction of all rows: if joining would put more of them into one piece, the rows are cut instead."""

MOST_ROWS_PER_SECOND_TEXT = 10
"""Average: with more, second texts are categories, and no splits are possible that share none of them."""

LEAST_KEPT = 0.5
"""Fraction of the rows that a split would have without a cut: a smaller split misleads more than a known leak."""

TEXTS, FIRST_TEXT = "texts", "first-text"
WAYS = (TEXTS, FIRST_TEXT)
"""The texts that are kept apart: both, or the first alone."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Rows whose groups share no text, or that are cut into splits that share none."""

    rows: Rows
    """The group of a row is the name of the piece that it was joined into."""
    fields: tuple[str, ...]
    """Fields whose texts must not stand in two splits."""
    grown: bool = False
    """Whether any groups were joined."""
    parts: dict[str, Rows] | None = None
    """Split -> rows, if the rows were cut; their groups are their own."""
    dates: Mapping[str, tuple[str, str]] | None = None
    """Split -> its first and last date, if the rows were cut by date (pairs/splits/by_date.py)."""
    notes: list[str] = field(default_factory=list)


def join_groups(
    recipe: Recipe, rows: Rows, fractions: Mapping[str, float], seed: int, way: str | None = None
) -> Joined:
    """Join the groups that share a text in any of the fields that are kept apart.

    This is done for given pairs alone, where one text may stand in pairs of many groups. If most rows would become one
    piece, they are cut into splits instead. If a cut leaves a split too few rows, only first texts and groups are kept
    apart.

    Args:
        recipe: the recipe of the task.
        rows: cleaned rows.
        fractions: split -> fraction of the rows.
        seed: random seed of a cut.
        way: one of WAYS; None keeps both texts apart if that leaves enough rows.
    """
    if not rows or not chooses(recipe):
        return Joined(rows=rows, fields=recipe.apart)
    fields = ("sentence1",) if way == FIRST_TEXT else recipe.apart
    pieces = _pieces(rows, fields)
    grown = len(set(pieces.values())) < len(pieces)
    largest = max(Counter(pieces[row["group"]] for row in rows).values()) / len(rows)
    if grown and largest > LARGEST_PIECE and len(fractions) > 1:
        parts = cut(rows, fields, fractions, seed)
        reason = f"{largest:.0%} of the rows are connected by shared texts"
        if way is None and (note := _too_small(rows, parts, fractions)):
            first = join_groups(recipe, rows, fractions, seed, FIRST_TEXT)
            return replace(first, notes=[f"{reason}, and {note}", *first.notes])
        retained = [row for part in parts.values() for row in part]
        apart = "text" if fields == recipe.apart else "first text and no group"
        other = "; --split first-text would keep them" if fields == recipe.apart else ""
        note = f"{reason}: {_cost(rows, retained)} are dropped, so that no {apart} stands in two splits{other}"
        return Joined(rows=retained, fields=fields, parts=parts, notes=[note])
    named = [row | {"group": pieces[row["group"]]} for row in rows]
    return Joined(rows=named, fields=fields, grown=grown)


def chooses(recipe: Recipe) -> bool:
    """Check whether the recipe leaves a choice of what to keep apart."""
    return isinstance(recipe, Given) and recipe.shared_texts == "join"


def like_categories(rows: Rows) -> str | None:
    """Check whether second texts are few, like categories; return that in words, or None if they are not."""
    first, second = ({folded(row[name]) for row in rows} for name in ("sentence1", "sentence2"))
    if is_closed(len(rows), len(second), len(second & first)):
        return f"{len(rows):,} rows have {len(second):,} second texts, like categories: they stand in every split"
    return None


def is_closed(rows: int, second: int, also_first: int) -> bool:
    """Check whether second texts are a closed set, like categories: few, and mostly no first texts.

    Args:
        rows: number of rows.
        second: number of different second texts.
        also_first: number of these that are first texts, too: of questions paired with each other, most are.
    """
    return rows > MOST_ROWS_PER_SECOND_TEXT * second and also_first < second / 2


def _too_small(rows: Rows, parts: Mapping[str, Rows], fractions: Mapping[str, float]) -> str | None:
    """Say in words that a cut leaves a split with too few rows; return None if it does not."""
    small = [split for split, part in fractions.items() if len(parts[split]) < LEAST_KEPT * part * len(rows)]
    if not small:
        return None
    left = ", ".join(f"{split} {len(parts[split]):,} of {fractions[split] * len(rows):,.0f} rows" for split in small)
    cost = _cost(rows, [row for part in parts.values() for row in part])
    return f"a cut would leave {left}, so second texts may stand in several splits; --split texts would drop {cost}"


def _cost(rows: Rows, retained: Rows) -> str:
    lost = len(rows) - len(retained)
    return f"{lost:,} of {len(rows):,} pairs ({lost / len(rows):.0%})"


def _pieces(rows: Rows, fields: tuple[str, ...]) -> dict[str, str]:
    """Return for each group the alphabetically first name of the groups that it is connected with."""
    parent = {row["group"]: row["group"] for row in rows}
    first_with: dict[str, str] = {}
    for row in rows:
        for name in fields:
            other = first_with.setdefault(folded(row[name]), row["group"])
            low, high = sorted((root(parent, other), root(parent, row["group"])))
            parent[high] = low
    return {name: root(parent, name) for name in parent}
