"""Run many jobs on the worker groups, which are warm and have hardware and data at hand."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from common.best import improves
from evaluation.predictions import Predictions
from trainers.checkpoint import TrainingState
from trainers.groups.client import GroupClient, reports
from trainers.job import EvaluationJob, Job, Report

OnProgress = Callable[[int, int], None]
"""(done, in all)."""


class EvaluationError(Exception):
    """A group was lost, or a model gives no finite embeddings."""


def evaluate_models(
    groups: Sequence[GroupClient],
    models: Mapping[str, TrainingState | None],
    what: EvaluationJob,
    on_progress: OnProgress,
) -> dict[str, dict[str, Predictions]]:
    """Evaluate each model (None: the base model) with whichever group is free.

    Args:
        groups: those that take jobs.
        models: name -> its state.
        what: the splits; its name is replaced by each model's.
        on_progress: is called with (done, in all) after each model.

    Returns:
        split -> model -> predictions, models in the order given.

    Raises:
        EvaluationError: one of them could not be evaluated.
    """
    jobs = [(replace(what, trial=name), state) for name, state in models.items()]
    reports_by_model = dict(zip(models, in_turns(groups, jobs, on_progress), strict=True))
    if errors := [f"{name}: {report.error}" for name, report in reports_by_model.items() if report.error]:
        raise EvaluationError("; ".join(errors))
    return {split: {name: reports_by_model[name].metrics["judged"][split] for name in models} for split in what.splits}


def in_turns(
    groups: Sequence[GroupClient],
    jobs: Sequence[tuple[Job | EvaluationJob, TrainingState | None]],
    on_progress: OnProgress,
) -> list[Report]:
    """Return the best report of each job, in their order. Every group takes the next job as soon as it is free.

    The threads are daemons: after an interrupt they wait for a group that is about to end.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[int, Report]] = queue.SimpleQueue()
    for place in range(len(jobs)):
        waiting.put(place)

    def work(group: GroupClient) -> None:
        with suppress(queue.Empty):
            while True:
                place = waiting.get_nowait()
                done.put((place, _best_report(group, *jobs[place])))

    for group in groups[: len(jobs)]:
        threading.Thread(target=work, args=(group,), daemon=True).start()
    reports: dict[int, Report] = {}
    while len(reports) < len(jobs):
        place, report = done.get()
        reports[place] = report
        on_progress(len(reports), len(jobs))
    return [reports[place] for place in range(len(jobs))]


def _best_report(group: GroupClient, job: Job | EvaluationJob, start: TrainingState | None) -> Report:
    """Return the first of a training's best reports, the only one of an evaluation, or an error if there is one."""
    best, value = Report(error="dev gave no finite value"), None
    try:
        for report in reports(group, job, start):
            report = report._replace(state=None)  # it is not needed, and many of them would not fit in memory
            if report.error is not None or isinstance(job, EvaluationJob):
                return report
            if improves(report.metrics[job.metric], value):
                best, value = report, report.metrics[job.metric]
    except Exception as error:  # whatever it is, the caller waits for an answer
        return Report(error=str(error) or repr(error))
    return best
