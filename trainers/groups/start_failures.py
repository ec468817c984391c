"""When Ray Train stops starting a worker group again: after three starts in a row that came to nothing.

Ray counts all failures of a run together, whether a worker never came up or was lost after days of training; so it is
told to count none, the mailbox counts the tries of a job, and what happens before any job is counted here.
"""

from typing import Any

import ray
from ray.train import ControllerError, TrainingFailedError, WorkerGroupError
from ray.train.v2._internal.exceptions import WorkerGroupStartupTimeoutError
from ray.train.v2._internal.execution.failure_handling import DefaultFailurePolicy, FailureDecision


class StartPolicy(DefaultFailurePolicy):
    """Ray's, which gives up where the mailbox says that a group does not get as far as its first meeting.

    Waiting for a place is no failed start: an autoscaler takes minutes to bring a machine.
    """

    def __init__(self, failure_config: Any, mailbox: Any) -> None:
        super().__init__(failure_config)
        self.mailbox = mailbox

    def make_decision(self, training_failed_error: TrainingFailedError) -> FailureDecision:
        """Called in the controller of the run, for every failure."""
        decision = super().make_decision(training_failed_error)
        if isinstance(getattr(training_failed_error, "controller_failure", None), WorkerGroupStartupTimeoutError):
            return decision
        hopeless = ray.get(self.mailbox.count_failure.remote(cause(training_failed_error)))
        return FailureDecision.RAISE if hopeless else decision


def cause(error: BaseException) -> str:
    """The error of the first worker that had one, or of whatever else Ray names, in one line."""
    if isinstance(error, WorkerGroupError) and error.worker_failures:
        error = next(iter(error.worker_failures.values()))
        error = getattr(error, "_base_exc", error)  # Ray's wrapping of what a worker raised says its traceback
    elif isinstance(error, ControllerError):
        error = error.controller_failure
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:3])}"[:600]
