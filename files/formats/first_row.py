"""Tell whether the first row of a file holds names, if its columns are given by number."""

from collections.abc import Sequence
from typing import Any

LOOKED_AT = 1_000
"""Rows at the beginning of a file that are checked."""
LONGEST_NAME = 100
"""Characters; a longer cell is a text."""
FEWEST_ROWS = 3
"""Rows after the first one: fewer do not show that a first row of single words is unlike the others."""


def is_header(rows: Sequence[Sequence[Any]]) -> bool:
    """Check whether the first row differs from all others as only names do.

    Its cells are distinct and none is a number. Besides, either a column holds only numbers below it, or its cells are
    single words and those of no other row are.
    """
    if len(rows) < 2:
        return False
    first, rest = rows[0], rows[1:]
    if len(set(map(str, first))) < len(first) or not all(map(_may_be_name, first)):
        return False
    numbers = any(all(_is_number(row[column]) for row in rest) for column in range(len(first)))
    return numbers or (len(rest) >= FEWEST_ROWS and _are_words(first) and not any(map(_are_words, rest)))


def _may_be_name(cell: Any) -> bool:
    return isinstance(cell, str) and 0 < len(cell.strip()) <= LONGEST_NAME and not _is_number(cell)


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _are_words(row: Sequence[Any]) -> bool:
    return all(isinstance(cell, str) and cell.strip().isidentifier() for cell in row)
