"""Test probabilities against scikit-learn and known ones, their check out of fold, and the prior correction."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from evaluation import calibration
from evaluation.calibration import Calibration, at_prevalence, calibrate, calibration_error, fit, quality_of
from evaluation.metrics import Floats
from evaluation.predictions import PairPredictions


def true_probability(cosines: Floats) -> Floats:
    probabilities: Floats = expit(8 * cosines - 4)
    return probabilities


def drawn(number: int, seed: int = 0, in_group: int = 1) -> PairPredictions:
    """Return pairs whose label is 1 with the true probability of their cosine."""
    draw = np.random.default_rng(seed)
    cosines = draw.uniform(-0.5, 1, size=number)
    labels = (draw.uniform(size=number) < true_probability(cosines)).astype(float)
    return PairPredictions(kind="binary", groups=np.arange(number) // in_group, cosines=cosines, labels=labels)


GRID = np.linspace(-0.4, 0.9, 27)


@pytest.mark.parametrize(("number", "method", "near"), [(1_500, "logistic", 0.05), (6_000, "isotonic", 0.1)])
def test_the_probability_is_the_true_one(number: int, method: str, near: float) -> None:
    fitted = calibrate(drawn(number), None, seed=0)
    assert fitted.method == method
    assert abs(fitted.of(GRID) - true_probability(GRID)).max() < near


def test_of_many_pairs_the_line_is_scikit_learns() -> None:
    """Platt's targets matter for few pairs alone."""
    pairs = drawn(2_000)
    theirs = LogisticRegression(C=np.inf).fit(pairs.cosines[:, None], pairs.labels)
    ours = fit(pairs.cosines, pairs.labels)
    assert (ours.slope, ours.intercept) == pytest.approx((theirs.coef_[0, 0], theirs.intercept_[0]), rel=0.03)


@pytest.mark.parametrize("many", [1, 1_000])
def test_pairs_that_a_threshold_separates_get_no_probability_of_0_or_1(
    many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "MANY", many)
    cosines, labels = np.repeat([0.9, 0.1], 20), np.repeat([1.0, 0.0], 20)
    low, high = fit(cosines, labels).of(np.array([-1.0, 1.0]))
    assert 0 < low < 0.1
    assert 0.9 < high < 1


@pytest.mark.parametrize("number", [400, 6_000])
def test_a_stored_calibration_is_read_as_it_was(number: int) -> None:
    fitted = calibrate(drawn(number), drawn(200, seed=1), seed=0)
    stored = fitted.to_dict()
    assert ("slope" in stored) == (number == 400) == ("cosines" not in stored)
    assert Calibration.from_dict(stored) == fitted


@pytest.mark.parametrize("number", [400, 6_000])
def test_a_calibrated_probability_beats_the_constant_share(number: int) -> None:
    for quality in calibrate(drawn(number), drawn(1_000, seed=1), seed=0).quality.values():
        assert quality.brier < quality.constant_brier
        assert quality.log_loss < quality.constant_log_loss
        assert quality.calibration_error < 0.06


def test_a_cosine_that_says_nothing_is_no_better_out_of_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A curve that is fitted to chance looks better than the constant on its own pairs."""
    monkeypatch.setattr(calibration, "MANY", 1)
    draw = np.random.default_rng(0)
    noise = PairPredictions(
        kind="binary",
        groups=np.arange(200),
        cosines=draw.uniform(size=200),
        labels=(draw.uniform(size=200) < 0.5).astype(float),
    )
    fitted = calibrate(noise, None, seed=0)
    own = quality_of(fitted.of(noise.cosines), noise.labels, fitted.prevalence)
    assert own.brier < own.constant_brier < fitted.quality["dev"].brier


def test_no_group_is_on_both_sides_of_a_fold() -> None:
    pairs = drawn(300, in_group=3)
    others = np.random.default_rng(0).permutation(pairs.groups)
    joined = PairPredictions(
        kind="binary", groups=pairs.groups, other_groups=others, cosines=pairs.cosines, labels=pairs.labels
    )
    seen = np.zeros(300, dtype=int)
    for held, fitted in calibration._folds(joined, 5, seed=0):
        assert not set(pairs.groups[held]) & (set(pairs.groups[fitted]) | set(others[fitted]))
        seen[held] += 1
    assert set(seen) == {1}


def test_one_group_of_a_label_cannot_be_checked_out_of_fold() -> None:
    pairs = drawn(60)
    one = PairPredictions(
        kind="binary",
        groups=np.where(pairs.labels == 1, 0, pairs.groups + 1),
        cosines=pairs.cosines,
        labels=pairs.labels,
    )
    assert calibrate(one, pairs, seed=0).quality.keys() == {"test"}


def test_the_prior_correction_is_bayes_rule() -> None:
    """Of pairs with equal densities of cosines, a tenth instead of a half belong together."""
    odds = np.array([0.01, 1.0, 99.0])
    shifted = at_prevalence(odds / (1 + odds), 0.5, 0.1)
    assert shifted / (1 - shifted) == pytest.approx(odds / 9)
    assert at_prevalence(shifted, 0.1, 0.5) == pytest.approx(odds / (1 + odds))


def test_a_probability_at_another_prevalence_is_that_of_pairs_drawn_so() -> None:
    pairs = drawn(40_000)
    thinned = np.flatnonzero((pairs.labels == 0) | (np.random.default_rng(1).uniform(size=40_000) < 0.05))
    rare = pairs.of_items(thinned)
    shifted = fit(pairs.cosines, pairs.labels).of(rare.cosines, prevalence=float(rare.labels.mean()))
    assert calibration_error(shifted, rare.labels) < 0.01
    assert calibration_error(fit(pairs.cosines, pairs.labels).of(rare.cosines), rare.labels) > 0.05


def test_the_calibration_error_is_the_mean_distance_of_the_bins() -> None:
    assert calibration_error(np.repeat([0.2, 0.8], 50), np.tile([1.0, 0.0], 50)) == pytest.approx(0.3)
