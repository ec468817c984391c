"""Test vectors of training texts in place of a category's text."""

import numpy as np
import pyarrow as pa
import pytest

from evaluation.category_vectors import category_vectors, centroids
from evaluation.evaluator import Evaluator

VECTORS = {
    "red": [1.0, 0.0, 0.0],
    "blue": [0.8, 0.6, 0.0],
    "apple": [0.0, 1.0, 0.0],
    "cherry": [0.0, 0.8, 0.6],
    "sea": [0.0, 0.0, 1.0],
    "ice": [0.0, 0.6, 0.8],
}


def encode(texts: list[str]) -> np.ndarray:
    return np.array([VECTORS[text] for text in texts])


def evaluator(rows: list[tuple[str, str]]) -> Evaluator:
    table = pa.table({"sentence1": [first for first, _ in rows], "sentence2": [second for _, second in rows]})
    return Evaluator("category", table, ["red", "blue"])


def recorded(of: Evaluator) -> list[np.ndarray]:
    """Return the list of vectors that an evaluator is given from now on."""
    given: list[np.ndarray] = []
    real = of.evaluate
    of.evaluate = lambda encode, vectors: given.append(vectors) or real(encode, vectors)  # type: ignore
    return given


def test_a_centroid_is_the_mean_of_a_categorys_texts_and_without_any_its_own_text() -> None:
    own = np.eye(3)[:2]
    found = centroids(encode(["apple", "cherry"]), [" RED ", "red"], ["red", "blue"], own)
    mean = np.array([0.0, 1.8, 0.6])
    np.testing.assert_allclose(found, [mean / np.linalg.norm(mean), own[1]])


def test_dev_chooses_the_way_and_other_splits_are_evaluated_with_that_one_alone() -> None:
    rows = [("cherry", "red"), ("ice", "blue")]
    test = evaluator(rows)
    judged = recorded(test)
    found = category_vectors({"dev": evaluator(rows), "test": test}, encode, ["apple", "sea"], ["red", "blue"])
    assert evaluator(rows).evaluate(encode).scores()["accuracy"] == 0.5  # by their texts both are blue
    assert found.predictions["test"].scores()["accuracy"] == 1.0
    assert (found.way, len(judged)) == ("centroid", 1)
    assert judged[0] is found.vectors
    assert found.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1.0, rtol=1e-6)


def test_a_mix_lies_between_text_and_centroid() -> None:
    rows = [("cherry", "red"), ("apple", "blue")]
    dev = evaluator(rows)
    evaluated = recorded(dev)
    category_vectors({"dev": dev}, encode, ["sea"], ["red"])
    assert evaluated[0][0] == pytest.approx([0.0, 0.0, 1.0])
    assert evaluated[1][0] == pytest.approx([0.5**0.5, 0.0, 0.5**0.5])
