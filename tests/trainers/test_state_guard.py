"""Test what a report says about a state on the guard set."""

from dataclasses import replace
from typing import Any

import pytest
import ray
import torch
from sentence_transformers import SentenceTransformer

from evaluation.evaluator import Evaluator
from tests.trainers.cases import BARE_JOB, rows
from trainers.dev_evaluator import PairEvaluator
from trainers.job import Guard, Job
from trainers.state_guard import state_guard

PAIRS = rows(60, "cosine", seed=4)


@pytest.fixture(autouse=True)
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let references be the objects themselves."""
    monkeypatch.setattr(ray, "get", lambda reference: reference)


def guarded(model: SentenceTransformer, limit: float = 0.01) -> Job:
    base = PairEvaluator(Evaluator("binary", PAIRS)).evaluate(model)
    guard = Guard(kind="binary", pairs=[PAIRS], base=[base], limit=limit)
    return replace(BARE_JOB, data=replace(BARE_JOB.data, guard=guard))


def report(job: Job, model: SentenceTransformer) -> dict[str, Any]:
    guard = state_guard(job)
    assert guard is not None
    return guard.metrics(model, 0.4)


def changed(model: SentenceTransformer) -> SentenceTransformer:
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(torch.randn_like(weight))
    return model


def test_the_base_model_itself_holds_and_its_value_is_not_lowered(tiny_model: str) -> None:
    model = SentenceTransformer(tiny_model, device="cpu")
    found = report(guarded(model), model)
    assert found["guard"]["holds"]
    assert found["guard"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert found["guard_cosine_ap"] == found["guard"]["score"]["value"]
    assert found["lowered_spearman_cosine"] == 0.4


def test_a_state_that_may_lose_more_than_the_limit_has_a_lowered_value(tiny_model: str) -> None:
    torch.manual_seed(0)
    model = SentenceTransformer(tiny_model, device="cpu")
    job, state = guarded(model), changed(SentenceTransformer(tiny_model, device="cpu"))
    found = report(job, state)
    low = found["guard"]["difference"]["low"]
    assert low < -0.01
    assert not found["guard"]["holds"]
    assert found["lowered_spearman_cosine"] == pytest.approx(0.4 - (-0.01 - low) - 2)
    assert report(guarded(model, limit=0.999), state)["lowered_spearman_cosine"] == 0.4


def test_without_a_guard_there_is_nothing_to_report() -> None:
    assert state_guard(BARE_JOB) is None
