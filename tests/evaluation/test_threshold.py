"""Test the threshold against a trial of all thresholds, and its scores against scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from evaluation.predictions import PairPredictions
from evaluation.purpose import Purpose
from evaluation.threshold import Threshold, Unmet, at_threshold, best_f1, choose, figures, value_for
from reporting.formats import exact


def judged(seed: int, pairs: int = 150) -> PairPredictions:
    generator = np.random.default_rng(seed)
    labels = (generator.uniform(size=pairs) < 0.3).astype(float)
    cosines = np.round(0.3 * labels + generator.uniform(size=pairs), 2)
    return PairPredictions(kind="binary", groups=np.arange(pairs) // 3, cosines=cosines, labels=labels)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_has_a_higher_f1(seed: int) -> None:
    pairs = judged(seed)
    value = best_f1(pairs.cosines, pairs.labels)
    every = [f1_score(pairs.labels, pairs.cosines >= other) for other in np.arange(-0.005, 1.31, 0.005)]
    assert f1_score(pairs.labels, pairs.cosines >= value) == pytest.approx(max(every))


def test_it_lies_between_the_two_cosines_that_it_separates() -> None:
    assert best_f1(np.array([0.9, 0.8, 0.2, 0.1]), np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.5)
    assert best_f1(np.array([0.9, 0.8]), np.array([1.0, 1.0])) == pytest.approx(0.8)


@pytest.mark.parametrize("gap", [0.3, 1e-3, 1e-5, 1e-8, 1e-12, 1.2e-16])
@pytest.mark.parametrize("high", [0.7123456789, 0.65, 0.99999, -0.2])
def test_what_is_printed_calls_dev_as_what_is_stored(high: float, gap: float) -> None:
    cosines, labels = np.array([high, high - gap, -0.9]), np.array([1.0, 0.0, 0.0])
    value = best_f1(cosines, labels)
    printed = exact(value)
    assert float(printed) == value
    assert len(printed.partition(".")[2]) <= max(4, 2 - math.log10(gap))
    assert list(cosines >= float(printed)) == [True, high - gap == high, False]


def test_the_lowest_cosine_of_all_is_not_rounded_up() -> None:
    value = best_f1(np.array([0.9, 0.71239]), np.array([1.0, 1.0]))
    assert (value, exact(value)) == (0.7123, "0.7123")


def test_precision_recall_and_f1_are_scikit_learns() -> None:
    pairs = judged(9)
    taken, found = pairs.cosines >= 0.7, figures(pairs, 0.7, seed=0)
    expected = [score(pairs.labels, taken) for score in (precision_score, recall_score, f1_score)]
    assert [each.value for each in found.values()] == pytest.approx(expected)
    assert list(at_threshold(pairs, 0.7).values()) == pytest.approx(expected)
    assert all(each.low < each.value < each.high for each in found.values())


def test_dev_chooses_and_test_only_tells() -> None:
    dev, test = judged(1), judged(2)
    found = choose(dev, test, seed=0)
    assert isinstance(found, Threshold)
    assert found.value == best_f1(dev.cosines, dev.labels) != best_f1(test.cosines, test.labels)
    assert found.to_dict()["test"]["cosine_f1"]["value"] == pytest.approx(
        f1_score(test.labels, test.cosines >= found.value)
    )


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.95, 1.0])
def test_no_higher_threshold_has_the_recall(share: float) -> None:
    pairs = judged(4)
    value = value_for(Purpose(name="recall", share=share), pairs, seed=0)
    assert value is not None
    assert at_threshold(pairs, value)["cosine_recall"] >= share
    higher = pairs.cosines[pairs.cosines >= value].min() + 1e-9
    assert at_threshold(pairs, higher)["cosine_recall"] < share


def test_a_share_of_the_true_pairs_that_is_a_whole_number_is_not_rounded_up() -> None:
    """Thrice 0.1 is computed as 0.30000000000000004."""
    cosines, labels = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0]), np.ones(10)
    pairs = PairPredictions(kind="binary", groups=np.arange(10), cosines=cosines, labels=labels)
    value = value_for(Purpose(name="recall", share=3 * 0.1), pairs, seed=0)
    assert value is not None
    assert (cosines >= value).sum() == 3


def surely(seed: int) -> PairPredictions:
    draw = np.random.default_rng(seed)
    labels = (draw.uniform(size=600) < 0.5).astype(float)
    cosines = np.tanh(0.75 * labels + 0.25 * draw.normal(size=600)).astype(np.float64)
    return PairPredictions(kind="binary", groups=np.arange(600), cosines=cosines, labels=labels)


def test_a_precision_is_met_by_more_than_its_value() -> None:
    pairs = surely(0)
    chosen = choose(pairs, surely(1), 0, Purpose.parse("precision=0.9"))
    assert isinstance(chosen, Threshold)
    precision = chosen.dev["cosine_precision"]
    assert 0.9 <= precision.low < precision.value - 0.01
    assert precision.low != figures(pairs, chosen.value, 0)["cosine_precision"].low
    assert chosen.test is not None
    assert chosen.test["cosine_precision"].value >= 0.9
    assert (chosen.purpose, chosen.to_dict()["purpose"]) == ("precision=0.9", "precision=0.9")
    assert "precision of at least 0.9 on dev" in chosen.rule


def test_what_can_be_met_is_said_where_a_precision_cannot() -> None:
    pairs = surely(0)
    unmet = choose(pairs, None, 0, Purpose.parse("precision=0.999"))
    assert isinstance(unmet, Unmet)
    assert "no threshold has a precision of at least 0.999 on dev for sure" in unmet.reason
    reachable = unmet.reason.partition("; ")[2].partition(" can be met")[0]
    assert isinstance(choose(pairs, None, 0, Purpose.parse(reachable)), Threshold)
    next_one = f"precision={float(reachable.partition('=')[2]) + 0.01:.2f}"
    assert isinstance(choose(pairs, None, 0, Purpose.parse(next_one)), Unmet)


def test_too_few_pairs_meet_no_precision_at_all() -> None:
    unmet = choose(judged(1, pairs=24), None, 0, Purpose.parse("precision=0.5"))
    assert isinstance(unmet, Unmet)
    assert "none has any" in unmet.reason
