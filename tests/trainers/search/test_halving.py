"""Test which trials are stopped early, and that the baseline is never one of them."""

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler

from common.space import Choice, Range, Space
from tests.trainers.cases import BARE_JOB
from tests.trainers.search.cases import BASELINE, plan
from tokens.tokenized import TokenizedPairs
from trainers.search.halving import first_rung
from trainers.search.tuner import scheduler

OTHER = {"margin": 0.7}


def of_search(
    *values: float, warmup: tuple[float, float] = (0.0, 0.2), name: str = "asha", **more: Any
) -> TrialScheduler:
    """Return the scheduler of a search over trainings of these epochs."""
    space: Space = {"epochs": Choice(values=values), "warmup_ratio": Range(low=warmup[0], high=warmup[1])}
    first = {**BASELINE, "epochs": values[0], "warmup_ratio": warmup[0]}
    made = scheduler(plan(space=space, scheduler=name, first_trials=[first], **more), BASELINE)
    made.set_search_properties("score", "max")
    return made


class Trials:
    """Report trials to a scheduler as Tune does."""

    def __init__(self, scheduler: TrialScheduler) -> None:
        self.scheduler, self.known = scheduler, set[str]()

    def at(self, epoch: float, name: str, score: float, config: Mapping[str, Any] = OTHER) -> str:
        trial: Any = SimpleNamespace(trial_id=name, config=config)
        controller: Any = None
        if name not in self.known:
            self.scheduler.on_trial_add(controller, trial)
            self.known.add(name)
        return str(self.scheduler.on_trial_result(controller, trial, {"epoch": epoch, "score": score}))


@pytest.mark.parametrize(("config", "expected"), [(BASELINE, "CONTINUE"), (OTHER, "STOP")])
def test_a_bad_trial_is_stopped_unless_it_is_the_baseline(config: dict[str, float], expected: str) -> None:
    trials = Trials(of_search(4))
    assert trials.at(1, "good", 0.9) == "CONTINUE"
    assert trials.at(1, "bad", 0.1, config) == expected


def test_the_baseline_counts_for_the_others() -> None:
    trials = Trials(of_search(4))
    assert trials.at(1, "baseline", 0.9, BASELINE) == "CONTINUE"
    assert trials.at(1, "worse", 0.8) == "STOP"


def test_trials_of_other_epochs_are_not_compared() -> None:
    trials = Trials(of_search(2, 4))
    long, short = {**OTHER, "epochs": 4.0}, {**OTHER, "epochs": 2.0}
    assert trials.at(1, "good", 0.9, long) == "CONTINUE"
    assert trials.at(1, "of half the epochs", 0.1, short) == "CONTINUE"
    assert trials.at(1, "bad", 0.1, long) == "STOP"


@pytest.mark.parametrize(
    ("epochs", "warmup", "spared", "stopped"),
    [
        (1, (0.0, 0.2), [], 0.25),
        (1, (0.0, 0.3), [0.25], 0.5),
        (1, (0.0, 0.25), [0.25], 0.5),
        (1, (0.6, 0.8), [0.25, 0.5, 0.75], None),
        (2, (0.0, 0.2), [0.5], 1.0),
        (4, (0.0, 0.3), [1.0], 2.0),
        (10, (0.0, 0.05), [], 1.0),
        (10, (0.0, 0.3), [1.0, 2.0, 3.0], 4.0),
    ],
)
def test_no_trial_is_stopped_within_the_longest_warmup_nor_before_a_full_epoch_of_several(
    epochs: float, warmup: tuple[float, float], spared: list[float], stopped: float | None
) -> None:
    trials = Trials(of_search(epochs, warmup=warmup))
    for epoch in spared:
        assert trials.at(epoch, "good", 0.9) == trials.at(epoch, "bad", 0.1) == "CONTINUE"
    if stopped:
        assert trials.at(stopped, "good", 0.9) == "CONTINUE"
        assert trials.at(stopped, "bad", 0.1) == "STOP"


def test_with_fifo_a_bad_trial_goes_on() -> None:
    trials = Trials(of_search(4, name="fifo"))
    assert trials.at(1, "good", 0.9) == "CONTINUE"
    assert trials.at(1, "bad", 0.1) == "CONTINUE"


@pytest.mark.parametrize(
    ("epochs", "reports", "warmup", "expected"),
    [(1.0, 4, 0.0, 0.25), (1.0, 4, 0.25, 0.5), (1.0, 1, 0.0, 1.0), (4.0, 1, 0.3, 2.0), (4.0, 16, 0.3, 1.25)],
)
def test_the_first_rung_is_the_first_evaluation_after_warmup_and_an_epoch_of_several(
    epochs: float, reports: int, warmup: float, expected: float
) -> None:
    settings = {**BARE_JOB.settings, "epochs": epochs}
    data = replace(BARE_JOB.data, train={"cosine": TokenizedPairs(num_rows=800)})
    assert first_rung(replace(BARE_JOB, settings=settings, reports=reports, data=data), warmup) == expected


def test_trials_are_compared_with_those_that_the_budget_gives_as_many_epochs() -> None:
    trials = Trials(of_search(10, epochs={"cosine": 2.0}))
    cosine, other = [{**OTHER, "loss": loss} for loss in ("cosine", "angle")]
    assert trials.at(1, "good", 0.9, other) == "CONTINUE"
    assert trials.at(1, "of fewer epochs", 0.1, cosine) == "CONTINUE"
    assert trials.at(1, "of as many", 0.05, {**cosine, "margin": 0.8}) == "STOP"
