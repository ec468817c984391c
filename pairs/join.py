"""Join groups that share a text, so that a split by group keeps every text on one side."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pairs.clean import folded
from tasks.common.declaration import Given, Recipe

LARGEST_SHARE = 0.5
"""Of all rows: joining that would put more of them into one piece is not done, since no split is left then."""

MOST_ROWS_PER_SECOND_TEXT = 10
"""On average: beyond, second texts are categories, and splits that share none of them would ask for the impossible."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Rows whose groups carry the name of the piece that they were joined into."""

    rows: list[dict[str, Any]]
    fields: tuple[str, ...]
    """Fields whose texts may not stand in two splits."""
    grown: bool = False
    """Whether any groups were joined."""
    notes: list[str] = field(default_factory=list)


def join_groups(recipe: Recipe, rows: list[dict[str, Any]]) -> Joined:
    """Join the groups that share a text in any of the recipe's fields that are kept apart.

    Only for given pairs, where one text may stand in pairs of many groups. Where second texts are few, like categories,
    or nearly everything would hang together, groups stay as they are and only first texts are kept apart.
    """
    if not rows or not isinstance(recipe, Given) or recipe.shared_texts == "drop":
        return Joined(rows=rows, fields=recipe.apart)
    pieces = _pieces(rows, recipe.apart)
    if reason := _against(rows, pieces):
        return Joined(rows=rows, fields=("sentence1",), notes=[f"{reason}: second texts may stand in several splits"])
    named = [row | {"group": pieces[row["group"]]} for row in rows]
    return Joined(rows=named, fields=recipe.apart, grown=len(set(pieces.values())) < len(pieces))


def _against(rows: list[dict[str, Any]], pieces: dict[str, str]) -> str | None:
    """Why groups cannot be joined, in words."""
    num_second = len({folded(row["sentence2"]) for row in rows})
    if len(rows) > MOST_ROWS_PER_SECOND_TEXT * num_second:
        return f"{len(rows):,} rows have {num_second:,} second texts, like categories"
    largest = max(Counter(pieces[row["group"]] for row in rows).values()) / len(rows)
    if largest > LARGEST_SHARE and len(set(pieces.values())) < len(pieces):
        return f"{largest:.0%} of the rows hang together by shared texts"
    return None


def _pieces(rows: list[dict[str, Any]], fields: tuple[str, ...]) -> dict[str, str]:
    """Group -> the first name, in alphabetical order, of the groups that it hangs together with."""
    parent = {row["group"]: row["group"] for row in rows}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]  # halve the path, so that later look-ups are short
            name = parent[name]
        return name

    first_with: dict[str, str] = {}
    for row in rows:
        for name in fields:
            other = first_with.setdefault(folded(row[name]), row["group"])
            low, high = sorted((root(other), root(row["group"])))
            parent[high] = low
    return {name: root(name) for name in parent}
