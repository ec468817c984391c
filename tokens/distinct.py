"""Make one weighted row of training rows that a model reads alike: fewer steps for the same expected gradient."""

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pairs.negatives import NEGATIVES, flattened
from pairs.train_view import TrainView
from tokens.reading import Reading

WEIGHT, REPEATS = "weight", "repeats"
"""Columns of distinct rows, float32: the weight of a row in a mean over rows, and the number of rows it stands for."""


@dataclass(frozen=True, kw_only=True)
class DistinctPairs(TrainView):
    """A view whose training split is in memory, without repeats and with weights; dev and test are as prepared."""

    train: pa.Table
    """The columns of a split (pairs/prepared.py), weight and repeats."""

    def table(self, split: str) -> pa.Table:
        """Return the whole split, in memory."""
        return self.train if split == "train" else super().table(split)

    def num_rows(self, split: str) -> int:
        """Return the number of pairs of the split; repeats in train count once."""
        return len(self.train) if split == "train" else super().num_rows(split)

    @property
    def line(self) -> str:
        """The numbers of distinct and of all rows, as a line for a user."""
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
    """Return the first of the rows that the model reads alike, in the table's order, with weight and repeats."""
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
        of_row = np.split(negatives, np.cumsum(lengths))[:-1]
        names = [str(sorted(numbers.tolist())) for numbers in of_row]
        keys[NEGATIVES] = np.unique(names, return_inverse=True)[1]
    groups = pa.table({**keys, "row": np.arange(len(table))}).group_by(list(keys), use_threads=False)
    counted = groups.aggregate([("row", "min"), ("row", "count")]).sort_by("row_min")
    counts = counted["row_count"].to_numpy()
    weights = (counts / counts.mean()).astype(np.float32) if len(counts) else np.zeros(0, np.float32)
    rows = table.take(counted["row_min"]).append_column(WEIGHT, pa.array(weights))
    return rows.append_column(REPEATS, pa.array(counts.astype(np.float32)))


def _numbers(texts: pa.Array, reading: Reading, prompt: str, number: dict[tuple[int, ...], int]) -> NDArray[np.int64]:
    """Return a number for each text, the same for texts of equal token ids; a text that repeats is tokenised once.

    Args:
        texts: one column.
        reading: how the model reads texts.
        prompt: the text before each of them.
        number: token ids -> number, of other columns; those of this one are added.
    """
    encoded = texts.dictionary_encode()
    tokens = reading.ids(encoded.dictionary.to_pylist(), prompt)
    numbers = np.array([number.setdefault(tuple(ids), len(number)) for ids in tokens], dtype=np.int64)
    selected: NDArray[np.int64] = numbers[encoded.indices.to_numpy()]
    return selected
