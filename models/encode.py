"""Encode texts with a model, in batches of similar length, and say how far it is."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS_AT_ONCE = 64
"""Batch size; progress is reported after each batch."""

OnProgress = Callable[[int, int], None]
"""(texts encoded, texts in all): called after every TEXTS_AT_ONCE texts."""


def encode(model: "SentenceTransformer", texts: list[str], on_progress: OnProgress) -> NDArray[np.float64]:
    """Vectors of the texts in their order, shape (texts, dimensions); long texts are encoded together, and first.

    Prompts stand in the texts already (pairs/reading.py): the model adds none, whatever its default is.
    """
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    parts = []
    for start in range(0, len(order), TEXTS_AT_ONCE):
        part = [texts[index] for index in order[start : start + TEXTS_AT_ONCE]]
        parts.append(model.encode(part, prompt="", batch_size=TEXTS_AT_ONCE, show_progress_bar=False))
        on_progress(start + len(part), len(texts))
    vectors = np.concatenate(parts).astype(np.float64)
    return vectors[np.argsort(order)]
