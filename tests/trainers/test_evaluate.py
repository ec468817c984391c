"""The base model reads a text once, for its own evaluation and for the yardsticks that need embeddings."""

import numpy as np

from trainers.evaluate import Recall


def test_a_text_that_was_encoded_is_recalled_and_only_others_are_encoded() -> None:
    read: list[list[str]] = []

    def encode(texts: list[str]) -> np.ndarray:
        read.append(texts)
        return np.array([[float(len(text)), float(len(read))] for text in texts])

    base = Recall(encode)
    assert base.encode(["a", "bb"]).tolist() == [[1.0, 1.0], [2.0, 1.0]]
    assert base.recall(["ccc", "bb", "ccc"]).tolist() == [[3.0, 2.0], [2.0, 1.0], [3.0, 2.0]]
    assert base.recall(["a", "ccc"]).tolist() == [[1.0, 1.0], [3.0, 2.0]]
    assert read == [["a", "bb"], ["ccc"]]


def test_an_evaluation_encodes_all_its_texts_whatever_is_known() -> None:
    read: list[list[str]] = []

    def encode(texts: list[str]) -> np.ndarray:
        read.append(texts)
        return np.zeros((len(texts), 2))

    base = Recall(encode)
    base.encode(["a", "b"])
    base.encode(["b", "c"])
    assert read == [["a", "b"], ["b", "c"]]
