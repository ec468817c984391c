"""Run many jobs on warm worker groups, which have hardware and data at hand."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from common.best import compared, improves
from evaluation.predictions import Predictions
from evaluation.yardsticks.evaluate import YardstickPredictions
from trainers.checkpoint import TrainingState
from trainers.groups.client import GroupClient, reports
from trainers.job import PREDICTIONS, YARDSTICKS, EvaluationJob, Job, Report

OnProgress = Callable[[int, int], None]
"""(done, in all)."""
Result = TypeVar("Result")


class EvaluationError(Exception):
    """A group was lost, or a model gives no finite embeddings."""


def evaluate_models(
    groups: Sequence[GroupClient],
    models: Mapping[str, TrainingState | None],
    template: EvaluationJob,
    on_progress: OnProgress,
    others: Mapping[str, EvaluationJob] | None = None,
) -> tuple[dict[str, dict[str, Predictions]], YardstickPredictions]:
    """Evaluate each model (None: the base model) with whichever group is free.

    Args:
        groups: those that take jobs.
        models: name -> its state.
        template: the splits; each model's name replaces its own. The base model's group evaluates the yardsticks.
        on_progress: is called with (done, in all) after each model.
        others: model -> its template, for those of another base model than `template`'s.

    Returns:
        split -> model -> predictions, models in the order given; and the predictions of the yardsticks.

    Raises:
        EvaluationError: one of them could not be evaluated.
    """
    others = others or {}
    jobs = [
        (
            replace(
                others.get(name, template),
                trial=name,
                train=template.train if state is None and name not in others else None,
            ),
            state,
        )
        for name, state in models.items()
    ]
    reports_by_model = dict(zip(models, in_turns(groups, jobs, on_progress, best_report), strict=True))
    if errors := [f"{name}: {report.error}" for name, report in reports_by_model.items() if report.error]:
        raise EvaluationError("; ".join(errors))
    metrics = {name: report.metrics for name, report in reports_by_model.items()}
    predictions = {split: {name: metrics[name][PREDICTIONS][split] for name in models} for split in template.splits}
    none = YardstickPredictions(splits={split: {} for split in template.splits})
    return predictions, next((own[YARDSTICKS] for own in metrics.values() if YARDSTICKS in own), none)


def best_report(group: GroupClient, job: Job | EvaluationJob, start: TrainingState | None) -> Report:
    """Return the first of a training's best reports, the only one of an evaluation, or an error if there is one."""
    best, value = Report(error="dev gave no finite value"), None
    for report in all_reports(group, job, start):
        if report.error is not None or isinstance(job, EvaluationJob):
            return report
        if improves(own := compared(report.metrics, job.metric), value):
            best, value = report, own
    return best


def all_reports(group: GroupClient, job: Job | EvaluationJob, start: TrainingState | None) -> list[Report]:
    """Return every report of a job without its state, which the caller does not need; an error alone."""
    taken = []
    try:
        for report in reports(group, job, start):
            taken.append(report._replace(state=None))  # many would not fit in memory
    except Exception as error:  # of any kind: the caller waits for an answer
        taken.append(Report(error=str(error) or repr(error)))
    return taken if taken[-1].error is None else taken[-1:]


def last_report(group: GroupClient, job: Job | EvaluationJob, start: TrainingState | None) -> Report:
    """Return the last report of a job, with its state."""
    try:
        return deque(reports(group, job, start), maxlen=1).pop()
    except Exception as error:
        return Report(error=str(error) or repr(error))


def in_turns(
    groups: Sequence[GroupClient],
    jobs: Sequence[tuple[Job | EvaluationJob, TrainingState | None]],
    on_progress: OnProgress,
    follow: Callable[[GroupClient, Job | EvaluationJob, TrainingState | None], Result],
) -> list[Result]:
    """Return what `follow` takes of each job, in their order. Every group takes the next job as soon as it is free.

    The threads are daemons: after an interrupt they wait for a group that is about to end.

    Args:
        groups: those that take jobs.
        jobs: each with the state that it begins from.
        on_progress: is called with (done, in all) after each job.
        follow: runs one job; it raises no error.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Result]] = queue.SimpleQueue()
    for position in range(len(jobs)):
        waiting.put(position)

    def work(group: GroupClient) -> None:
        with suppress(queue.Empty):
            while True:
                position = waiting.get_nowait()
                done.put((position, follow(group, *jobs[position])))

    for group in groups[: len(jobs)]:
        threading.Thread(target=work, args=(group,), daemon=True).start()
    results: dict[int, Result] = {}
    while len(results) < len(jobs):
        position, result = done.get()
        results[position] = result
        on_progress(len(results), len(jobs))
    return [results[position] for position in range(len(jobs))]
