"""Test that an evaluation scores every split in this process, and yardsticks only beside rows of train."""

from typing import Any

import pytest
import ray
from sentence_transformers import SentenceTransformer

from evaluation.evaluator import Evaluator
from tests.trainers.cases import rows
from trainers.evaluate import evaluate
from trainers.job import PREDICTIONS, YARDSTICKS, EvaluationJob

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
