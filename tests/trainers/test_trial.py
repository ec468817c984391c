"""The Tune trainable, without Tune."""

from types import SimpleNamespace

import pytest

from trainers.job import Report
from trainers.trial import Trial


@pytest.mark.parametrize(("last", "kept"), [(0.6, False), (0.7, True), (0.8, True)])
def test_a_last_state_that_is_not_the_best_is_not_written(last: float, kept: bool) -> None:
    trial = Trial.__new__(Trial)
    trial.template = SimpleNamespace(metric="score")  # type: ignore[assignment]
    trial.reset_config({})
    assert all(trial._kept(Report({"score": value})) for value in (0.7, 0.5))
    assert trial._kept(Report({"score": last}, done=True)) == kept
