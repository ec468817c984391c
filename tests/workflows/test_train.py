"""Test that a single training's record, metrics and state belong together."""

from dataclasses import replace

import pytest

from reporting.trials import TrialRecord
from trainers.job import Report
from workflows.train import SingleRun, after

NOTHING = SingleRun(record=TrialRecord(trial="baseline", settings={}, metric="score", epochs=1), metrics={}, state=None)


def trained_to(*values: float, error: str | None = None) -> SingleRun:
    trained = NOTHING
    for steps, value in enumerate(values, 1):
        times = dict.fromkeys(("start_s", "first_step_s", "train_s"), 1.0)
        metrics = {"score": value, "epoch": float(steps), "steps": steps, **times}
        trained = after(trained, Report(metrics, state=f"state {steps}"))
    return after(trained, Report(error=error)) if error else trained


@pytest.mark.parametrize("values", [(0.3, 0.5, 0.5, 0.4), (float("nan"), 0.5)])
def test_the_first_of_equals_is_kept(values: tuple[float, ...]) -> None:
    trained = trained_to(*values)
    assert (trained.record.value, trained.record.best_steps, trained.record.steps) == (0.5, 2, len(values))
    assert trained.metrics["steps"] == 2
    assert trained.state == "state 2"  # type: ignore[comparison-overlap]
    assert trained.without_gain == len(values) - 2


def test_of_a_training_that_failed_nothing_is_kept() -> None:
    trained = trained_to(0.5, error="loss is nan")
    assert trained == replace(trained, metrics={}, state=None)
    assert (trained.record.state, trained.record.value) == ("failed", None)
