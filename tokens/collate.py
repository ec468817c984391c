"""Turn a batch of tokenised pairs into tensors, so that the model computes little padding and no text twice."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from pairs.negatives import GROUP, of_batch
from tokens.categories import Categories
from tokens.distinct import REPEATS, WEIGHT

Chunk = dict[str, torch.Tensor]


def collate(
    batch: pa.Table, pad_id: int, tokens_per_call: int = 0, categories: Categories | None = None
) -> dict[str, Any]:
    """Take every distinct text of the batch once, shortest first, in chunks of texts of similar length.

    The contents of a batch stay random; only their order in the model changes. Padded to its longest text, a batch of
    32 tickets computes 4.2 times the tokens that it holds, in chunks 1.05 times (`python -m benchmarks.chunks`).

    Args:
        batch: columns ids1, ids2, label or hash1 and hash2, and perhaps given negatives and weights.
        pad_id: the id of the padding token.
        tokens_per_call: the cost of one more call of the model, in tokens; see `cheapest_chunks`.
        categories: all of them, if the loss holds each first text against them instead of the rows' second texts.

    Returns:
        chunks: [{input_ids, attention_mask}], each [texts of the chunk, longest of the chunk] int64.
        first, second: [rows] int64, positions of a row's two texts among the texts of all chunks in order. Given
            negatives follow in `second` after the rows' second texts. With categories `second` has these alone.
        label: [rows] float32 if the pairs have labels; [rows] int64, each row's category, with categories; else
            [rows, 2] or, with groups, [rows, 3] int64: the hashes of both folded texts and of the group, by which the
            ranking loss knows what is no negative. Given negatives follow, as [first text of their row, negative, 0].
        weight, repeats: [rows] float32, only if the pairs have them (tokens/distinct.py).
    """
    rows = len(batch)
    negatives, _ = of_batch(batch)
    seconds = [categories.ids] if categories else [*batch["ids2"].chunks, *negatives]
    texts = pa.concat_arrays([*batch["ids1"].chunks, *seconds])
    _, distinct, text_of = np.unique(equal_lists(texts), return_index=True, return_inverse=True)
    lengths = np.diff(texts.offsets.to_numpy())[distinct]
    order = np.argsort(lengths, kind="stable")
    position = np.argsort(order)[text_of]
    texts = texts.take(pa.array(distinct[order]))
    bounds = cheapest_chunks(lengths[order], tokens_per_call)
    weights = {name: torch.tensor(batch[name].to_numpy()) for name in (WEIGHT, REPEATS) if name in batch.column_names}
    return {
        **weights,
        "chunks": [pad(texts.slice(start, stop - start), pad_id) for start, stop in bounds],
        "first": torch.from_numpy(position[:rows]),
        "second": torch.from_numpy(position[rows:]),
        "label": torch.from_numpy(categories.of(batch["hash2"]) if categories else labels(batch)),
    }


def equal_lists(lists: pa.ListArray) -> np.ndarray:
    """Number the lists, [lists] int64, equal lists alike: texts of equal token ids are one text to the model."""
    ids = lists.flatten().to_numpy()
    content, ends = ids.tobytes(), (np.cumsum(np.diff(lists.offsets.to_numpy())) * ids.itemsize).tolist()
    number: dict[bytes, int] = {}
    bounds = zip([0, *ends[:-1]], ends, strict=True)
    return np.array([number.setdefault(content[start:stop], len(number)) for start, stop in bounds])


def labels(batch: pa.Table) -> np.ndarray:
    """Return what the loss reads beside the embeddings: labels, or hashes if there are none."""
    if "label" in batch.column_names:
        return np.array(batch["label"].to_numpy(), dtype=np.float32)  # a copy: Arrow's memory is read-only
    names = [name for name in ("hash1", "hash2", GROUP) if name in batch.column_names]
    pairs, negatives = np.stack([batch[name].to_numpy() for name in names], axis=1), of_batch(batch)[1]
    return np.concatenate([pairs, np.pad(negatives, ((0, 0), (0, len(names) - 2)))])


def cheapest_chunks(lengths: np.ndarray, tokens_per_call: int) -> list[tuple[int, int]]:
    """Cut texts, sorted by length, into the chunks with the lowest total cost of padded tokens and calls.

    This is dynamic programming over the ends of chunks: a chunk of n texts whose last has L tokens costs
    n * L + tokens_per_call. It is exact and takes under a millisecond for 256 texts.

    Args:
        lengths: tokens of each text, ascending, [texts].
        tokens_per_call: the cost of one more call of the model, in tokens.

    Returns:
        (start, stop) of each chunk, covering all texts in order.
    """
    best = np.zeros(len(lengths) + 1)
    start_of = np.zeros(len(lengths) + 1, dtype=np.int64)
    for stop in range(1, len(lengths) + 1):
        starts = np.arange(stop)
        costs = best[:stop] + (stop - starts) * lengths[stop - 1] + tokens_per_call
        start_of[stop] = np.argmin(costs)
        best[stop] = costs[start_of[stop]]
    return list(_walk_back(start_of))[::-1]


def _walk_back(start_of: np.ndarray) -> Iterator[tuple[int, int]]:
    stop = len(start_of) - 1
    while stop > 0:
        start = int(start_of[stop])
        yield start, stop
        stop = start


def pad(lists: pa.ListArray, pad_id: int) -> Chunk:
    """Turn a list<int32> array into input_ids and attention_mask, both [texts, longest] int64."""
    lengths = np.diff(lists.offsets.to_numpy())
    mask = np.arange(lengths.max(initial=1))[None, :] < lengths[:, None]
    ids = np.full(mask.shape, pad_id, dtype=np.int64)
    ids[mask] = lists.flatten().to_numpy()
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask.astype(np.int64))}
