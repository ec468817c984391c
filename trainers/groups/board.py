"""How far the running trainings are and where the groups' time goes: workers tell, the driver asks."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import ray


class Progress(NamedTuple):
    """Of one training."""

    step: int
    rows: int
    """Pairs trained on so far."""
    seconds: float
    """Since the first message, after which `first_rows` had been trained on."""
    first_rows: int


PHASES = {"setup_s": "starting", "train_s": "training", "evaluate_s": "evaluating", "checkpoint_s": "checkpointing"}
"""A training's own seconds -> the phase of its worker group. Checkpointing includes the search's decision."""
IDLE = "idle"
"""What no worker counted: waiting for the next trial, and whatever lies between trials."""


class _ProgressBoard:
    """Latest progress of every training, and the time that every worker group has spent in each phase."""

    def __init__(self) -> None:
        self.trainings: dict[str, tuple[float, Progress]] = {}
        self.base_scores: dict[str, float] = {}
        self.spent: dict[str, dict[str, dict[str, float]]] = {}

    def step_taken(self, training: str, step: int, rows_per_step: int) -> None:
        """Called by rank 0 every few steps, without waiting for the answer."""
        now, rows = time.monotonic(), step * rows_per_step
        began, earlier = self.trainings.get(training, (now, None))
        first_rows = earlier.first_rows if earlier else rows
        self.trainings[training] = began, Progress(step, rows, now - began, first_rows)

    def time_spent(self, group: str, generation: str, seconds: dict[str, float]) -> None:
        """Seconds per phase since this generation of the group began; a lost generation's last word stays."""
        self.spent.setdefault(group, {})[generation] = seconds

    def group_seconds(self) -> dict[str, dict[str, float]]:
        """Group -> phase -> seconds over all its generations."""
        return {
            group: {phase: sum(each.get(phase, 0.0) for each in spent.values()) for phase in PHASES.values()}
            for group, spent in self.spent.items()
        }

    def set_base_scores(self, scores: dict[str, float]) -> None:
        """Dev metrics of the base model, known long before its trial's first report."""
        self.base_scores = scores

    def get_base_scores(self) -> dict[str, float]:
        """Dev metrics of the base model; empty until they are known."""
        return self.base_scores

    def all(self) -> dict[str, Progress]:
        """Training -> progress."""
        return {training: progress for training, (_, progress) in self.trainings.items()}


ProgressBoard: Any = ray.remote(num_cpus=0)(_ProgressBoard)


def group_times(board: Any, began: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Group -> phase -> seconds, idle included, so that each group's phases add up to its life so far.

    Args:
        began: group -> time.monotonic() at which its start began.
    """
    told, now = ray.get(board.group_seconds.remote()), time.monotonic()
    times: dict[str, dict[str, float]] = {}
    for group, since in began.items():
        phases = told.get(group, {**dict.fromkeys(PHASES.values(), 0.0), PHASES["setup_s"]: now - since})
        times[group] = {**phases, IDLE: max(0.0, now - since - sum(phases.values()))}
    return times


def seconds_left(progress: dict[str, Progress], total_rows: float, rows_done: float, concurrent: int) -> float | None:
    """Seconds to go at the pace so far, or None before there is a pace.

    Every trial trains on the same number of pairs whatever its batch size, so pairs measure how far a search is.
    `rows_done` counts an ended trial whole, as what it did not train on will not be.
    """
    seconds = sum(each.seconds for each in progress.values())
    rows = sum(each.rows - each.first_rows for each in progress.values())
    if seconds < 1 or rows <= 0:
        return None
    return max(0.0, total_rows - rows_done) / (rows / seconds) / max(1, concurrent)
