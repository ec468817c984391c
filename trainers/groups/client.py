"""A trial's side of a worker group: hand over a job, take its reports, say go on. Needs neither torch nor Ray Train."""

from collections.abc import Iterator
from typing import Any

import ray

from trainers.checkpoint import TrainingState
from trainers.job import EvaluationJob, Job, Report

ASK_AGAIN_S = 1.0
"""A call that waits for ever could not be interrupted."""
LOST = (ray.exceptions.ObjectLostError, ray.exceptions.ReferenceCountingAssertionError)
"""What reading an object raises whose owner is gone."""


class GroupClient:
    """Works through the group's mailbox, so it can live in any process of the cluster."""

    def __init__(self, mailbox: Any) -> None:
        self.mailbox = mailbox
        self._job: Job | EvaluationJob | None = None
        self._kept: list[Any] | None = None

    def assign(self, job: Job | EvaluationJob, start: TrainingState | None = None) -> None:
        """Hand over a job, to begin from `start` or from the base model."""
        self._job, self._kept = job, [ray.put(start)] if start else None
        ray.get(self.mailbox.assign.remote(job, self._kept))

    def next_report(self) -> Report:
        """Wait for the job's next report, with its state; where the group was lost for good, one with that error."""
        while True:
            while (report := ray.get(self.mailbox.take.remote(ASK_AGAIN_S))) is None:
                pass
            try:
                return report._replace(state=self._keep(report.state, report.done))  # type: ignore[no-any-return]
            except LOST:  # rank 0 died right after its report: the restarted group makes it again from the state before
                ray.get(self.mailbox.assign.remote(self._job, self._kept))

    def _keep(self, reported: list[Any] | None, done: bool) -> TrainingState | None:
        """What rank 0 put is lost with it, so this process, which outlives the group, puts it again if it goes on."""
        if reported is None:
            return None
        state: TrainingState = ray.get(reported[0])
        self._kept = None if done else [ray.put(state)]
        return state

    def lost(self) -> bool:
        """Whether the group takes no further job."""
        return ray.get(self.mailbox.lost_with.remote()) is not None

    def go_on(self) -> None:
        """Answer a report that was not the last."""
        ray.get(self.mailbox.decide.remote("go", self._kept))


def reports(group: GroupClient, job: Job | EvaluationJob, start: TrainingState | None = None) -> Iterator[Report]:
    """Hand over a job and yield its reports to the last; each is answered with 'go' when the next one is asked for."""
    group.assign(job, start)
    while True:
        report = group.next_report()
        yield report
        if report.done or report.error is not None:
            return
        group.go_on()
