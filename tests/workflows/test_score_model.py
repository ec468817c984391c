"""Test how a saved model is scored."""

from evaluation.evaluator import Evaluator
from tests.trainers.cases import rows
from workflows.score_model import score_model


def test_a_models_own_length_holds_unless_another_is_given(tiny_model: str) -> None:
    evaluator = Evaluator("graded", rows(30, "cosine"))
    saved = score_model(tiny_model, evaluator, lambda done, total: None)
    assert saved == score_model(tiny_model, evaluator, lambda done, total: None, max_length=64)
    assert saved != score_model(tiny_model, evaluator, lambda done, total: None, max_length=3)
