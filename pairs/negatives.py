"""Given negatives: texts that do not belong to the first text of their row, which may have any number of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from common.hashes import text_hashes
from tasks.common.texts import folded

NEGATIVES = "negatives"
"""Column of prepared pairs, list<string>; it exists only if some row has a negative."""
WRONG = "negative that is its own first text or a positive of it"
REPEATED = "negative that repeats in its row"
IDS, HASHES = "negative_ids", "negative_hashes"
"""Columns of tokenised pairs: list<list<int32>>, and list<int64> of the folded texts."""

GROUP = "hash_group"
"""Column of tokenised pairs, int64: the folded group of a row, whose texts are no negatives of each other."""


def tokenized(negatives: pa.ChunkedArray, read: Callable[[list[str]], Sequence[Sequence[int]]]) -> dict[str, pa.Array]:
    """Return the tokenised columns of a column of negatives.

    Args:
        negatives: the column, list<string>.
        read: texts -> token ids of each.
    """
    flat, lengths = flattened(negatives)
    texts = flat.to_pylist()
    ids = pa.array(read(texts) if texts else [], pa.list_(pa.int32()))
    return {IDS: nested(ids, lengths), HASHES: nested(pa.array(text_hashes(map(folded, texts))), lengths)}


def flattened(lists: pa.ChunkedArray) -> tuple[pa.Array, np.ndarray]:
    """Return all values of a column of lists one after the other, and the number of each row; a null list has none."""
    whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    whole = pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
    return whole.flatten(), whole.value_lengths().fill_null(0).to_numpy()


def nested(values: pa.Array, lengths: np.ndarray) -> pa.ListArray:
    """Return lists of these lengths that hold the values one after the other; the inverse of `flattened`."""
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32()), values)


def of_batch(batch: pa.Table) -> tuple[list[pa.Array], np.ndarray]:
    """Return the negatives of a tokenised batch, in the order of its rows.

    Returns:
        Their token ids, an array of lists of int32, or no array if the pairs have no negatives; and [negatives, 2]
        int64, the hashes of the first text of their row and of the negative.
    """
    if IDS not in batch.column_names:
        return [], np.empty((0, 2), dtype=np.int64)
    ids, lengths = flattened(batch[IDS])
    hashes, _ = flattened(batch[HASHES])
    return [ids], np.stack([np.repeat(batch["hash1"].to_numpy(), lengths), hashes.to_numpy()], axis=1)


def drop_wrong(rows: Sequence[dict[str, Any]], dropped: Counter[str]) -> None:
    """Drop negatives that the pairs contradict, or that their row has twice; texts are the same if equal when folded.

    The pair stays, since its row also says that its texts belong together.
    """
    if not any(row.get("negatives") for row in rows):
        return
    right: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        first = folded(row["sentence1"])
        right[first] |= {first, folded(row["sentence2"])}
    for row in rows:
        given, distinct = row.get("negatives", []), dict[str, str]()
        for text in given:
            distinct.setdefault(folded(text), text)
        positives = right[folded(row["sentence1"])]
        row["negatives"] = [text for alike, text in distinct.items() if alike not in positives]
        dropped[REPEATED] += len(given) - len(distinct)
        dropped[WRONG] += len(distinct) - len(row["negatives"])
