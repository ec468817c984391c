"""Hand a job to a worker group, take its reports and answer them. Imports no torch."""

from collections.abc import Iterator
from typing import Any

import ray

from trainers.checkpoint import TrainingState
from trainers.groups.mailbox import MailboxActor
from trainers.job import EvaluationJob, Job, Report

ASK_AGAIN_S = 1.0
"""Seconds that one call waits for a report. A call without a timeout could not be interrupted."""
LOST = (ray.exceptions.ObjectLostError, ray.exceptions.ReferenceCountingAssertionError)
"""Errors of reading an object whose owner is gone."""


class GroupClient:
    """Reach a group through its mailbox, from any process of the cluster."""

    def __init__(self, mailbox: MailboxActor) -> None:
        self.mailbox = mailbox
        self._job: Job | EvaluationJob | None = None
        self._start: list[Any] | None = None

    def assign(self, job: Job | EvaluationJob, start: TrainingState | None = None) -> None:
        """Hand over a job, to begin from `start` or from the base model."""
        self._job, self._start = job, [ray.put(start)] if start else None
        ray.get(self.mailbox.assign.remote(job, self._start))

    def next_report(self) -> Report:
        """Wait for the job's next report, with its state; if the group is lost for good, with that error."""
        while True:
            while (report := ray.get(self.mailbox.take.remote(ASK_AGAIN_S))) is None:
                pass
            try:
                return report._replace(state=self._store_again(report.state, report.done))  # type: ignore[no-any-return]
            except LOST:  # rank 0 died right after its report: the restarted group repeats it from the state before
                ray.get(self.mailbox.assign.remote(self._job, self._start))

    def _store_again(self, reported: list[Any] | None, done: bool) -> TrainingState | None:
        """Return the state, and put it again: what rank 0 has put is lost with it; this process outlives the group."""
        if reported is None:
            return None
        state: TrainingState = ray.get(reported[0])
        self._start = None if done else [ray.put(state)]
        return state

    def lost(self) -> bool:
        """Return whether the group takes no further job."""
        return ray.get(self.mailbox.lost_with.remote()) is not None

    def go_on(self) -> None:
        """Answer a report that was not the last."""
        ray.get(self.mailbox.decide.remote("go", self._start))


def reports(group: GroupClient, job: Job | EvaluationJob, start: TrainingState | None = None) -> Iterator[Report]:
    """Hand over a job and yield its reports to the last. Each is answered with 'go' when the next one is taken."""
    group.assign(job, start)
    while True:
        report = group.next_report()
        yield report
        if report.done or report.error is not None:
            return
        group.go_on()
