"""Test that texts are encoded in batches of similar length and come back in their own order."""

from typing import Any

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from models.encode import TEXTS_AT_ONCE, encode
from tests.tiny_model import WORDS


class Lengths:
    """Encode a text as its length, and record the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.prompts: set[str] = set()

    def encode(self, texts: list[str], *, prompt: str, batch_size: int, show_progress_bar: bool) -> Any:
        assert len(texts) <= batch_size
        self.batches.append([len(text) for text in texts])
        self.prompts.add(prompt)
        return np.array([[len(text), 1] for text in texts], np.float32)


def test_vectors_are_in_the_order_of_the_texts_and_batches_begin_with_the_longest() -> None:
    model: Any = Lengths()
    texts = ["x" * (number * 37 % 101) for number in range(101)]
    progress: list[tuple[int, int]] = []
    vectors = encode(model, texts, lambda *done: progress.append(done))
    assert vectors.shape == (101, 2)
    assert vectors.dtype == np.dtype(np.float64)
    assert list(vectors[:, 0]) == [len(text) for text in texts]
    assert sum(model.batches, []) == sorted(range(101), reverse=True)
    assert progress == [(TEXTS_AT_ONCE, 101), (101, 101)]
    assert model.prompts == {""}  # the texts have theirs


def test_vectors_are_those_of_the_models_own_encode(tiny_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.encode.TEXTS_AT_ONCE", 7)
    model, words = SentenceTransformer(tiny_model, device="cpu"), WORDS.split()
    texts = [" ".join(words[: 1 + number * 3 % 10]) for number in range(30)]
    vectors = encode(model, texts, lambda *done: None)
    np.testing.assert_allclose(vectors, model.encode(texts), atol=1e-6)
