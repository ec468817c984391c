"""Test what is pooled over folds: each is judged by a choice that another fold has made."""

import numpy as np
import pytest

from evaluation.folds import pooled
from evaluation.purpose import Purpose
from evaluation.threshold import NAMES
from tests.evaluation.cases import pairs, queries

SIZES = (4, 4, 4)
BASE = queries(np.full(12, 0.5))


def evaluation(choosing: float, held: float) -> np.ndarray:
    """Return predictions on the fold that chooses, then on the one that is held out."""
    return np.array([choosing] * 4 + [held] * 4, dtype=np.float32)


def test_a_trainings_evaluation_is_chosen_by_the_next_fold_and_not_by_the_one_held_out() -> None:
    early, late = evaluation(0.3, 0.9), evaluation(0.4, 0.1)
    found = pooled({"base": BASE}, SIZES, {"baseline": [[early, late]] * 3}, "baseline", seed=0)
    assert set(found.predictions) == {"base", "baseline"}
    assert found.predictions["baseline"].scores()["cosine_mrr@10"] == pytest.approx(0.1)


def test_settings_are_chosen_in_each_fold_anew_and_the_first_of_equals_is_taken() -> None:
    baseline = [[evaluation(0.5, 0.2)]] * 3
    other = [[evaluation(0.6, 0.3)], [evaluation(0.5, 0.9)], [evaluation(0.4, 0.9)]]
    found = pooled({"base": BASE}, SIZES, {"baseline": baseline, "t2": other}, "baseline", seed=0)
    np.testing.assert_allclose(found.predictions["best"].predictions, [0.3] * 4 + [0.2] * 8)
    np.testing.assert_allclose(found.predictions["baseline"].predictions, 0.2)
    np.testing.assert_allclose(found.settings, [[0.2] * 12, [0.3] * 4 + [0.9] * 8])


def test_each_fold_is_chosen_for_by_the_next_one_and_the_last_by_the_first() -> None:
    sizes = (2, 3, 4)
    trainings = [
        [np.array([0.5] * sizes[(fold + 1) % 3] + [0.1 * fold] * sizes[fold], np.float32)] for fold in range(3)
    ]
    found = pooled({"base": queries(np.full(9, 0.5))}, sizes, {"baseline": trainings}, "baseline", seed=0)
    np.testing.assert_allclose(found.predictions["baseline"].predictions, [0.0] * 2 + [0.1] * 3 + [0.2] * 4)
    assert found.number == 3


def test_an_evaluation_that_is_not_finite_is_never_chosen() -> None:
    broken, good = evaluation(float("nan"), 0.9), evaluation(0.1, 0.4)
    found = pooled({"base": BASE}, SIZES, {"baseline": [[broken, good]] * 3}, "baseline", seed=0)
    np.testing.assert_allclose(found.predictions["baseline"].predictions, 0.4)


def test_each_fold_decides_with_its_own_threshold() -> None:
    """Cosines of each fold lie on a scale of their own: one threshold for all would be wrong in two of three."""
    base = pairs(12)
    labels, shift = base.labels, np.repeat([0.0, 10.0, 20.0], 4)
    cosines = labels + shift
    of_fold = [cosines[start : start + 4] for start in (0, 4, 8)]
    trainings = [
        [np.concatenate([of_fold[(fold + 1) % 3] - 10 * ((fold + 1) % 3) + 10 * fold, of_fold[fold]])]
        for fold in range(3)
    ]
    found = pooled({"base": base}, SIZES, {"baseline": trainings}, "baseline", seed=0, purpose=Purpose())
    assert found.rates["baseline"] == dict.fromkeys(NAMES, 1.0)


def test_without_a_threshold_in_some_fold_there_are_no_rates() -> None:
    base = pairs(12)
    trainings = {"baseline": [[np.zeros(8, np.float32)]] * 3}
    found = pooled({"base": base}, SIZES, trainings, "baseline", seed=0, purpose=Purpose.parse("precision=0.99"))
    assert all(np.isnan(value) for value in found.rates["baseline"].values())


def test_kinds_without_a_threshold_have_no_rates() -> None:
    found = pooled(
        {"base": BASE}, SIZES, {"baseline": [[evaluation(0.3, 0.9)]] * 3}, "baseline", seed=0, purpose=Purpose()
    )
    assert found.rates == {"base": {}, "baseline": {}}


def test_other_base_models_stand_beside_the_first() -> None:
    other = queries(np.full(12, 0.7))
    found = pooled({"base": BASE, "base two": other}, SIZES, {"t2": [[evaluation(0.3, 0.9)]] * 3}, None, seed=0)
    assert list(found.predictions) == ["base", "base two", "best"]
    assert found.predictions["base two"].scores()["cosine_mrr@10"] == pytest.approx(0.7)
