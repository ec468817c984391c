"""Test that a claim holds for the best of all states that were evaluated on dev."""

import numpy as np
import pytest
from scipy.stats import t

from evaluation import selection
from evaluation.comparison import compare
from evaluation.jackknife import ERROR
from evaluation.predictions import PairPredictions, QueryPredictions
from evaluation.selection import States, error_of, largest_t, sample_of, score_pseudo_values
from tests.evaluation.cases import pairs, queries

RNG = np.random.default_rng(3)
BASE = RNG.uniform(0.2, 0.6, size=200)


def noisy(number: int, seed: int = 0) -> list[QueryPredictions]:
    """Return models as good as the base, each better on some queries and worse on others."""
    noise = np.random.default_rng(seed).normal(size=(number, 200)) * 0.1
    return [queries(BASE + each) for each in noise]


def test_one_difference_alone_needs_students_t() -> None:
    pseudo = np.random.default_rng(0).normal(size=(100, 1))
    assert largest_t(pseudo, 0, ERROR) == pytest.approx(t.ppf(1 - ERROR, 99), rel=0.05)


def test_more_states_need_more_and_the_same_state_again_does_not() -> None:
    pseudo = np.random.default_rng(0).normal(size=(100, 60))
    one, many = largest_t(pseudo[:, :1], 0, ERROR), largest_t(pseudo, 0, ERROR)
    assert many > one + 0.8
    assert largest_t(np.repeat(pseudo[:, :1], 60, axis=1), 0, ERROR) == pytest.approx(one)


def test_many_states_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pseudo = np.random.default_rng(0).normal(size=(30, 40))
    whole = largest_t(pseudo, 0, ERROR)
    monkeypatch.setattr(selection, "STATES_AT_ONCE", 7)
    assert largest_t(pseudo, 0, ERROR) == whole


def test_so_few_groups_that_equal_signs_are_no_rarity_allow_no_claim() -> None:
    assert largest_t(np.ones((4, 1)), 0, ERROR) == float("inf")
    assert largest_t(np.ones((12, 1)), 0, ERROR) < 10


def test_a_score_that_is_not_defined_without_a_group_allows_no_claim() -> None:
    assert largest_t(np.array([[0.1], [np.nan], [0.2]]), 0, ERROR) == float("inf")


def test_equal_predictions_are_no_difference() -> None:
    models = {"base": queries(BASE), "baseline": queries(BASE)}
    assert np.isfinite(States().standard_errors(models, 0)["base"])


def test_pseudo_values_of_a_mean_are_its_values() -> None:
    pseudo = score_pseudo_values([queries(BASE[:50])], seed=0)[:, 0]  # the blocks come in an order of their own
    np.testing.assert_allclose(np.sort(pseudo), np.sort(BASE[:50]))


def test_states_of_other_trials_count_against_base_and_baseline() -> None:
    baseline, *others = noisy(40)
    models = {"base": queries(BASE), "baseline": baseline, "best": others[0]}
    kept = [state.predictions for state in others]
    alone = States().standard_errors(models, 0)
    among = States(baseline=[baseline.predictions], others=kept, trials=39).standard_errors(models, 0)
    assert among["base"] > alone["base"] + 0.5
    assert among["baseline"] > alone["baseline"] + 0.5


def test_states_of_the_baseline_count_against_the_base_alone() -> None:
    baseline, best, *more = noisy(30)
    models = {"base": queries(BASE), "baseline": baseline, "best": best}
    states = States(baseline=[state.predictions for state in more])
    alone, among = States().standard_errors(models, 0), states.standard_errors(models, 0)
    assert among["base"] > alone["base"] + 0.3
    assert among["baseline"] == alone["baseline"]


def test_what_is_tried_after_the_search_counts_as_further_looks_at_dev() -> None:
    best, *more = noisy(30)
    models = {"base": queries(BASE), "best": best}
    states = States().with_others([each.predictions for each in more])
    assert states.number == 29
    assert states.standard_errors(models, 0)["base"] > States().standard_errors(models, 0)["base"] + 0.3
    assert states.standard_errors(models, 0) == States(others=states.others).standard_errors(models, 0)


def test_judgements_whose_predictions_are_lost_cost_as_much_as_can_be() -> None:
    baseline, best, *more = noisy(30)
    models = {"base": queries(BASE), "baseline": baseline, "best": best}
    known = [state.predictions for state in more]
    whole = States(others=known, trials=29, reported=28).standard_errors(models, 0)
    lost = States(others=[*known[:5], known[0][:7]], trials=29, reported=28).standard_errors(models, 0)
    assert lost["baseline"] >= whole["baseline"]
    assert lost["baseline"] == pytest.approx(t.ppf(1 - error_of(29) / 28, 99))


def test_little_better_on_most_and_much_worse_on_few_is_no_gain() -> None:
    """Of such differences with a mean of 0, plain t statistics call one in fifteen a gain."""
    claims = 0
    for seed in range(300):
        values = 1 - np.random.default_rng(seed).exponential(size=30)
        models = {"base": queries(np.full(30, 0.5)), "baseline": queries(0.5 + 0.05 * values)}
        dev = compare(models, seed=0, errors=States().standard_errors(models, 0))
        claims += dev.differences["baseline - base"].above_zero
    assert claims / 300 <= 0.05


def test_a_search_is_asked_for_more_the_more_its_sampler_has_seen() -> None:
    assert error_of(0) == ERROR
    assert error_of(1) > error_of(15) > error_of(63) > ERROR / 5


def test_the_sample_is_the_same_for_every_model_and_holds_every_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MOST_ITEMS", 60)
    groups = np.r_[np.zeros(400, int), np.repeat(np.arange(1, 13), 50)]  # one of them is large
    model, other = queries(np.linspace(0, 1, 1000), groups), queries(np.linspace(1, 0, 1000), groups)
    items = sample_of(model, seed=1)
    assert len(set(items)) == len(items) == 60
    assert len(set(groups[items])) >= 10
    np.testing.assert_array_equal(items, sample_of(other, seed=1))
    assert len(sample_of(queries(np.zeros(60)), seed=1)) == 60


@pytest.mark.parametrize("rare", [0.0, 1.0])
def test_the_sample_holds_the_rarer_label(rare: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MOST_ITEMS", 60)
    labels = np.where(np.arange(1000) < 20, rare, 1 - rare)
    model = PairPredictions(kind="binary", groups=np.arange(1000), cosines=np.zeros(1000), labels=labels)
    items = sample_of(model, seed=1)
    assert set(range(20)) <= set(items.tolist())
    assert len(items) == 60


def test_states_of_a_sample_are_held_against_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "MOST_ITEMS", 60)
    models = {"base": pairs(200), "baseline": pairs(200, seed=1)}
    items = sample_of(models["base"], seed=4)
    states = States(baseline=[pairs(200, seed=seed).predictions[items] for seed in range(5)])
    assert np.isfinite(states.standard_errors(models, 4)["base"])


def test_every_trained_state_counts_against_another_base_model_too_and_that_one_against_the_first() -> None:
    baseline, best, other, *more = noisy(30)
    models = {"base": queries(BASE), "base two": other, "baseline": baseline, "best": best}
    states = States(baseline=[state.predictions for state in more])
    alone, among = States().standard_errors(models, 0), states.standard_errors(models, 0)
    assert among["base two"] > alone["base two"] + 0.3
    assert among["baseline"] == alone["baseline"]
    without = {name: own for name, own in models.items() if name != "base two"}
    assert alone["base"] > States().standard_errors(without, 0)["base"]
