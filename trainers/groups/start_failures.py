"""Give up a worker group after three starts in a row that failed.

Ray counts all failures of a run together, whether a worker never started or was lost after days of training. So Ray
counts none, the mailbox counts the tries of a job, and failures before any job are counted here.
"""

from typing import Any

import ray
from ray.train import ControllerError, TrainingFailedError, WorkerGroupError
from ray.train.v2._internal.exceptions import WorkerGroupStartupTimeoutError
from ray.train.v2._internal.execution.failure_handling import DefaultFailurePolicy, FailureDecision


class StartPolicy(DefaultFailurePolicy):  # type: ignore[misc]  # Ray ships no types for it
    """Ray's policy, which also gives up if the mailbox says that a group never reaches its first meeting.

    Waiting for resources is no failed start: an autoscaler takes minutes to add a machine.
    """

    def __init__(self, failure_config: Any, mailbox: Any) -> None:
        super().__init__(failure_config)
        self.mailbox = mailbox

    def make_decision(self, training_failed_error: TrainingFailedError) -> FailureDecision:
        """Decide about a failure. The controller of the run calls this."""
        decision = super().make_decision(training_failed_error)
        if isinstance(getattr(training_failed_error, "controller_failure", None), WorkerGroupStartupTimeoutError):
            return decision
        hopeless = ray.get(self.mailbox.count_failure.remote(cause(training_failed_error)))
        return FailureDecision.RAISE if hopeless else decision


def cause(error: BaseException) -> str:
    """Return the error of the first worker that had one, or else of the controller, in one line."""
    if isinstance(error, WorkerGroupError) and error.worker_failures:
        error = next(iter(error.worker_failures.values()))
        error = getattr(error, "_base_exc", error)  # Ray's wrapper of a worker's error prints its traceback
    elif isinstance(error, ControllerError):
        error = error.controller_failure
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:3])}"[:600]
