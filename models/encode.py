"""Encode texts with a model, in batches of similar length, and report progress."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS_AT_ONCE = 64
"""Batch size; progress is reported after each batch."""

OnProgress = Callable[[int, int], None]
"""Function of (texts encoded, texts in all) that is called after every TEXTS_AT_ONCE texts."""


def encode(model: "SentenceTransformer", texts: list[str], on_progress: OnProgress) -> NDArray[np.float64]:
    """Return the vectors of the texts in their order, shape (texts, dimensions).

    Texts are sorted by length, longest first, so that a batch needs little padding. They have their prompts already
    (tokens/reading.py): the model's default prompt is not added.
    """
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    parts = []
    for start in range(0, len(order), TEXTS_AT_ONCE):
        part = [texts[index] for index in order[start : start + TEXTS_AT_ONCE]]
        parts.append(model.encode(part, prompt="", batch_size=TEXTS_AT_ONCE, show_progress_bar=False))
        on_progress(start + len(part), len(texts))
    vectors = np.concatenate(parts).astype(np.float64)
    return vectors[np.argsort(order)]
