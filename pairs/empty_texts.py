"""Rows without a text are counted before a table is used; what is no text ends that."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from common import storage
from common.mistakes import Mistakes, raise_if
from pairs.batches import Table
from pairs.clean import folded, one_spaced
from tasks.common.values import NotTextError, no_text


def count_empty(table: Table, texts: Sequence[str]) -> int:
    """Rows in which one of the texts is empty, or has nothing that can be seen.

    Raises:
        Mistakes: there are no rows, or a value is no text; of each column and kind the first row is named, from 1, and
            how many others there are.
    """
    first: dict[tuple[str, str], int] = {}
    counts: Counter[tuple[str, str]] = Counter()
    read = empty = 0
    for batch, _ in replace(table, columns={name: name for name in texts}).batches():
        for place, row in enumerate(zip(*(batch[name] for name in texts), strict=True), read + 1):
            seen = []
            for name, value in zip(texts, row, strict=True):
                try:
                    seen.append(bool(folded(one_spaced(value))))
                except NotTextError as wrong:
                    first.setdefault((name, str(wrong)), place)
                    counts[name, str(wrong)] += 1
            empty += not all(seen)
        read += len(batch[texts[0]])
    if not read:
        raise Mistakes(f"file: {table.location} has no rows; at least one is needed")
    raise_if([_refusal(table.location, *key, place, counts[key] - 1) for key, place in first.items()])
    return empty


def _refusal(location: str, name: str, kind: str, row: int, others: int) -> str:
    also = f" (and {others:,} more)" if others else ""
    return no_text(name, f"row {row}{also} of {storage.name_of(location)}", NotTextError(kind))
