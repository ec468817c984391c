"""Training rows that repeat exactly as one weighted row: fewer steps for the same expected gradient."""

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa

from pairs.prepared import PreparedPairs

WEIGHT = "weight"


@dataclass(frozen=True, kw_only=True)
class DistinctPairs(PreparedPairs):
    """Prepared pairs whose training split is in memory, without repeats and with a weight; dev and test as they are."""

    train: pa.Table
    """sentence1, sentence2, [label], group, weight: float32."""

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


def distinct(pairs: PreparedPairs) -> DistinctPairs:
    """Reads the training split into memory.

    The weight of a row is its number of repeats divided by their mean, so that the gradient's expectation over rows
    drawn evenly is that of the repeated rows. What differs is its variance, and the negatives in a batch of a ranking
    loss.
    """
    given = {field.name: getattr(pairs, field.name) for field in fields(PreparedPairs)}
    return DistinctPairs(**given, train=without_repeats(pairs.table("train")))


def without_repeats(table: pa.Table) -> pa.Table:
    """The first of equal rows, in the order of the table, with the column `weight`; groups are not compared."""
    keys = [name for name in table.column_names if name != "group"]
    numbered = table.select(keys).append_column("row", pa.array(np.arange(len(table))))
    counted = (
        numbered.group_by(keys, use_threads=False).aggregate([("row", "min"), ("row", "count")]).sort_by("row_min")
    )
    counts = counted["row_count"].to_numpy()
    weights = (counts / counts.mean()).astype(np.float32) if len(counts) else np.zeros(0, np.float32)
    return table.take(counted["row_min"]).append_column(WEIGHT, pa.array(weights))
