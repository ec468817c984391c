"""Which yardsticks a kind gets, and what happens where they cannot be fitted."""

import numpy as np
import pyarrow as pa
import pytest

from evaluation.yardsticks.fit import fit, sample
from tasks.common.kinds import KINDS

ROWS = {
    "sentence1": ["red apple", "green pear", "blue sky", "old house"],
    "sentence2": ["apple", "pear", "apple", "pear"],
    "label": [1.0, 1.0, 0.0, 1.0],
}


def encode(texts: list[str]) -> np.ndarray:
    return np.array([[1.0, float(len(text))] for text in texts])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("with_base", [False, True])
def test_every_kind_has_yardsticks_that_score(kind: str, with_base: bool) -> None:
    yardsticks = fit(kind, pa.table(ROWS), 1, encode if with_base else None)
    assert yardsticks.fitted
    assert not yardsticks.unavailable
    for yardstick in yardsticks.fitted.values():
        if KINDS[kind].ranked:
            assert yardstick.candidates(["apple"], ["apple", "pear"]).shape == (1, 2)  # type: ignore[union-attr]
        else:
            assert yardstick.pairs(["apple"], ["pear"]).shape == (1,)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_train_leaves_a_reason_and_no_error(kind: str) -> None:
    yardsticks = fit(kind, pa.table(ROWS).slice(0, 0), 1, encode)
    assert all(yardsticks.unavailable.values())
    assert set(yardsticks.fitted) <= {"BM25", "token Jaccard"}  # which learn nothing from train


def test_one_category_leaves_the_classifiers_out() -> None:
    table = pa.table(ROWS).filter(pa.array([True, False, True, False]))
    yardsticks = fit("category", table, 1, encode)
    assert list(yardsticks.fitted) == ["largest category"]
    assert list(yardsticks.unavailable) == ["TF-IDF + linear SVM", "base embeddings + logistic"]


def test_rows_labelled_0_are_no_categories_of_their_texts() -> None:
    table = pa.table({"sentence1": ["a", "a", "a"], "sentence2": ["x", "y", "y"], "label": [1.0, 0.0, 0.0]})
    largest = fit("category", table, 1).fitted["largest category"]
    assert largest.candidates(["a"], ["x", "y"]).tolist() == [[1.0, 0.0]]  # type: ignore[union-attr]


def test_a_sample_keeps_the_order_and_depends_on_the_seed_alone() -> None:
    table = pa.table({"number": range(1000)})
    drawn = sample(table, 10, 7).column("number").to_pylist()
    assert drawn == sorted(drawn) == sample(table, 10, 7).column("number").to_pylist()
    assert len(drawn) == 10
    assert drawn != sample(table, 10, 8).column("number").to_pylist()
