"""Test which model a verdict selects, and the reason that it gives."""

import numpy as np
import pytest

from evaluation.comparison import compare
from evaluation.folds import FoldedPredictions
from evaluation.guard import GuardVerdict
from evaluation.predictions import PairPredictions, Predictions
from evaluation.selection import States
from evaluation.verdict import choose, in_folds_of, verdict
from evaluation.yardsticks.evaluate import YardstickPredictions
from tests.evaluation.cases import queries

BASE = np.linspace(0.0, 0.6, 200)
NOISE = np.sin(np.arange(200))
NOISE -= NOISE.mean()


@pytest.mark.parametrize(
    ("baseline", "best", "chosen", "no_gains"),
    [
        (BASE + 0.2, BASE + 0.3, "best", 0),
        (BASE + 0.2, BASE + 0.2 + 0.3 * NOISE, "baseline", 1),
        (BASE + 0.2 * NOISE, BASE + 0.2 * NOISE[::-1], "base", 2),
        (BASE + 0.2 * NOISE, BASE + 0.3, "best", 1),
        (BASE + 0.2, BASE + 0.201 + 0.3 * NOISE, "baseline", 1),
        (BASE + 0.2, BASE - 0.1, "baseline", 1),
    ],
)
def test_a_model_is_kept_only_where_it_is_better_than_what_is_simpler(
    baseline: np.ndarray, best: np.ndarray, chosen: str, no_gains: int
) -> None:
    models = {"base": queries(BASE), "baseline": queries(baseline), "best": queries(best)}
    found = verdict({"dev": models}, seed=0)
    assert (found.chosen, found.gain) == (chosen, chosen == "best")
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


def test_the_sentence_names_both_models_and_the_interval() -> None:
    dev = compare({"base": queries(BASE), "baseline": queries(BASE + 0.25)}, seed=0)
    assert choose(dev)[1] == (
        "baseline against base: better (+0.2500 cosine_mrr@10 on dev, interval +0.2500 to +0.2500)"
    )


def test_a_gain_that_the_best_of_many_has_by_luck_is_none() -> None:
    noise = np.random.default_rng(0).normal(size=(60, 200)) * 0.1
    trials = sorted(noise, key=lambda each: float(each.mean()))
    models = {"base": queries(BASE - 0.3), "baseline": queries(BASE), "best": queries(BASE + trials[-1])}
    others = [queries(BASE + each).predictions for each in noise]
    assert verdict({"dev": models}, seed=0).chosen == "best"  # as if it had been the only one
    found = verdict({"dev": models}, seed=0, states=States(others=others, trials=60))
    assert found.chosen == "baseline"
    assert "no gain" in found.reason
    assert "which holds for all 60 judged states at once" in found.reason


def test_a_gain_that_is_there_is_found_among_many() -> None:
    noise = np.random.default_rng(0).normal(size=(60, 200)) * 0.1
    models = {"base": queries(BASE - 0.3), "baseline": queries(BASE), "best": queries(BASE + 0.05 + noise[0])}
    others = [queries(BASE + 0.05 + each).predictions for each in noise]
    assert verdict({"dev": models}, seed=0, states=States(others=others, trials=60)).chosen == "best"


def test_test_is_not_asked_to_hold_for_all_states() -> None:
    noise = np.random.default_rng(0).normal(size=(61, 200)) * 0.1
    models = {"base": queries(BASE), "baseline": queries(BASE + noise[0])}
    states = States(others=[queries(BASE + each).predictions for each in noise[1:]], trials=60)
    splits = verdict({"dev": models, "test": models}, seed=0, states=states).splits
    dev, test = (splits[name].differences["baseline - base"] for name in ("dev", "test"))
    assert dev.high - dev.low > 1.2 * (test.high - test.low)
    assert (splits["dev"].states, splits["test"].states) == (60, 1)


@pytest.mark.parametrize("number", [1, 2, 3, 5, 9])
def test_few_groups_allow_no_claim(number: int) -> None:
    models = {"base": queries(BASE[:number]), "baseline": queries(BASE[:number] + 0.2)}
    found = verdict({"dev": models}, seed=0)
    assert (found.chosen, found.gain) == ("base", False)
    assert found.reason == f"no gain can be claimed: dev rests on {number} groups, a claim needs 10"
    assert np.isnan(found.splits["dev"].models["base"].low)


def test_rows_of_few_groups_are_still_few_groups() -> None:
    groups = np.repeat(np.arange(4), 50)
    models = {"base": queries(BASE, groups), "baseline": queries(BASE + 0.2, groups)}
    assert verdict({"dev": models}, seed=0).chosen == "base"


def test_precision_and_recall_on_test_are_at_the_threshold_of_dev() -> None:
    dev, test = (
        PairPredictions(
            kind="binary", groups=np.arange(4), cosines=np.array(cosines), labels=np.array([1.0, 1.0, 0.0, 0.0])
        )
        for cosines in ([0.9, 0.8, 0.2, 0.1], [0.9, 0.4, 0.3, 0.2])
    )
    found = verdict({"dev": {"base": dev}, "test": {"base": test}}, seed=0)
    assert found.splits["test"].scores["base"]["cosine_recall"] == 0.5


def test_pairs_are_scored_in_every_draw() -> None:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 2, 120).astype(float)
    judged = PairPredictions(
        kind="binary", groups=np.arange(120), cosines=labels * 0.2 + generator.uniform(size=120), labels=labels
    )
    found = compare({"base": judged}, seed=0)
    assert found.models["base"].low < found.scores["base"]["cosine_ap"] < found.models["base"].high
    assert set(found.scores["base"]) == {"cosine_ap", "cosine_roc_auc"}


def yardsticks(**dev: np.ndarray) -> YardstickPredictions:
    judged: dict[str, Predictions] = {name: queries(values) for name, values in dev.items()}
    return YardstickPredictions(splits={"dev": judged, "test": judged}, seconds=dict.fromkeys(dev, 0.2))


@pytest.mark.parametrize(
    ("words", "beaten", "said"),
    [
        (
            BASE + 0.05 + 0.01 * NOISE,
            True,
            "best beats every yardstick, also words, which takes less than a second: +0.2",
        ),
        (BASE + 0.3 + 0.1 * NOISE, False, "best is not shown to beat the yardstick words"),
        (BASE + 0.35, False, "best is not shown to beat the yardstick words, which takes less than a second: -0.05"),
    ],
)
def test_the_verdict_says_whether_the_best_yardstick_is_beaten(words: np.ndarray, beaten: bool, said: str) -> None:
    models = {"base": queries(BASE), "best": queries(BASE + 0.3)}
    found = verdict({"dev": models, "test": models}, seed=0, yardsticks=yardsticks(words=words, luck=BASE * 0))
    assert found.yardsticks.best == "words"
    assert found.yardsticks.beaten is beaten
    assert found.yardsticks.reason.startswith(said)
    assert found.chosen == "best"


def test_a_yardstick_is_never_chosen_and_changes_no_interval_of_the_models() -> None:
    models = {"base": queries(BASE), "best": queries(BASE + 0.1 * NOISE)}
    alone = verdict({"dev": models}, seed=0)
    beside = verdict({"dev": models}, seed=0, yardsticks=yardsticks(words=BASE + 0.4))
    assert (beside.chosen, beside.reason) == (alone.chosen, alone.reason)
    assert beside.splits["dev"].differences == alone.splits["dev"].differences


def test_a_yardstick_as_good_as_the_best_that_is_not_beaten_for_sure_is_the_one_named() -> None:
    models = {"base": queries(BASE), "best": queries(BASE + 0.3)}
    close = BASE + 0.3 - 0.02 + 0.3 * NOISE
    found = verdict({"dev": models}, seed=0, yardsticks=yardsticks(sure=BASE + 0.285, noisy=close))
    assert found.splits["dev"].yardsticks["sure"].differences["best"].above_zero
    assert not found.splits["dev"].yardsticks["noisy"].differences["best"].above_zero
    assert (found.yardsticks.best, found.yardsticks.beaten) == ("noisy", False)


def test_without_yardsticks_nothing_is_said_of_them() -> None:
    found = verdict({"dev": {"base": queries(BASE)}}, seed=0)
    assert (found.yardsticks.best, found.yardsticks.reason) == (None, "")


def test_a_yardsticks_difference_holds_for_all_states() -> None:
    models = {"base": queries(BASE), "best": queries(BASE + 0.05 + 0.2 * NOISE)}
    noise = np.random.default_rng(1).normal(size=(60, 200)) * 0.2
    others = [queries(BASE + each).predictions for each in noise]
    one, many = (
        verdict({"dev": models}, seed=0, states=states, yardsticks=yardsticks(words=BASE))
        for states in (None, States(others=others, trials=60, reported=60))
    )
    width = [each.splits["dev"].yardsticks["words"].differences["best"] for each in (one, many)]
    assert width[0].high - width[0].low < width[1].high - width[1].low


def test_plain_values_have_every_interval_as_value_low_and_high() -> None:
    models = {"base": queries(BASE), "best": queries(BASE + 0.3)}
    plain = verdict({"dev": models}, seed=0, yardsticks=yardsticks(words=BASE)).to_dict()
    words = plain["splits"]["dev"]["yardsticks"]["words"]
    assert set(words["value"]) == set(words["differences"]["best"]) == {"value", "low", "high"}
    assert plain["yardsticks"]["seconds"] == {"words": 0.2}


def guard(**models: np.ndarray) -> GuardVerdict:
    return GuardVerdict.of("sts.csv", {name: queries(values) for name, values in models.items()}, 0.01, seed=0)


@pytest.mark.parametrize(
    ("baseline", "best", "chosen", "said"),
    [
        (BASE, BASE - 0.1, "baseline", "but it breaks the guard"),
        (BASE - 0.1, BASE, "best", "but it breaks the guard"),
        (BASE - 0.1, BASE - 0.1, "base", "but it breaks the guard"),
        (BASE, BASE, "best", ""),
    ],
)
def test_a_model_that_breaks_the_guard_is_not_selected(
    baseline: np.ndarray, best: np.ndarray, chosen: str, said: str
) -> None:
    models = {"base": queries(BASE), "baseline": queries(BASE + 0.2), "best": queries(BASE + 0.3)}
    found = verdict({"dev": models}, seed=0, guard=guard(base=BASE, baseline=baseline, best=best))
    assert (found.chosen, found.gain) == (chosen, chosen == "best")
    assert said in found.reason
    assert ("breaks" in found.reason) is bool(said)


def test_a_model_after_one_that_breaks_the_guard_is_held_against_the_last_that_was_selected() -> None:
    models = {"base": queries(BASE), "baseline": queries(BASE + 0.3), "best": queries(BASE + 0.2)}
    found = verdict({"dev": models}, seed=0, guard=guard(base=BASE, baseline=BASE - 0.1, best=BASE))
    assert found.chosen == "best"
    assert "best against base: better" in found.reason


def test_a_model_that_is_asked_for_is_kept_even_if_it_breaks_the_guard() -> None:
    models = {"base": queries(BASE), "best": queries(BASE + 0.3)}
    broken = guard(base=BASE, best=BASE - 0.1)
    found = verdict({"dev": models}, seed=0, keep="best", guard=broken)
    assert found.chosen == "best"
    assert found.to_dict()["guard"] == broken.to_dict()


def test_without_a_guard_nothing_is_said_of_one() -> None:
    assert "guard" not in verdict({"dev": {"base": queries(BASE)}}, seed=0).to_dict()


def refined(baseline: np.ndarray, best: np.ndarray, mixed: np.ndarray) -> dict[str, Predictions]:
    return {"base": queries(BASE), "baseline": queries(baseline), "best": queries(best), "soup": queries(mixed)}


@pytest.mark.parametrize(
    ("best", "mixed", "chosen", "gain"),
    [
        (BASE + 0.3, BASE + 0.35, "soup", True),
        (BASE + 0.3, BASE + 0.301 + 0.3 * NOISE, "best", True),
        (BASE + 0.2 + 0.3 * NOISE, BASE + 0.25, "soup", True),  # better than the baseline, which the best is not
        (BASE + 0.2 + 0.3 * NOISE, BASE + 0.2 + 0.2 * NOISE, "baseline", False),
    ],
)
def test_a_refined_model_is_kept_only_where_it_is_better_than_what_is_kept_without_it(
    best: np.ndarray, mixed: np.ndarray, chosen: str, gain: bool
) -> None:
    found = verdict({"dev": refined(BASE + 0.2, best, mixed)}, seed=0)
    assert (found.chosen, found.gain) == (chosen, gain)
    assert "soup against" in found.reason


def test_only_a_refined_model_takes_the_place_of_one_that_is_to_be_kept() -> None:
    better = refined(BASE + 0.2, BASE + 0.1, BASE + 0.15)
    assert verdict({"dev": better}, seed=0, keep="best").chosen == "soup"
    worse = refined(BASE + 0.2, BASE + 0.1, BASE + 0.05)
    assert verdict({"dev": worse}, seed=0, keep="best").chosen == "best"
    assert not verdict({"dev": better}, seed=0, keep="best").gain  # the baseline is better


def test_the_interval_of_a_refined_model_is_wider() -> None:
    dev = verdict({"dev": refined(BASE, BASE + 0.2 * NOISE, BASE + 0.2 * NOISE)}, seed=0).splits["dev"]
    best, soup = (dev.differences[f"{name} - base"] for name in ("best", "soup"))
    assert soup.value == best.value
    assert soup.high - soup.low > 1.05 * (best.high - best.low)


def folded(baseline: np.ndarray, best: np.ndarray) -> FoldedPredictions:
    models = {"base": queries(BASE), "baseline": queries(baseline), "best": queries(best)}
    settings = [models["baseline"].predictions, models["best"].predictions]
    return FoldedPredictions(number=5, predictions=models, settings=settings, rates={"best": {"cosine_f1": 0.5}})


BETTER, SAME = BASE + 0.3, BASE + 0.3 * NOISE


@pytest.mark.parametrize(
    ("dev", "folds", "chosen"), [((BASE, BETTER), (BASE, SAME), "base"), ((BASE, SAME), (BASE, BETTER), "best")]
)
def test_folds_decide_about_the_trained_models_in_place_of_dev(
    dev: tuple[np.ndarray, np.ndarray], folds: tuple[np.ndarray, np.ndarray], chosen: str
) -> None:
    models = {"base": queries(BASE), "baseline": queries(dev[0]), "best": queries(dev[1])}
    found = verdict({"dev": models}, seed=0, folds=folded(*folds))
    assert (found.chosen, found.gain) == (chosen, chosen == "best")
    assert found.reason.startswith("5 folds decide about the settings, not about these weights")
    assert found.folds is not None
    assert (found.folds.states, found.folds.scores["best"]["cosine_f1"]) == (2, 0.5)
    assert found.to_dict()["folds"]["models"]["best"]["value"] == pytest.approx(folds[1].mean())


@pytest.mark.parametrize(("best", "chosen"), [(SAME, "base"), (BETTER, "soup")])
def test_what_is_refined_from_a_best_that_folds_do_not_show_is_not_kept(best: np.ndarray, chosen: str) -> None:
    models = {**refined(BASE, BETTER, BETTER + 0.2)}
    assert verdict({"dev": models}, seed=0, folds=folded(BASE, best)).chosen == chosen


def test_the_interval_of_folds_covers_the_search_before_them() -> None:
    few, many = (
        in_folds_of(folded(BASE, BASE + 0.02 + 0.1 * NOISE), States(trials=trials), seed=0).differences["best - base"]
        for trials in (0, 63)
    )
    assert many.low < few.low


OTHER = BASE + 0.1


@pytest.mark.parametrize(
    ("other", "baseline", "best", "chosen", "gain"),
    [
        (OTHER, BASE + 0.2, BASE + 0.3, "best", True),
        (OTHER, BASE + 0.05, BASE + 0.1, "base two", False),  # training it changed nothing
        (OTHER + NOISE, BASE + 0.05, BASE + 0.1, "baseline", False),  # not shown to be better than its own base
        (BASE + NOISE, BASE - 0.1, BASE + 0.1 + NOISE, "base", False),
        (BASE - 0.2, BASE + 0.1, BASE + 0.2, "best", True),
    ],
)
def test_the_best_also_has_to_be_better_than_its_own_base_model(
    other: np.ndarray, baseline: np.ndarray, best: np.ndarray, chosen: str, gain: bool
) -> None:
    named = {"base": BASE, "base two": other, "baseline": baseline, "best": best}
    found = verdict({"dev": {name: queries(values) for name, values in named.items()}}, seed=0)
    assert (found.chosen, found.gain) == (chosen, gain)
    assert ("and against base two: no gain" in found.reason) == (chosen == "baseline")


def test_so_has_what_is_refined_from_it() -> None:
    named = {"base": BASE, "base two": BASE + 3 * NOISE, "baseline": BASE + 0.1, "best": BASE, "soup": BASE + 0.2}
    found = verdict({"dev": {name: queries(values) for name, values in named.items()}}, seed=0)
    assert found.chosen == "baseline"
    assert "soup against baseline: better" in found.reason


def test_an_untrained_base_model_that_looks_better_by_chance_is_not_chosen() -> None:
    """A search that has no gain to find: the first base model stays in nearly all of them."""
    claims = 0
    for seed in range(100):
        draw = np.random.default_rng(seed)
        one, other, base, best = (draw.normal(size=60) * 0.1 for _ in range(4))
        named = {"base": one, "base two": other, "baseline": base, "best": best}
        models = {name: queries(values) for name, values in named.items()}
        states = States().with_others([models["base two"].predictions])
        claims += verdict({"dev": models}, seed=0, states=states).chosen != "base"
    assert claims <= 6
