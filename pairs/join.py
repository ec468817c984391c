"""Keep given pairs apart by the texts that they share: join groups that share one, or cut where all would be joined."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pairs.clean import folded
from pairs.cut import cut, root
from tasks.common.declaration import Given, Recipe

LARGEST_SHARE = 0.5
"""Of all rows: joining that would put more of them into one piece is not done, since no split is left then."""

MOST_ROWS_PER_SECOND_TEXT = 10
"""On average: beyond, second texts are categories, and splits that share none of them would ask for the impossible."""

LEAST_KEPT = 0.5
"""Of the rows that a split would have without a cut: one with less is a worse judge than a leak that is known."""

TEXTS, FIRST_TEXT = "texts", "first-text"
WAYS = (TEXTS, FIRST_TEXT)
"""What is kept apart: both texts, or the first alone."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Rows with groups that share no text with each other, or cut into splits that share none."""

    rows: Rows
    """Their groups carry the name of the piece that they were joined into."""
    fields: tuple[str, ...]
    """Fields whose texts may not stand in two splits."""
    grown: bool = False
    """Whether any groups were joined."""
    parts: dict[str, Rows] | None = None
    """Split -> rows, where the rows were cut; their groups are their own."""
    dates: Mapping[str, tuple[str, str]] | None = None
    """Split -> its first and last date, where the rows were cut by date (pairs/by_date.py)."""
    notes: list[str] = field(default_factory=list)


def join_groups(recipe: Recipe, rows: Rows, shares: Mapping[str, float], seed: int, way: str | None = None) -> Joined:
    """Join the groups that share a text in any of the fields that are kept apart.

    Only for given pairs, where one text may stand in pairs of many groups. Where most rows would become one piece, they
    are cut into splits instead. Where a cut leaves a split too little, only first texts and groups are kept apart.

    Args:
        shares: split -> share of the rows.
        way: one of WAYS; None takes texts where that leaves enough.
    """
    if not rows or not chooses(recipe):
        return Joined(rows=rows, fields=recipe.apart)
    fields = ("sentence1",) if way == FIRST_TEXT else recipe.apart
    pieces = _pieces(rows, fields)
    grown = len(set(pieces.values())) < len(pieces)
    largest = max(Counter(pieces[row["group"]] for row in rows).values()) / len(rows)
    if grown and largest > LARGEST_SHARE and len(shares) > 1:
        parts = cut(rows, fields, shares, seed)
        reason = f"{largest:.0%} of the rows hang together by shared texts"
        if way is None and (note := _too_small(rows, parts, shares)):
            first = join_groups(recipe, rows, shares, seed, FIRST_TEXT)
            return replace(first, notes=[f"{reason}, and {note}", *first.notes])
        kept = [row for part in parts.values() for row in part]
        apart = "text" if fields == recipe.apart else "first text and no group"
        other = "; --split first-text would keep them" if fields == recipe.apart else ""
        note = f"{reason}: {_cost(rows, kept)} are dropped, so that no {apart} stands in two splits{other}"
        return Joined(rows=kept, fields=fields, parts=parts, notes=[note])
    named = [row | {"group": pieces[row["group"]]} for row in rows]
    return Joined(rows=named, fields=fields, grown=grown)


def chooses(recipe: Recipe) -> bool:
    """Whether there is a choice of what to keep apart."""
    return isinstance(recipe, Given) and recipe.shared_texts == "join"


def like_categories(rows: Rows) -> str | None:
    """That second texts are few, like categories, in words; None where they are not."""
    first, second = ({folded(row[name]) for row in rows} for name in ("sentence1", "sentence2"))
    if is_closed(len(rows), len(second), len(second & first)):
        return f"{len(rows):,} rows have {len(second):,} second texts, like categories: they stand in every split"
    return None


def is_closed(rows: int, second: int, also_first: int) -> bool:
    """Whether second texts are a closed set, like categories: few, and something else than first texts.

    Args:
        second: how many second texts there are.
        also_first: how many of them stand as first texts, too: of questions that are paired with each other most do.
    """
    return rows > MOST_ROWS_PER_SECOND_TEXT * second and also_first < second / 2


def _too_small(rows: Rows, parts: Mapping[str, Rows], shares: Mapping[str, float]) -> str | None:
    """That a cut leaves a split with too few rows, in words; None where it does not."""
    small = [split for split, share in shares.items() if len(parts[split]) < LEAST_KEPT * share * len(rows)]
    if not small:
        return None
    left = ", ".join(f"{split} {len(parts[split]):,} of {shares[split] * len(rows):,.0f} rows" for split in small)
    cost = _cost(rows, [row for part in parts.values() for row in part])
    return f"a cut would leave {left}, so second texts may stand in several splits; --split texts would drop {cost}"


def _cost(rows: Rows, kept: Rows) -> str:
    lost = len(rows) - len(kept)
    return f"{lost:,} of {len(rows):,} pairs ({lost / len(rows):.0%})"


def _pieces(rows: Rows, fields: tuple[str, ...]) -> dict[str, str]:
    """Group -> the first name, in alphabetical order, of the groups that it hangs together with."""
    parent = {row["group"]: row["group"] for row in rows}
    first_with: dict[str, str] = {}
    for row in rows:
        for name in fields:
            other = first_with.setdefault(folded(row[name]), row["group"])
            low, high = sorted((root(parent, other), root(parent, row["group"])))
            parent[high] = low
    return {name: root(parent, name) for name in parent}
