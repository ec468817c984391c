"""Test the lower bounds of precision against scipy, and the choice of a threshold against pairs of known precision."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from evaluation.jackknife import ERROR
from evaluation.predictions import PairPredictions
from evaluation.sure_precision import fewest_groups, precisions

APART = 3.0
"""Distance of the mean score of pairs labelled 1 from that of the others, in standard deviations."""


def drawn(number: int, in_group: int = 1, alike: float = 0.0, seed: int = 0) -> PairPredictions:
    """Return pairs, half of them labelled 1, with normal scores; those of one group are `alike` (their correlation)."""
    draw = np.random.default_rng(seed)
    groups = np.arange(number) // in_group
    labels = (draw.uniform(size=number) < 0.5).astype(float)
    noise = np.sqrt(alike) * draw.normal(size=number)[groups] + np.sqrt(1 - alike) * draw.normal(size=number)
    return PairPredictions(kind="binary", groups=groups, cosines=APART * labels + noise, labels=labels)


def test_the_bound_of_single_pairs_is_that_of_clopper_and_pearson() -> None:
    pairs = drawn(400)
    found = precisions(pairs, seed=0)
    bounds = found.bounds(ERROR)
    for index in (150, 199, 230, 260, 300):
        above = pairs.cosines >= found.cosines[index]
        right, number = int(pairs.labels[above].sum()), int(above.sum())
        exact = binomtest(right, number, alternative="greater").proportion_ci(1 - ERROR, "exact").low
        assert found.values[index] == pytest.approx(right / number)
        assert bounds[index] == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(("in_group", "effective"), [(1, 150), (4, 38)])
def test_faultless_pairs_count_as_many_as_their_groups(in_group: int, effective: int) -> None:
    cosines, labels = np.linspace(1, 0, 400), np.repeat([1.0, 0.0], 200)
    groups = np.arange(400) // in_group
    found = precisions(PairPredictions(kind="binary", groups=groups, cosines=cosines, labels=labels), seed=0)
    assert (found.values[149], found.groups[149]) == (1.0, effective)
    assert found.effective[149] == effective
    assert found.bounds(ERROR)[149] == pytest.approx(ERROR ** (1 / effective))


def test_a_pair_of_two_groups_counts_with_whichever_are_fewer() -> None:
    pairs = drawn(200)
    joined = PairPredictions(
        kind="binary",
        groups=pairs.groups,
        other_groups=200 + pairs.groups // 20,
        cosines=pairs.cosines,
        labels=pairs.labels,
    )
    assert precisions(joined, seed=0).groups.max() == 10


def test_independent_pairs_of_two_groups_count_whole() -> None:
    """Each false pair lies in two groups; the sum over groups has it twice."""
    draw = np.random.default_rng(0)
    true, false = np.arange(400), draw.permutation(400)
    labels = np.repeat([1.0, 0.0], 400)
    pairs = PairPredictions(
        kind="binary",
        groups=np.concatenate([true, true]),
        other_groups=np.concatenate([true, false]),
        cosines=3.0 * labels + draw.normal(size=800),
        labels=labels,
    )
    found = precisions(pairs, seed=0)
    many = (found.values < 0.95) & (found.values > 0.6)
    assert np.median(found.effective[many] / found.numbers[many]) > 0.7


def test_fewer_than_ten_groups_make_nothing_sure() -> None:
    pairs = drawn(180, in_group=20)
    assert precisions(pairs, seed=0).bounds(ERROR).max() == 0.0
    assert precisions(pairs, seed=0).lowest_sure(0.1) is None


@pytest.mark.parametrize("share", [0.5, 0.9, 0.98])
def test_the_fewest_groups_are_just_enough(share: float) -> None:
    for groups, met in ((fewest_groups(share), True), (fewest_groups(share) - 1, False)):
        cosines, labels = np.repeat([0.9, 0.1], groups), np.repeat([1.0, 0.0], groups)
        pairs = PairPredictions(kind="binary", groups=np.arange(2 * groups), cosines=cosines, labels=labels)
        assert (precisions(pairs, seed=0).bounds(ERROR).max() >= share) == met


@pytest.mark.parametrize(("in_group", "alike"), [(1, 0.0), (4, 0.5)])
def test_the_true_precision_is_below_the_share_in_fewer_than_one_of_forty_draws(in_group: int, alike: float) -> None:
    """The lowest threshold whose precision on dev has that value is wrong in half of the draws."""
    chosen: list[float] = []
    by_value: list[float] = []
    for seed in range(60):
        found = precisions(drawn(600, in_group, alike, seed), seed)
        if sure := found.lowest_sure(0.9):
            chosen.append(sure.cosine)
            assert found.bounds(ERROR)[found.cosines == sure.cosine] > sure.bound >= 0.9
        by_value.append(float(found.cosines[np.flatnonzero(found.values >= 0.9)[-1]]))
    assert len(chosen) > 54
    assert sum(true_precision(lowest) < 0.9 for lowest in chosen) <= 1
    assert sum(true_precision(lowest) < 0.9 for lowest in by_value) > 20


def true_precision(threshold: float) -> float:
    right, wrong = norm.sf(threshold - APART), norm.sf(threshold)
    return float(right / (right + wrong))
