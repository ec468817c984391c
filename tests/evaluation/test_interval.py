"""Intervals and verdicts against closed forms and repetition."""

import numpy as np
import pytest
from scipy.stats import norm

from evaluation.interval import Interval, drawn_scores, interval
from evaluation.judged import JudgedPairs, JudgedQueries
from evaluation.verdict import choose, compare, verdict


def queries(values: list[float] | np.ndarray, groups: np.ndarray | None = None) -> JudgedQueries:
    found = np.asarray(values, dtype=np.float64)
    own = np.arange(len(found)) if groups is None else groups
    return JudgedQueries(kind="retrieval", groups=own, per_query={"cosine_mrr@10": found})


def width(judged: JudgedQueries) -> float:
    found = interval(0.0, drawn_scores({"model": judged}, seed=0)["model"])
    return found.high - found.low


def test_of_a_mean_it_is_as_wide_as_the_normal_approximation() -> None:
    values = np.random.default_rng(0).uniform(size=400)
    expected = 2 * norm.ppf(0.975) * values.std() / 400**0.5
    assert width(queries(values)) == pytest.approx(expected, rel=0.07)


def test_groups_are_drawn_and_not_rows() -> None:
    values = np.repeat(np.random.default_rng(0).uniform(size=100), 4)
    rows, groups = width(queries(values)), width(queries(values, np.repeat(np.arange(100), 4)))
    assert groups == pytest.approx(2 * rows, rel=0.1)  # four equal rows say no more than one


def test_models_are_drawn_together() -> None:
    values = np.random.default_rng(0).uniform(size=100)
    found = compare({"base": queries(values), "baseline": queries(values + 0.01)}, seed=0)
    difference = found.differences["baseline - base"]
    assert (difference.low, difference.high) == pytest.approx((0.01, 0.01))
    assert found.models["base"].high - found.models["base"].low > 0.05


def test_draws_without_a_positive_are_left_out_and_too_many_of_them_end_the_interval() -> None:
    draws = np.array([0.5, 0.6, np.nan, 0.4])
    assert not np.isnan(interval(0.5, draws).low)
    assert np.isnan(interval(0.5, np.array([0.5, np.nan, np.nan])).low)


def test_the_same_seed_gives_the_same_interval() -> None:
    judged = queries(np.random.default_rng(0).uniform(size=50))
    one, same, other = (drawn_scores({"model": judged}, seed)["model"] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


BASE = np.linspace(0.0, 0.6, 200)
NOISE = np.sin(np.arange(200))
NOISE -= NOISE.mean()


@pytest.mark.parametrize(
    ("baseline", "winner", "chosen", "no_gains"),
    [
        (BASE + 0.2, BASE + 0.3, "winner", 0),
        (BASE + 0.2, BASE + 0.2 + 0.3 * NOISE, "baseline", 1),
        (BASE + 0.2 * NOISE, BASE + 0.2 * NOISE[::-1], "base", 2),
        (BASE + 0.2 * NOISE, BASE + 0.3, "winner", 1),
        (BASE + 0.2, BASE + 0.201 + 0.3 * NOISE, "baseline", 1),
        (BASE + 0.2, BASE - 0.1, "baseline", 1),
    ],
)
def test_a_model_is_kept_only_where_it_is_better_than_what_is_simpler(
    baseline: np.ndarray, winner: np.ndarray, chosen: str, no_gains: int
) -> None:
    models = {"base": queries(BASE), "baseline": queries(baseline), "winner": queries(winner)}
    found = verdict({"dev": models}, seed=0)
    assert (found.chosen, found.gain) == (chosen, chosen == "winner")
    assert found.reason.count("no gain") == no_gains


def test_test_has_no_say() -> None:
    better, worse = (
        {"base": queries(BASE), "baseline": queries(BASE + 0.2)},
        {"base": queries(BASE), "baseline": queries(BASE - 0.2)},
    )
    assert verdict({"dev": better, "test": worse}, seed=0).chosen == "baseline"
    assert verdict({"dev": worse, "test": better}, seed=0).chosen == "base"


def test_what_is_told_to_be_kept_is_kept_and_the_gain_is_said_as_it_is() -> None:
    models = {"base": queries(BASE), "baseline": queries(BASE - 0.1)}
    found = verdict({"dev": models}, seed=0, keep="baseline")
    assert (found.chosen, found.gain) == ("baseline", False)


def test_an_interval_that_touches_zero_is_no_gain() -> None:
    assert not Interval(0.1, 0.0, 0.2).above_zero
    assert Interval(0.1, 1e-9, 0.2).above_zero


def test_the_sentence_names_both_models_and_the_interval() -> None:
    dev = compare({"base": queries(BASE), "baseline": queries(BASE + 0.25)}, seed=0)
    assert choose(dev)[1] == (
        "baseline against base: better (+0.2500 cosine_mrr@10 on dev, 95 % interval +0.2500 to +0.2500)"
    )


def test_precision_and_recall_on_test_are_at_the_threshold_of_dev() -> None:
    dev, test = (
        JudgedPairs(
            kind="binary", groups=np.arange(4), cosines=np.array(cosines), labels=np.array([1.0, 1.0, 0.0, 0.0])
        )
        for cosines in ([0.9, 0.8, 0.2, 0.1], [0.9, 0.4, 0.3, 0.2])
    )
    found = verdict({"dev": {"base": dev}, "test": {"base": test}}, seed=0)
    assert found.splits["test"].scores["base"]["cosine_recall"] == 0.5


def test_pairs_are_scored_in_every_draw() -> None:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 2, 120).astype(float)
    judged = JudgedPairs(
        kind="binary", groups=np.arange(120), cosines=labels * 0.2 + generator.uniform(size=120), labels=labels
    )
    found = compare({"base": judged}, seed=0)
    assert found.models["base"].low < found.scores["base"]["cosine_ap"] < found.models["base"].high
    assert set(found.scores["base"]) == {"cosine_ap", "cosine_roc_auc"}
