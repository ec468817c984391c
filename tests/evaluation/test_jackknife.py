"""Test intervals against closed forms and repeated sampling."""

import numpy as np
import pytest
from scipy.stats import t

from evaluation import jackknife
from evaluation.jackknife import Blocks, Interval, critical, difference, interval, left_out, standard_error
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions
from tasks.common.kinds import KindName
from tests.evaluation.cases import pairs, queries


def width(judged: Predictions) -> float:
    without = left_out([judged], seed=0)[:, 0]
    value = float(judged.weighted(np.ones((1, len(judged.groups))))[0])
    found = interval(value, without, judged.num_groups)
    return found.high - found.low


def test_of_a_mean_it_is_students_interval() -> None:
    values = np.random.default_rng(0).uniform(size=60)
    without = left_out([queries(values)], seed=0)[:, 0]
    assert standard_error(without) == pytest.approx(values.std(ddof=1) / 60**0.5)
    assert critical(60, 60) == pytest.approx(t.ppf(0.975, 59))
    assert width(queries(values)) == pytest.approx(2 * t.ppf(0.975, 59) * values.std(ddof=1) / 60**0.5, rel=0.01)


def test_groups_are_left_out_and_not_rows() -> None:
    values = np.repeat(np.random.default_rng(0).uniform(size=80), 4)
    rows, groups = width(queries(values)), width(queries(values, np.repeat(np.arange(80), 4)))
    assert groups == pytest.approx(2 * rows, rel=0.1)  # four equal rows say no more than one


def test_many_groups_are_left_out_in_blocks_and_give_about_the_same() -> None:
    values = np.random.default_rng(0).uniform(size=1000)
    without = left_out([queries(values)], seed=0)
    assert without.shape == (jackknife.MOST_BLOCKS, 1)
    assert standard_error(without[:, 0]) == pytest.approx(values.std() / 1000**0.5, rel=0.15)


def test_a_pair_of_two_groups_goes_with_either() -> None:
    blocks = Blocks(np.array([0, 0, 1]), np.array([0, 1, 2]), seed=0)
    counts = blocks.left_out(lambda weights: weights.sum(axis=1))
    assert sorted(counts) == [2.0, 2.0, 2.5]  # groups 0 and 1 compare on two pairs, group 2 on one


def test_pairs_of_two_groups_make_the_interval_wider() -> None:
    rng, number = np.random.default_rng(1), 30
    effect, first, second = rng.normal(size=number), rng.integers(number, size=600), rng.integers(number, size=600)
    labels = rng.integers(0, 2, size=600).astype(float)
    cosines = labels + effect[first] + effect[second]
    alone = PairPredictions(kind="binary", groups=first, cosines=cosines, labels=labels)
    both = PairPredictions(kind="binary", groups=first, other_groups=second, cosines=cosines, labels=labels)
    assert width(both) > 1.2 * width(alone)


def test_little_memory_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = pairs(120)
    whole = left_out([judged], seed=0)
    monkeypatch.setattr(jackknife, "ELEMENTS_AT_ONCE", 250)
    np.testing.assert_array_equal(left_out([judged], seed=0), whole)


@pytest.mark.parametrize("number", [1, 2, 9])
def test_few_groups_have_no_interval(number: int) -> None:
    without = left_out([queries(np.linspace(0.2, 0.8, number))], seed=0)[:, 0]
    assert np.isnan(interval(0.5, without, number).low)
    assert np.isnan(difference(0.5, without, number, 2.0).low)
    assert not difference(0.5, without, number, 2.0).above_zero


def test_a_perfect_score_has_a_one_sided_bound_that_more_groups_raise() -> None:
    few, many = (interval(1.0, np.ones(number), number) for number in (10, 100))
    assert few.high == many.high == 1.0
    assert few.low == pytest.approx(0.025 ** (1 / 10))
    assert few.low < many.low < 1.0


def test_the_worst_score_has_one_from_the_other_side() -> None:
    assert interval(0.0, np.zeros(20), 20) == pytest.approx((0.0, 0.0, 1 - 0.025 ** (1 / 20)))
    assert interval(-1.0, -np.ones(20), 20, lowest=-1.0).low == -1.0


def test_intervals_stay_within_what_a_score_can_be() -> None:
    values = np.r_[np.ones(29), 0.2]
    found = interval(values.mean(), left_out([queries(values)], seed=0)[:, 0], 30)
    assert 0.7 < found.low < values.mean() < found.high < 1.0


def test_a_score_that_a_group_alone_defines_has_no_interval() -> None:
    labels = np.r_[1.0, np.zeros(29)]
    judged = PairPredictions(kind="binary", groups=np.arange(30), cosines=np.linspace(0, 1, 30), labels=labels)
    assert judged.num_groups == 1
    assert np.isnan(width(judged))


def test_models_are_compared_on_the_same_blocks() -> None:
    values = np.random.default_rng(0).uniform(size=300)
    without = left_out([queries(values), queries(values + 0.01)], seed=0)
    found = difference(0.01, without[:, 1] - without[:, 0], 300, 2.0)
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))


@pytest.mark.parametrize("skewness", [-0.4, -0.05, 0.0, 0.2])
def test_what_is_as_rare_as_t_solves_halls_transformation(skewness: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jackknife, "MOST_SKEWED", 99.0)
    for value in (-4.0, -1.0, 2.5, 5.0):
        found = jackknife.skewed(value, skewness)
        transformed = found + skewness * found**2 / 3 + skewness**2 * found**3 / 27 + skewness / 6
        assert transformed == pytest.approx(value)


def test_a_group_that_decides_the_skewness_does_not_take_the_interval_away() -> None:
    assert jackknife.skewed(2.0, -0.9) == 2.0 * jackknife.MOST_SKEWED
    assert jackknife.skewed(-2.0, 0.9) == -2.0 * jackknife.MOST_SKEWED


def test_one_high_ranked_negative_counts_as_in_the_bootstrap() -> None:
    """Left out whole, it would make the standard error of average precision a third larger."""
    labels = (np.arange(140) < 24).astype(np.float64)
    cosines = np.where(labels > 0, 0.9, 0.1) + np.arange(140) / 1e4
    cosines[30] = 0.99
    judged = PairPredictions(kind="binary", groups=np.arange(140), cosines=cosines, labels=labels)
    drawn = np.random.default_rng(0).multinomial(140, np.full(140, 1 / 140), size=4000).astype(np.float64)
    bootstrap = float(judged.weighted(drawn).std())
    assert standard_error(left_out([judged], seed=0)[:, 0]) == pytest.approx(bootstrap, rel=0.25)


def test_a_difference_that_few_groups_make_worse_reaches_further_down() -> None:
    values = np.r_[np.full(27, 0.02), np.full(3, -0.1)]
    without = left_out([queries(values)], seed=0)[:, 0]
    found, mirrored = (difference(side * values.mean(), side * without, 30, 2.0) for side in (1, -1))
    assert found.value - found.low > found.high - found.value == pytest.approx(2.0 * standard_error(without))
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_a_perfect_score_that_was_rounded_has_the_bound_of_a_perfect_one() -> None:
    assert interval(1.0 - 1e-16, np.full(10, 1.0 - 1e-16), 10) == interval(1.0, np.ones(10), 10)


def test_an_endless_margin_is_no_interval() -> None:
    without = left_out([queries(np.linspace(0.2, 0.8, 30))], seed=0)[:, 0]
    assert np.isnan(difference(0.5, without, 30, float("inf")).low)
    assert np.isnan(difference(0.5, np.full(30, 0.5), 30, float("inf")).low)


def test_few_second_groups_are_few_groups() -> None:
    groups, labels = np.arange(100), (np.arange(100) % 2).astype(np.float64)
    judged = PairPredictions(kind="binary", groups=groups, other_groups=groups % 3, cosines=labels, labels=labels)
    assert judged.num_groups == 3


def test_an_interval_that_touches_zero_is_no_gain() -> None:
    assert not Interval(0.1, 0.0, 0.2).above_zero
    assert Interval(0.1, 1e-9, 0.2).above_zero


@pytest.mark.parametrize("kind", ["binary", "graded"])
def test_predictions_make_the_same_model_again(kind: KindName) -> None:
    judged, other = pairs(50, kind=kind), pairs(50, kind=kind, seed=9)
    again = other.with_predictions(judged.predictions)
    weights = np.random.default_rng(0).integers(0, 3, size=(4, 50)).astype(float)
    np.testing.assert_allclose(again.weighted(weights), judged.of_items(np.arange(50)).weighted(weights), atol=1e-6)


def test_of_items_takes_every_column() -> None:
    categories = CategoryPredictions(
        kind="category",
        groups=np.arange(4),
        truth=np.array([0, 1, 0, 1]),
        predicted=np.array([0, 1, 1, 1]),
        names=("a", "b"),
    )
    assert categories.of_items(np.array([0, 3])).scores()["accuracy"] == 1.0
    assert queries(np.array([1.0, 0.5, 0.2])).of_items(np.array([1, 2])).scores()["cosine_mrr@10"] == pytest.approx(
        0.35
    )
