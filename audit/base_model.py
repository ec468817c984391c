"""The base model as an audit asks it: token counts, and cosines of pairs."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Floats, normalized, pair_cosines
from models.encode import OnProgress, encode
from pairs.reading import Reading

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class LazyBaseModel:
    """A base model, loaded when it is first asked: that takes seconds.

    Args:
        read: loads its reading.
        load: loads the model; it reads as many tokens as the reading says.
        told: hears how many texts are encoded.
    """

    def __init__(
        self, read: Callable[[], Reading], load: Callable[[], "SentenceTransformer"], on_progress: OnProgress
    ) -> None:
        self._read, self._load, self.on_progress = read, load, on_progress
        self._vectors: dict[str, Floats] = {}

    @cached_property
    def reading(self) -> Reading:
        """How the model reads texts."""
        return self._read()

    @property
    def unknown_id(self) -> int | None:
        """Of the token for what the tokenizer's vocabulary lacks; None where nothing is lacking, as of bytes."""
        return self.reading.unknown_id

    def lengths(self, texts: list[str]) -> list[int]:
        """Tokens of each text, special ones included, nothing cut off; a prompt stands in the text."""
        return [len(ids) for ids in self.token_ids(texts)]

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """Of each text, special ones included, nothing cut off."""
        return self.reading.whole_ids(texts)

    def cosines(self, first: list[str], second: list[str]) -> NDArray[np.float64]:
        """Of each pair; a text that stands in several, or that another check has asked for, is encoded once."""
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
