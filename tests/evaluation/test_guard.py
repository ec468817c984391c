"""Test the guard: which model holds, and how a state that does not is compared with others."""

import numpy as np
import pyarrow as pa
import pytest

from common.mistakes import Mistakes
from evaluation.guard import GuardCheck, GuardVerdict, check_guard, lowered, refuse_few_groups
from evaluation.jackknife import Interval
from tests.evaluation.cases import pairs, queries

BASE = np.linspace(0.2, 0.8, 200)
NOISE = np.sin(np.arange(200)) * 0.2
NOISE -= NOISE.mean()


def check(low: float, value: float = 0.0) -> GuardCheck:
    return GuardCheck(score=Interval(0.8, 0.7, 0.9), difference=Interval(value, low, 0.1), limit=0.01)


@pytest.mark.parametrize(
    ("model", "holds"),
    [
        (BASE, True),
        (BASE - 0.009, True),
        (BASE - 0.011, False),
        (BASE + NOISE, False),  # no loss, but not shown to be none
        (BASE + 0.2 + NOISE, True),
    ],
)
def test_a_model_holds_if_the_lower_bound_of_its_difference_is_above_the_limit(model: np.ndarray, holds: bool) -> None:
    checks = check_guard({"base": queries(BASE), "best": queries(model)}, 0.01, seed=0)
    assert checks["base"].holds
    assert checks["best"].holds is holds
    assert checks["best"].difference.value == pytest.approx((model - BASE).mean())


def test_the_limit_is_given() -> None:
    models = {"base": queries(BASE), "best": queries(BASE - 0.05)}
    assert [check_guard(models, limit, seed=0)["best"].holds for limit in (0.04, 0.06)] == [False, True]


def test_without_an_interval_no_model_holds_but_the_base() -> None:
    found = GuardVerdict.of("few", {"base": queries(BASE[:9]), "best": queries(BASE[:9] + 0.1)}, 0.01, seed=0)
    assert found.broken == ("best",)
    assert found.models["best"].excess == 2.0


def test_a_value_is_lowered_by_the_excess_and_below_every_state_that_holds() -> None:
    assert lowered(0.3, check(-0.009), lowest=-1.0) == 0.3
    assert lowered(0.9, check(-0.03), lowest=-1.0) == pytest.approx(0.9 - 0.02 - 2)
    assert lowered(1.0, check(-0.0101), lowest=-1.0) < lowered(-1.0, check(0.0), lowest=-1.0)
    assert lowered(1.0, check(-0.0101), lowest=0.0) < lowered(0.0, check(0.0), lowest=0.0)
    assert lowered(0.9, check(-0.03), lowest=0.0) > lowered(0.9, check(-0.04), lowest=0.0)


def test_the_verdict_counts_pairs_and_groups_and_names_who_breaks_it() -> None:
    labelled = pairs(40)
    found = GuardVerdict.of("g.csv", {"base": labelled, "baseline": pairs(40, seed=1), "best": labelled}, 0.01, seed=0)
    assert (found.metric, found.pairs, found.groups, found.broken) == ("cosine_ap", 40, 20, ("baseline",))
    plain = found.to_dict()
    assert plain["models"]["best"]["holds"]
    assert plain["models"]["best"]["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}


@pytest.mark.parametrize(("positives", "said"), [(9, "rests on 9 groups"), (10, None)])
def test_too_few_groups_for_an_interval_are_refused(positives: int, said: str | None) -> None:
    labels = [float(number < positives) for number in range(30)]
    texts = [f"text {number}" for number in range(30)]
    table = pa.table({"sentence1": texts, "sentence2": texts, "label": labels, "group": texts})
    if said is None:
        refuse_few_groups("g.csv", "binary", table)
        return
    with pytest.raises(Mistakes, match=said):
        refuse_few_groups("g.csv", "binary", table)


def test_a_model_is_held_against_its_own_base_model() -> None:
    models = {"base": queries(BASE), "base two": queries(BASE - 0.3), "best": queries(BASE - 0.3)}
    assert not check_guard(models, 0.01, seed=0)["best"].holds
    found = GuardVerdict.of("g.csv", models, 0.01, 0, {"base two": "base two", "best": "base two"})
    assert found.broken == ()
    assert found.models["best"].difference.value == 0.0
