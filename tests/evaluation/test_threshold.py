"""Test the threshold against a trial of all thresholds, and its scores against scikit-learn."""

import math

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from evaluation.predictions import PairPredictions
from evaluation.threshold import at_threshold, best_f1, choose, figures
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
    assert found.value == best_f1(dev.cosines, dev.labels) != best_f1(test.cosines, test.labels)
    assert found.to_dict()["test"]["cosine_f1"]["value"] == pytest.approx(
        f1_score(test.labels, test.cosines >= found.value)
    )
