"""Test jobs that take turns on stub groups."""

from collections.abc import Sequence
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from trainers.checkpoint import TrainingState
from trainers.groups.pool import best_report, in_turns
from trainers.job import EvaluationJob, Report

JOBS = [EvaluationJob(trial=name, kind="graded", splits={}) for name in ("one", "two", "three", "four", "five")]


class Pretending:
    """Report the given values for each job; two of these groups wait for each other at their first one."""

    def __init__(self, reports: Sequence[Report | Exception], meeting: Barrier | None = None) -> None:
        self.reports, self.meeting = reports, meeting
        self.taken: list[str] = []

    def assign(self, job: Any, start: TrainingState | None = None) -> None:
        self.taken.append(job.trial)
        self.coming = iter(self.reports)
        if self.meeting:
            self.meeting.wait(timeout=60)
            self.meeting = None

    def next_report(self) -> Report:
        report = next(self.coming)
        if isinstance(report, Exception):
            raise report
        return report._replace(metrics={**report.metrics, "of": self.taken[-1]})

    def go_on(self) -> None:
        """Do nothing: a stub always continues."""


def turns(*groups: Pretending, jobs: Sequence[Any] = JOBS) -> tuple[list[Report], list[tuple[int, int]]]:
    progress: list[tuple[int, int]] = []
    reports = in_turns(groups, [(job, None) for job in jobs], lambda *done: progress.append(done), best_report)  # type: ignore[arg-type]
    return reports, progress


def test_every_job_is_taken_once_and_reported_in_its_position() -> None:
    meeting = Barrier(2)
    groups = [Pretending([Report(done=True)], meeting) for _ in range(2)]
    reports, progress = turns(*groups)
    assert [report.metrics["of"] for report in reports] == [job.trial for job in JOBS]
    assert sorted(groups[0].taken + groups[1].taken) == sorted(job.trial for job in JOBS)
    assert all(group.taken for group in groups)
    assert progress == [(done, 5) for done in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("values", "error", "expected"),
    [((0.2, 0.7, 0.5), None, 0.7), ((float("nan"), 0.7), None, 0.7), ((0.2, 0.7), "loss is nan", None)],
)
def test_a_training_comes_to_its_best_report_or_to_its_error(
    values: tuple[float, ...], error: str | None, expected: float | None
) -> None:
    coming = [Report({"score": value}, state="weights", done=value == values[-1] and not error) for value in values]
    coming += [Report(error=error)] if error else []
    (report,), _ = turns(Pretending(coming), jobs=[SimpleNamespace(trial="a training", metric="score")])
    assert (report.metrics.get("score"), report.error) == (expected, error)
    assert report.state is None


def test_under_a_guard_the_best_report_is_that_of_the_highest_lowered_value() -> None:
    values = [(0.2, 0.2), (0.7, -1.3), (0.5, 0.5)]
    coming = [Report({"score": value, "lowered_score": low}, done=low == 0.5) for value, low in values]
    (report,), _ = turns(Pretending(coming), jobs=[SimpleNamespace(trial="a training", metric="score")])
    assert report.metrics["score"] == 0.5


@pytest.mark.parametrize("error", [ray.exceptions.RayError("the actor is dead"), OSError("the actor is dead")])
def test_a_group_that_is_lost_is_an_error_of_its_job(error: Exception) -> None:
    (report,), _ = turns(Pretending([error]), jobs=JOBS[:1])
    assert report.error == "the actor is dead"
