"""Training rows that a model reads alike as one weighted row: fewer steps for the same expected gradient."""

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from pairs.negatives import NEGATIVES, flattened
from pairs.reading import Reading
from pairs.train_view import TrainView

WEIGHT, REPEATS = "weight", "repeats"
"""Columns of distinct rows, float32: how much a row counts in a mean over rows, and how many rows it stands for."""


@dataclass(frozen=True, kw_only=True)
class DistinctPairs(TrainView):
    """A view whose training split is in memory, without repeats and with weights; dev and test are as prepared."""

    train: pa.Table
    """The columns of a split (pairs/prepared.py), weight and repeats."""

    def table(self, split: str) -> pa.Table:
        """The whole split, in memory."""
        return self.train if split == "train" else super().table(split)

    def num_rows(self, split: str) -> int:
        """How many pairs the split has; repeats in train count once."""
        return len(self.train) if split == "train" else super().num_rows(split)

    @property
    def line(self) -> str:
        """How many rows stand for how many."""
        return f"{len(self.train):,} distinct training pairs, weighted, for {super().num_rows('train'):,} rows"


def distinct(pairs: TrainView, reading: Reading) -> DistinctPairs:
    """Read the training split into memory; rows repeat if token ids and label, or given negatives, are equal.

    The weight of a row is its number of repeats divided by their mean. If the loss is a mean over rows, the gradient's
    expectation over rows drawn evenly is that of the repeated rows. Its variance differs, and so do the negatives in a
    batch of a ranking loss. To a symmetric loss a pair in the other order is a repeat, too.

    Args:
        pairs: what a loss reads.
        reading: how the model reads texts.
    """
    own = {field.name: getattr(pairs, field.name) for field in fields(TrainView)}
    return DistinctPairs(**own, train=without_repeats(pairs.table("train"), reading, pairs.loss.symmetric))


def without_repeats(table: pa.Table, reading: Reading, symmetric: bool = False) -> pa.Table:
    """The first of rows that the model reads alike, in the order of the table, with weight and repeats."""
    number: dict[tuple[int, ...], int] = {}
    columns = zip(("sentence1", "sentence2"), reading.prompts, strict=True)
    first, second = (_numbers(table[name].combine_chunks(), reading, prompt, number) for name, prompt in columns)
    has_negatives = NEGATIVES in table.column_names
    given, lengths = flattened(table[NEGATIVES]) if has_negatives else (pa.array([], pa.string()), np.empty(0))
    negatives = _numbers(given, reading, reading.prompts.second, number)
    if symmetric:
        first, second = np.minimum(first, second), np.maximum(first, second)
    keys = {"first": first, "second": second}
    if "label" in table.column_names:
        keys["label"] = table["label"]
    if has_negatives:
        each = np.split(negatives, np.cumsum(lengths))[:-1]
        keys[NEGATIVES] = np.unique([str(sorted(own)) for own in map(np.ndarray.tolist, each)], return_inverse=True)[1]
    groups = pa.table({**keys, "row": np.arange(len(table))}).group_by(list(keys), use_threads=False)
    counted = groups.aggregate([("row", "min"), ("row", "count")]).sort_by("row_min")
    counts = counted["row_count"].to_numpy()
    weights = (counts / counts.mean()).astype(np.float32) if len(counts) else np.zeros(0, np.float32)
    rows = table.take(counted["row_min"]).append_column(WEIGHT, pa.array(weights))
    return rows.append_column(REPEATS, pa.array(counts.astype(np.float32)))


def _numbers(texts: pa.Array, reading: Reading, prompt: str, number: dict[tuple[int, ...], int]) -> np.ndarray:
    """A number for each text, the same for texts of equal token ids; a text that repeats is tokenised once.

    Args:
        number: of the token ids of another column; it gets those of this one.
    """
    encoded = texts.dictionary_encode()
    found = reading.ids(encoded.dictionary.to_pylist(), prompt)
    numbers = np.array([number.setdefault(tuple(ids), len(number)) for ids in found], dtype=np.int64)
    return numbers[encoded.indices.to_numpy()]
