"""Give the audit what it needs of the base model: token counts, and cosines of pairs."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Floats, normalized, pair_cosines
from models.encode import OnProgress, encode
from tokens.reading import Reading

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class LazyBaseModel:
    """A base model that is loaded at its first use, because loading takes seconds.

    Args:
        read: loads the model's reading.
        load: loads the model; it reads as many tokens as the reading says.
        on_progress: called with the number of texts encoded.
    """

    def __init__(
        self, read: Callable[[], Reading], load: Callable[[], "SentenceTransformer"], on_progress: OnProgress
    ) -> None:
        self._read, self._load, self.on_progress = read, load, on_progress
        self._vectors: dict[str, Floats] = {}

    @cached_property
    def reading(self) -> Reading:
        """The way the model reads texts, loaded at first use."""
        return self._read()

    @property
    def unknown_id(self) -> int | None:
        """The id of the unknown token; None if the vocabulary lacks nothing, such as one of bytes."""
        return self.reading.unknown_id

    def lengths(self, texts: list[str]) -> list[int]:
        """Return the number of tokens of each text, prompt and special tokens included, nothing cut off."""
        return [len(ids) for ids in self.token_ids(texts)]

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """Return the token ids of each text, special ones included, nothing cut off."""
        return self.reading.whole_ids(texts)

    def cosines(self, first: list[str], second: list[str]) -> NDArray[np.float64]:
        """Return the cosine of each pair; a text is encoded once, also if several pairs or checks need it."""
        if not first:
            return np.empty(0)
        prompts = self.reading.prompts
        first, second = [prompts.first + text for text in first], [prompts.second + text for text in second]
        if new := [text for text in dict.fromkeys([*first, *second]) if text not in self._vectors]:
            self._vectors |= zip(new, normalized(encode(self._model, new, self.on_progress)), strict=True)
        one, other = (np.array([self._vectors[text] for text in texts]) for texts in (first, second))
        return pair_cosines(one, other)

    @cached_property
    def _model(self) -> "SentenceTransformer":
        return self._load()
