"""What follows from a request before anything runs."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tasks.common.loading import load
from tasks.common.space import Choice, Range
from tests.trainers.cases import BARE_JOB
from trainers.hardware import Hardware
from trainers.request import Request
from trainers.start import job


@pytest.mark.parametrize(
    ("epochs", "judged"),
    [
        (Choice(values=(1,)), [0.25, 0.5, 0.75, 1.0]),
        (Choice(values=(1, 3)), [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),
        (Range(low=1, high=5), [1.0, 2.0, 3.0, 4.0, 5.0]),
    ],
)
def test_dev_is_judged_four_times_in_the_longest_training_at_least(epochs: Choice | Range, judged: list[float]) -> None:
    nothing: Any = None
    task = load("nli")
    asked = Request(
        options=SimpleNamespace(seed=1),  # type: ignore[arg-type]
        task=task,
        pairs=nothing,
        overrides=(),
        space={"epochs": epochs},
        baseline=task.settings,
        model=nothing,
        audit=nothing,
    )
    hardware = Hardware(device="cpu", bf16=False, optimizer="adamw_torch", threads=1)
    template = job(asked, BARE_JOB.data, hardware)
    longest = replace(template, settings={**template.settings, "epochs": epochs.most})
    assert sorted(longest.report_steps().values()) == judged
