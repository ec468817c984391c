"""Record the state of a trial, which is a line of trials.jsonl."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from common.best import improves, lowered_name
from common.jsonable import finite
from reporting import formats

State = Literal["running", "completed", "stopped", "failed"]
"""completed: all its epochs; stopped: ended early by the search, the budget or the user; failed: an error."""
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """The state of a trial so far.

    Raises:
        ValueError: the state is none of STATES.
    """

    trial: str
    settings: dict[str, Any]
    metric: str
    value: float | None = None
    """The metric on dev of its best state so far, higher is better; None if the trial failed: its model is not used."""
    lowered: float | None = None
    """Under a guard: `value`, lowered where the best state breaks it; trials and states are compared by it."""
    guard: Mapping[str, Any] | None = None
    """Under a guard: the best state's score there, its difference to the base model, and whether it holds."""
    best_steps: int | None = None
    """Optimizer steps after which `value` was reached, the first of equals: the state of the trial that is saved."""
    epoch: float = 0.0
    epochs: float
    """Epochs in the settings; `epoch` of them are trained and evaluated."""
    steps: int = 0
    """Optimizer steps taken."""
    start_s: float | None = None
    """Seconds from the trial's assignment until its first optimizer step begins."""
    first_step_s: float | None = None
    """Seconds that the first step itself took: forward, backward, optimizer."""
    train_s: float = 0.0
    """Seconds in training steps; evaluation on dev and reporting are not counted."""
    state: State = "running"
    error: str | None = None
    group: str | None = None
    """The worker group that ran it."""

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"state: {self.state!r} is not one of {', '.join(STATES)}")

    def to_line(self) -> str:
        """Return one JSON line without its line end; a number that is not finite is null."""
        values = asdict(self)
        if self.guard is None:
            del values["guard"], values["lowered"]
        return json.dumps(finite(values))

    @property
    def compared(self) -> float | None:
        """The value by which trials are compared; None if the trial has no state."""
        return self.value if self.lowered is None else self.lowered

    @property
    def breaks_guard(self) -> bool:
        """Whether its best state is not shown to hold on the guard set."""
        return self.guard is not None and not self.guard["holds"]

    def evaluated(
        self, value: float, steps: int, lowered: float | None = None, guard: Mapping[str, Any] | None = None
    ) -> "TrialRecord":
        """Return the record after an evaluation on dev: with this state if it is the best so far.

        Args:
            value: the metric on dev.
            steps: optimizer steps of the state.
            lowered: under a guard, the value that it is compared by.
            guard: under a guard, the check of the state.
        """
        if not improves(value if lowered is None else lowered, self.compared):
            return self
        return replace(self, value=value, best_steps=steps, lowered=lowered, guard=guard)

    def reported(self, metrics: Mapping[str, Any]) -> "TrialRecord":
        """Return the record after a report of its training: with its score on dev and its progress.

        Args:
            metrics: of a report (trainers/job.py), perhaps with the group that ran it.
        """
        guarded = metrics.get(lowered_name(self.metric)), metrics.get("guard")
        record = self.evaluated(metrics[self.metric], metrics["steps"], *guarded)
        names = ("epoch", "steps", "start_s", "first_step_s", "train_s")
        return replace(record, **{name: metrics[name] for name in names}, group=metrics.get("group", self.group))

    def failed(self, error: str) -> "TrialRecord":
        """Return the record with this error and without a value: the model of a failed trial is not used."""
        gone = dict.fromkeys(("value", "best_steps", "lowered", "guard"))
        return replace(self, state="failed", error=error, **gone)  # type: ignore[arg-type]

    @property
    def time_left(self) -> float | None:
        """Seconds until all epochs are done at the pace so far; None before the first report and after the end."""
        if self.state != "running" or not self.epoch:
            return None
        return self.train_s / self.epoch * (self.epochs - self.epoch)


def epochs_reached(epoch: float, epochs: float) -> str:
    """Return such as '2/10'."""
    return f"{formats.number(round(epoch, 2))}/{formats.number(epochs)}"


def count_states(records: Iterable[TrialRecord]) -> dict[str, int]:
    """Return state -> number of trials, without the states that have none."""
    states = [record.state for record in records]
    return {state: states.count(state) for state in STATES if state in states}


def commonest_error(records: Iterable[TrialRecord]) -> str | None:
    """Return the error that most trials failed with, the first of equals; None if none failed."""
    errors = Counter(record.error for record in records if record.error)
    return errors.most_common(1)[0][0] if errors else None


def best_of(records: Iterable[TrialRecord]) -> TrialRecord | None:
    """Return the trial that compares best, the earlier of equals; None if none has a finite value."""
    best: TrialRecord | None = None
    for record in records:
        if record.compared is not None and improves(record.compared, best.compared if best else None):
            best = record
    return best
