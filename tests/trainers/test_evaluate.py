"""An evaluation scores every split in this process, and yardsticks only beside rows of train; a text is read once."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import ray
from sentence_transformers import SentenceTransformer

from evaluation.category_vectors import WAYS
from evaluation.evaluator import Evaluator
from tests.trainers.cases import rows
from trainers.evaluate import Recall, evaluate
from trainers.job import PREDICTIONS, VECTORS, YARDSTICKS, EvaluationJob

TABLES = {"dev": rows(24, "contrastive", seed=1), "test": rows(30, "contrastive", seed=2)}


@pytest.fixture(autouse=True)
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let references be the objects themselves."""
    monkeypatch.setattr(ray, "get", lambda reference: reference)


def job(**changes: Any) -> EvaluationJob:
    splits = {split: [table] for split, table in TABLES.items()}
    return EvaluationJob(**({"trial": "base", "kind": "binary", "splits": splits} | changes))


def test_every_split_is_scored_as_by_its_own_evaluator(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    metrics = evaluate(job(), model)
    assert set(metrics) == {PREDICTIONS}
    assert list(metrics[PREDICTIONS]) == ["dev", "test"]
    for split, table in TABLES.items():
        expected = Evaluator("binary", table).evaluate(model.encode).scores()
        assert metrics[PREDICTIONS][split].scores() == pytest.approx(expected, abs=1e-6)


def test_rows_of_train_bring_yardsticks_on_the_same_splits(tiny_model: str) -> None:
    metrics = evaluate(job(train=[rows(64, "contrastive")]), SentenceTransformer(tiny_model, device="cpu"))
    assert set(metrics) == {PREDICTIONS, YARDSTICKS}
    assert set(metrics[YARDSTICKS].splits) == set(TABLES)
    assert all(metrics[YARDSTICKS].splits.values())


def test_a_split_of_another_kind_is_scored_as_such_and_has_no_yardsticks(tiny_model: str) -> None:
    pairs = rows(20, "cosine", seed=3)
    splits = {**{split: [table] for split, table in TABLES.items()}, "guard": [pairs]}
    asked = job(splits=splits, kinds={"guard": "graded"}, train=[rows(64, "contrastive")])
    model = SentenceTransformer(tiny_model, device="cpu")
    metrics = evaluate(asked, model)
    expected = Evaluator("graded", pairs).evaluate(model.encode).scores()
    assert metrics[PREDICTIONS]["guard"].scores() == pytest.approx(expected, abs=1e-6)
    assert set(metrics[YARDSTICKS].splits) == set(TABLES)


def test_category_vectors_are_made_of_the_rows_of_train_that_are_no_negatives(tiny_model: str) -> None:
    table = pa.table({"sentence1": ["red door", "cold sea"], "sentence2": ["wood", "water"]})
    train = pa.table(
        {"sentence1": ["red door", "cold sea", "cold sea"], "sentence2": ["wood", "water", "wood"], "label": [1, 1, 0]}
    )
    more = {"kind": "category", "candidates": ("water", "wood"), "splits": {"dev": [table], "test": [table]}}
    metrics = evaluate(job(train=[train], ways=WAYS, **more), SentenceTransformer(tiny_model, device="cpu"))
    assert set(metrics) == {VECTORS}
    vectors = metrics[VECTORS]
    assert set(vectors.judged) == {"centroid", "mix"}
    assert vectors.predictions["test"].scores()["accuracy"] == 1.0  # each text is a centroid itself
    expected = SentenceTransformer(tiny_model, device="cpu").encode(["cold sea", "red door"], normalize_embeddings=True)
    if vectors.way == "centroid":
        np.testing.assert_allclose(vectors.vectors, expected, atol=1e-5)


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
