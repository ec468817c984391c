"""The base model as an audit asks it: token counts, and cosines of pairs."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evaluation.loading import found_sound, load_folder
from evaluation.metrics import Floats, normalized, pair_cosines
from evaluation.scoring import Told, encode
from evaluation.soundness import try_model

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class Untuned:
    """A sentence-transformers folder, loaded when it is first asked: that takes seconds.

    Args:
        folder: on this machine.
        max_length: tokens of a text that it reads.
        told: hears how many texts are encoded.
        trust_remote_code: whether code that the model brings may run.
        name: as the user gave it.
        tokenizer: its tokenizer.json, where that does not lie in the folder itself.
    """

    def __init__(
        self,
        folder: str,
        max_length: int,
        told: Told,
        *,
        trust_remote_code: bool = False,
        name: str | None = None,
        tokenizer: str | None = None,
    ) -> None:
        self.tokenizer = tokenizer or f"{folder}/tokenizer.json"
        self.name, self.trust_remote_code = name or folder, trust_remote_code
        self.folder, self.max_length, self.told = folder, max_length, told
        self._model: SentenceTransformer | None = None
        self._vectors: dict[str, Floats] = {}

    def lengths(self, texts: list[str]) -> list[int]:
        """Tokens of each text, special ones included, nothing cut off."""
        from tokenizers import Tokenizer

        tokenizer: Any = Tokenizer.from_file(self.tokenizer)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return [len(each.ids) for each in tokenizer.encode_batch(texts)]

    def cosines(self, first: list[str], second: list[str]) -> NDArray[np.float64]:
        """Of each pair; a text that stands in several, or that another check has asked for, is encoded once."""
        if not first:
            return np.empty(0)
        if new := [text for text in dict.fromkeys([*first, *second]) if text not in self._vectors]:
            self._vectors |= zip(new, normalized(encode(self._loaded(), new, self.told)), strict=True)
        one, other = (np.array([self._vectors[text] for text in texts]) for texts in (first, second))
        return pair_cosines(one, other)

    def _loaded(self) -> "SentenceTransformer":
        """
        Raises:
            Mistakes: it cannot be loaded, or cannot read a text.
        """
        if self._model is None:
            trusted = self.trust_remote_code
            model = load_folder(self.folder, max_length=self.max_length, trust_remote_code=trusted, name=self.name)
            try_model(model, self.folder, "base-model", self.name)
            found_sound(self.folder, trusted)
            self._model = model
        return self._model
