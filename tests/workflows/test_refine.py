"""Test which mixtures of weights are tried, and which one dev chooses."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tests.evaluation.cases import queries
from trainers.job import EvaluationJob
from trainers.mixture import Weights
from workflows import refine
from workflows.refine import Refined, Refinement

DEV = EvaluationJob(trial="", kind="retrieval", splits={"dev": []})


def weights(value: float) -> Weights:
    return {"layer": np.array([value], np.float32)}


@pytest.fixture
def refinement(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Refinement]:
    """Return a function that makes a Refinement whose score on dev is a function of the only weight."""

    def make(score: Callable[[float], float], groups: int = 2, budget_s: float = 60.0) -> Refinement:
        def evaluate(_: Any, models: Mapping[str, Any], job: EvaluationJob, __: Any) -> Any:
            assert len(models) <= groups
            values = {name: score(float(state.weights["layer"][0])) for name, state in models.items()}
            return {"dev": {name: queries([value]) for name, value in values.items()}}, None

        monkeypatch.setattr(refine, "evaluate_models", evaluate)
        return Refinement([None] * groups, DEV, budget_s, lambda line: None)  # type: ignore[list-item]

    return make


def near(target: float) -> Callable[[float], float]:
    return lambda weight: round(1 - abs(weight - target), 4)


def interpolated(made: Refinement) -> Refined:
    return made.interpolated("best", weights(1.0), weights(0.0), before=0.5)


@pytest.mark.parametrize("groups", [1, 2, 7])
def test_dev_chooses_the_fraction_of_the_base_model(refinement: Callable[..., Refinement], groups: int) -> None:
    found = interpolated(refinement(near(0.7), groups))
    assert found.parts == {"best": 0.7, "base": 0.3}
    assert found.state is not None
    assert found.state.weights["layer"] == pytest.approx(0.7)
    assert found.tried == {"0.1 base": 0.8, "0.2 base": 0.9, "0.3 base": 1.0, "0.4 base": 0.9, "0.5 base": 0.8}
    assert len(found.judged) == 5


def test_a_mixture_that_raises_nothing_is_told_and_no_model(refinement: Callable[..., Refinement]) -> None:
    found = interpolated(refinement(lambda weight: 0.5))
    assert (found.parts, found.state, len(found.tried), len(found.judged)) == ({}, None, 5, 5)


@pytest.mark.parametrize(("broken", "parts"), [(False, {"best": 0.8, "base": 0.2}), (True, {"best": 0.5, "base": 0.5})])
def test_a_mixture_that_breaks_the_guard_is_never_chosen_and_one_that_holds_may_score_less_than_a_broken_best(
    refinement: Callable[..., Refinement], monkeypatch: pytest.MonkeyPatch, broken: bool, parts: dict[str, float]
) -> None:
    most = 0.55 if broken else 0.85
    made = refinement(lambda weight: weight)
    judge = made._judge
    monkeypatch.setattr(
        made, "_judge", lambda states: [each._replace(holds=each.score < most) for each in judge(states)]
    )
    found = made.interpolated("best", weights(1.0), weights(0.0), before=0.75, broken=broken)
    assert found.parts == pytest.approx(parts)
    assert made.interpolated("best", weights(1.0), weights(0.0), before=0.95, broken=False).state is None


def test_nothing_is_tried_when_the_time_is_over(refinement: Callable[..., Refinement]) -> None:
    found = interpolated(refinement(near(0.7), budget_s=-1.0))
    assert (found.tried, found.state) == ({}, None)


def soup(made: Refinement, before: float, *values: float) -> Refined:
    return made.soup("best", {f"t{n}": lambda value=value: weights(value) for n, value in enumerate(values)}, before)  # type: ignore[misc]


def test_a_trial_joins_the_average_if_the_score_does_not_fall(refinement: Callable[..., Refinement]) -> None:
    found = soup(refinement(near(0.5)), 0.9, 0.6, 0.9, 0.4, 0.5)
    assert found.parts == {"t0": pytest.approx(1 / 3), "t2": pytest.approx(1 / 3), "t3": pytest.approx(1 / 3)}
    assert found.state is not None
    assert found.state.weights["layer"] == pytest.approx(0.5)
    assert list(found.tried) == ["with t1", "with t2", "with t3"]


def test_an_average_that_raises_nothing_is_no_model(refinement: Callable[..., Refinement]) -> None:
    found = soup(refinement(lambda weight: 0.4), 0.4, 0.6, 0.4)
    assert (found.parts, found.state, found.tried) == ({}, None, {"with t1": 0.4})


def test_a_state_that_cannot_be_read_costs_no_more_than_its_part(refinement: Callable[..., Refinement]) -> None:
    def damaged() -> Weights:
        raise EOFError("half a file")

    trials = {"t0": lambda: weights(0.6), "t1": damaged, "t2": lambda: weights(0.4)}
    found = refinement(near(0.5)).soup("best", trials, 0.9)
    assert found.parts == {"t0": 0.5, "t2": 0.5}
