"""Who is stopped early: nobody that is held against the winner."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import FIFOScheduler

from trainers.search import BaselineToItsEnd, SearchPlan, scheduler

BASELINE, OTHER = {"margin": 0.5}, {"margin": 0.7}


def a_plan(max_epochs: float, reports_per_epoch: int) -> SearchPlan:
    plan: Any = SimpleNamespace(max_epochs=max_epochs, template=SimpleNamespace(reports_per_epoch=reports_per_epoch))
    return plan


def of_search() -> BaselineToItsEnd:
    """The scheduler of a search of four epochs, judged after each."""
    found = scheduler(a_plan(4, 1), BASELINE)
    assert isinstance(found, BaselineToItsEnd)
    found.set_search_properties("score", "max")
    return found


def decision(asha: BaselineToItsEnd, name: str, config: dict[str, float], score: float) -> str:
    trial: Any = SimpleNamespace(trial_id=name, config=config)
    controller: Any = None
    asha.on_trial_add(controller, trial)
    return asha.on_trial_result(controller, trial, {"epoch": 1.0, "score": score})


@pytest.mark.parametrize(("config", "expected"), [(BASELINE, "CONTINUE"), (OTHER, "STOP")])
def test_a_bad_trial_is_stopped_unless_it_is_the_baseline(config: dict[str, float], expected: str) -> None:
    asha = of_search()
    assert decision(asha, "good", OTHER, 0.9) == "CONTINUE"
    assert decision(asha, "bad", config, 0.1) == expected


def test_the_baseline_counts_for_the_others() -> None:
    asha = of_search()
    assert decision(asha, "baseline", BASELINE, 0.9) == "CONTINUE"
    assert decision(asha, "worse", OTHER, 0.8) == "STOP"


def test_where_dev_is_judged_once_a_trial_nobody_is_stopped() -> None:
    assert isinstance(scheduler(a_plan(1, 1), BASELINE), FIFOScheduler)
