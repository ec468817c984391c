"""Hold the categories of a task as tokens, for a loss that holds each text against all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from common.hashes import text_hashes
from pairs.spelling import one_of_each
from pairs.train_view import TrainView, counts_of
from tasks.common.texts import folded
from tokens.reading import Reading


@dataclass(frozen=True, kw_only=True)
class Categories:
    """The categories in an order of their own; a handle that travels to workers inside a job."""

    ids: pa.ListArray
    """Token ids of each, list<int32>."""
    hashes: tuple[int, ...]
    """Hash of each folded text."""
    counts: tuple[int, ...]
    """Training texts of each; 0 where a category stands in dev or test alone."""

    def of(self, hashes: pa.ChunkedArray) -> NDArray[np.int64]:
        """Return the number of each row's category, [rows]."""
        number = {value: index for index, value in enumerate(self.hashes)}
        return np.array([number[value] for value in hashes.to_pylist()], dtype=np.int64)


def categories_of(pairs: TrainView, candidates: Sequence[str], reading: Reading) -> Categories:
    """Return the categories, each once.

    Args:
        pairs: what the loss reads.
        candidates: every second text of all splits.
        reading: how the model reads texts.
    """
    texts = one_of_each(candidates)
    counts = counts_of(pairs)
    return Categories(
        ids=pa.array(reading.ids(texts, reading.prompts.second), pa.list_(pa.int32())),
        hashes=tuple(text_hashes(map(folded, texts)).tolist()),
        counts=tuple(counts[folded(text)] for text in texts),
    )
