"""Count the rows without a text before a table is used, and refuse values that are no texts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from common import storage
from common.mistakes import Mistakes, raise_if
from files.batches import Table
from tasks.common.texts import folded, one_spaced
from tasks.common.values import NotTextError, no_text


def count_empty(table: Table, texts: Sequence[str]) -> int:
    """Count the rows in which a text is empty or has no visible character.

    Raises:
        Mistakes: there are no rows, or a value is no text; for each column and kind of value the message names the
            first row, from 1, and the number of others.
    """
    first: dict[tuple[str, str], int] = {}
    counts: Counter[tuple[str, str]] = Counter()
    read = empty = 0
    for batch, _ in replace(table, columns={name: name for name in texts}).batches():
        for number, row in enumerate(zip(*(batch[name] for name in texts), strict=True), read + 1):
            visible = []
            for name, value in zip(texts, row, strict=True):
                try:
                    visible.append(bool(folded(one_spaced(value))))
                except NotTextError as error:
                    first.setdefault((name, str(error)), number)
                    counts[name, str(error)] += 1
            empty += not all(visible)
        read += len(batch[texts[0]])
    if not read:
        raise Mistakes(f"file: {table.location} has no rows; at least one is needed")
    raise_if([_refusal(table.location, *key, row, counts[key] - 1) for key, row in first.items()])
    return empty


def _refusal(location: str, name: str, kind: str, row: int, others: int) -> str:
    also = f" (and {others:,} more)" if others else ""
    return no_text(name, f"row {row}{also} of {storage.name_of(location)}", NotTextError(kind))
