"""Who is stopped early: nobody that is held against the winner."""

from types import SimpleNamespace
from typing import Any

import pytest

from trainers.search import BaselineToItsEnd

BASELINE, OTHER = {"margin": 0.5}, {"margin": 0.7}


def of_search() -> BaselineToItsEnd:
    """The scheduler of a search of four epochs, judged after each."""
    found = BaselineToItsEnd(BASELINE, max_epochs=4, grace_epochs=1)
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
