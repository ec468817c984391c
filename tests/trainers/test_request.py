"""What follows from a request before anything runs."""

from types import SimpleNamespace
from typing import Any

import pytest

from tasks.common.space import Choice, Range
from trainers.request import Request


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [(Choice(values=(1,)), 4), (Choice(values=(1, 3)), 2), (Range(low=1, high=10), 1)],
)
def test_dev_is_judged_four_times_in_the_longest_training_at_least(epochs: Choice | Range, expected: int) -> None:
    asked: Any = SimpleNamespace(space={"epochs": epochs})
    assert Request.reports_per_epoch.fget(asked) == expected  # type: ignore[attr-defined]
