"""The base model as an audit asks it: token counts, and cosines of pairs."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics import Floats, normalized, pair_cosines
from evaluation.scoring import Told, encode

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Untuned:
    """A sentence-transformers folder, loaded when it is first asked: that takes seconds.

    Args:
        folder: on this machine.
        max_length: tokens of a text that it reads.
        told: hears how many texts are encoded.
    """

    def __init__(self, folder: str, max_length: int, told: Told) -> None:
        self.folder, self.max_length, self.told = folder, max_length, told
        self._model: SentenceTransformer | None = None
        self._vectors: dict[str, Floats] = {}

    def lengths(self, texts: list[str]) -> list[int]:
        """Tokens of each text, special ones included, nothing cut off."""
        return [len(ids) for ids in self.token_ids(texts)]

    def token_ids(self, texts: list[str]) -> list[list[int]]:
        """Of each text, special ones included, nothing cut off."""
        from tokenizers import Tokenizer

        tokenizer: Any = Tokenizer.from_file(f"{self.folder}/tokenizer.json")
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return [each.ids for each in tokenizer.encode_batch(texts)]

    @property
    def unknown_id(self) -> int | None:
        """Of the token for what the tokenizer's vocabulary lacks; None where nothing is lacking, as of bytes."""
        from tokenizers import Tokenizer

        tokenizer: Any = Tokenizer.from_file(f"{self.folder}/tokenizer.json")
        model = json.loads(tokenizer.to_str())["model"]
        return model.get("unk_id") if "unk_id" in model else tokenizer.token_to_id(model.get("unk_token") or "")

    def cosines(self, first: list[str], second: list[str]) -> NDArray[np.float64]:
        """Of each pair; a text that stands in several, or that another check has asked for, is encoded once."""
        if not first:
            return np.empty(0)
        if new := [text for text in dict.fromkeys([*first, *second]) if text not in self._vectors]:
            self._vectors |= zip(new, normalized(encode(self._loaded(), new, self.told)), strict=True)
        one, other = (np.array([self._vectors[text] for text in texts]) for texts in (first, second))
        return pair_cosines(one, other)

    def _loaded(self) -> "SentenceTransformer":
        if self._model is None:
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging

            logging.disable_progress_bar()
            self._model = SentenceTransformer(self.folder, local_files_only=True)
            self._model.max_seq_length = self.max_length
        return self._model
