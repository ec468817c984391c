"""The job of a request evaluates dev as often in a search as in a single training."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from common.space import Choice, Space
from tasks.common.loading import load
from tests.trainers.cases import BARE_JOB
from trainers.hardware import Hardware
from trainers.job import Job
from workflows.request import Request
from workflows.session import job


def template(space: Space) -> Job:
    """Return the job of every trial of a search, or of a single training."""
    nothing: Any = None
    task = load("nli")
    asked = Request(
        options=SimpleNamespace(seed=1, patience=None),  # type: ignore[arg-type]
        task=task,
        views=nothing,
        space=space,
        first_trials=[{**task.settings, "epochs": space["epochs"].most}],
        bases={},
        audit=nothing,
    )
    return job(asked, BARE_JOB.data, Hardware(device="cpu", bf16=False, optimizer="adamw_torch", threads=1))


@pytest.mark.parametrize(
    ("epochs", "judged"),
    [
        (1, [0.25, 0.5, 0.75, 1.0]),
        (2, [0.5, 1.0, 1.5, 2.0]),
        (3, [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),
        (5, [1.0, 2.0, 3.0, 4.0, 5.0]),
    ],
)
def test_dev_is_judged_four_times_at_least_and_in_a_search_as_in_a_single_training(
    epochs: int, judged: list[float]
) -> None:
    for values in ((epochs,), (1, 2, 3, 5, 10)):
        searched = template({"epochs": Choice(values=values)})
        trial = replace(searched, settings={**searched.settings, "epochs": epochs})
        assert sorted(trial.report_steps().values()) == judged
