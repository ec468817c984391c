"""Refuse lists and bytes that a program wrote as text, as pandas does into a CSV."""

import ast
import json
from collections.abc import Mapping, Sequence
from typing import Any

from common.mistakes import raise_if

MOST_LOOKED_AT = 100
"""Cells of a column that are checked; if all of them are written so, the others are, too."""
MOST_SHOWN = 60
"""Characters of a cell in a message."""
BEGINNINGS = ("[", "(", "b'", 'b"')
ADVICE = {
    list: "lists written as text; allowed: a text in each cell, or the lists themselves, in .jsonl or .parquet",
    tuple: "lists written as text; allowed: a text in each cell, or the lists themselves, in .jsonl or .parquet",
    bytes: "bytes written as text; allowed: the text itself, without b and quotes",
}


def refuse_written(location: str, cells: Mapping[str, Sequence[Any]]) -> None:
    """Refuse columns whose first cells are all lists or bytes in the notation of Python or JSON.

    Args:
        location: the file, for messages.
        cells: column -> the cells of its first rows that are not empty.

    Raises:
        Mistakes: there are such columns; the message names all of them.
    """
    wrong = []
    for name, values in cells.items():
        kinds = {_kind(value) for value in values[:MOST_LOOKED_AT]}
        kind = kinds.pop() if len(kinds) == 1 else None
        if kind in ADVICE:
            wrong.append(f"{name}: {location} has cells such as {str(values[0])[:MOST_SHOWN]}, {ADVICE[kind]}")
    raise_if(wrong)


def _kind(value: Any) -> type | None:
    """Return the type whose notation a text is; None for any other text."""
    if not isinstance(value, str) or not value.lstrip().startswith(BEGINNINGS):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return type(read(value.strip()))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return None
