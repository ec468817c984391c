"""Hold the progress of trainings and the time of each group by phase: workers write it, the driver reads it."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import ray

from trainers.groups.actors import Method


class Progress(NamedTuple):
    """Progress of one training."""

    step: int
    rows: int
    """Pairs trained on so far."""
    seconds: float
    """Since the first report, when `first_rows` had been trained on."""
    first_rows: int


PHASES = {"setup_s": "starting", "train_s": "training", "evaluate_s": "evaluating", "checkpoint_s": "checkpointing"}
"""A training's own seconds -> the phase of its worker group. Checkpointing includes the search's decision."""
IDLE = "idle"
"""The phase of all time that no worker counted, such as waiting for the next trial."""


class BoardActor(Protocol):
    """A handle of the board of progress."""

    step_taken: Method[[str, int, int], None]
    time_spent: Method[[str, str, dict[str, float]], None]
    group_seconds: Method[[], Mapping[str, Mapping[str, float]]]
    set_base_scores: Method[[dict[str, float]], None]
    get_base_scores: Method[[], dict[str, float]]
    all: Method[[], dict[str, Progress]]


class _ProgressBoard:
    """Hold the latest progress of every training and the time of every worker group in each phase."""

    def __init__(self) -> None:
        self.trainings: dict[str, tuple[float, Progress]] = {}
        self.base_scores: dict[str, float] = {}
        self.spent: dict[str, dict[str, dict[str, float]]] = {}

    def step_taken(self, training: str, step: int, rows_per_step: int) -> None:
        """Record a step. Rank 0 calls this every few steps without waiting for the answer."""
        now, rows = time.monotonic(), step * rows_per_step
        began, earlier = self.trainings.get(training, (now, None))
        first_rows = earlier.first_rows if earlier else rows
        self.trainings[training] = began, Progress(step, rows, now - began, first_rows)

    def time_spent(self, group: str, generation: str, seconds: dict[str, float]) -> None:
        """Record the seconds of each phase since this generation of the group began.

        The last record of a lost generation stays.
        """
        self.spent.setdefault(group, {})[generation] = seconds

    def group_seconds(self) -> dict[str, dict[str, float]]:
        """Return group -> phase -> seconds over all its generations."""
        return {
            group: {phase: sum(seconds.get(phase, 0.0) for seconds in spent.values()) for phase in PHASES.values()}
            for group, spent in self.spent.items()
        }

    def set_base_scores(self, scores: dict[str, float]) -> None:
        """Record the base model's metrics on dev; they are known long before a trial's first report."""
        self.base_scores = scores

    def get_base_scores(self) -> dict[str, float]:
        """Return the base model's metrics on dev; empty until they are known."""
        return self.base_scores

    def all(self) -> dict[str, Progress]:
        """Return training -> progress."""
        return {training: progress for training, (_, progress) in self.trainings.items()}


ProgressBoard: Any = ray.remote(num_cpus=0)(_ProgressBoard)


def group_times(board: BoardActor, began: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return group -> phase -> seconds, idle included: the phases of a group add up to its life so far.

    Args:
        board: a ProgressBoard actor.
        began: group -> time.monotonic() at which its start began.
    """
    spent, now = ray.get(board.group_seconds.remote()), time.monotonic()
    times: dict[str, dict[str, float]] = {}
    for group, since in began.items():
        phases = spent.get(group, {**dict.fromkeys(PHASES.values(), 0.0), PHASES["setup_s"]: now - since})
        times[group] = {**phases, IDLE: max(0.0, now - since - sum(phases.values()))}
    return times


def seconds_left(progress: dict[str, Progress], total_rows: float, rows_done: float, concurrent: int) -> float | None:
    """Estimate the seconds to go at the pace so far; None before there is a pace.

    Every trial trains on the same number of pairs whatever its batch size, so pairs measure how far a search is.
    `rows_done` counts an ended trial as a whole one: the rest of it will not be trained.
    """
    seconds = sum(training.seconds for training in progress.values())
    rows = sum(training.rows - training.first_rows for training in progress.values())
    if seconds < 1 or rows <= 0:
        return None
    return max(0.0, total_rows - rows_done) / (rows / seconds) / max(1, concurrent)
