"""Who is stopped early: nobody that is held against the winner, and with fifo nobody."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler

from reporting.run_folder import RunFolder
from tasks.common.space import Choice
from trainers.options import Options
from trainers.search import scheduler
from trainers.search_plan import SearchPlan

BASELINE, OTHER = {"margin": 0.5}, {"margin": 0.7}


def of_search(epochs: float = 4, reports_per_epoch: int = 1, **asked: Any) -> TrialScheduler:
    """The scheduler of a search of four epochs, judged after each."""
    options = Options(task="t", data="d", run="r", base_model="b", **asked)
    template = SimpleNamespace(reports_per_epoch=reports_per_epoch)
    started: Any = SimpleNamespace(template=template, groups=[], board=None)
    request: Any = SimpleNamespace(options=options, space={"epochs": Choice(values=(epochs,))}, baseline=BASELINE)
    made = scheduler(SearchPlan.of(request, RunFolder("r"), started), BASELINE)
    made.set_search_properties("score", "max")
    return made


def decision(asha: TrialScheduler, name: str, config: dict[str, float], score: float, epoch: float = 1.0) -> str:
    trial: Any = SimpleNamespace(trial_id=name, config=config)
    controller: Any = None
    asha.on_trial_add(controller, trial)
    return asha.on_trial_result(controller, trial, {"epoch": epoch, "score": score})


@pytest.mark.parametrize(("config", "expected"), [(BASELINE, "CONTINUE"), (OTHER, "STOP")])
def test_a_bad_trial_is_stopped_unless_it_is_the_baseline(config: dict[str, float], expected: str) -> None:
    asha = of_search()
    assert decision(asha, "good", OTHER, 0.9) == "CONTINUE"
    assert decision(asha, "bad", config, 0.1) == expected


def test_the_baseline_counts_for_the_others() -> None:
    asha = of_search()
    assert decision(asha, "baseline", BASELINE, 0.9) == "CONTINUE"
    assert decision(asha, "worse", OTHER, 0.8) == "STOP"


def test_a_search_of_one_epoch_stops_a_bad_trial_at_its_first_judgement() -> None:
    asha = of_search(epochs=1, reports_per_epoch=4)
    assert decision(asha, "good", OTHER, 0.9, epoch=0.25) == "CONTINUE"
    assert decision(asha, "bad", OTHER, 0.1, epoch=0.25) == "STOP"


def test_with_fifo_a_bad_trial_goes_on() -> None:
    fifo = of_search(scheduler="fifo")
    assert decision(fifo, "good", OTHER, 0.9) == "CONTINUE"
    assert decision(fifo, "bad", OTHER, 0.1) == "CONTINUE"
