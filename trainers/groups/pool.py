"""Models judged item by item on the groups that trained them: warm, with the hardware and the data at hand."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from common.best import improves
from evaluation.predictions import Judged
from trainers.checkpoint import TrainingState
from trainers.groups.client import GroupClient
from trainers.job import Job, Judging, Report

if TYPE_CHECKING:
    pass

Told = Callable[[int, int], None]
"""(done, in all)."""


class NotJudged(Exception):
    """A group was lost, or a model gives no finite embeddings."""


def judge_models(
    groups: Sequence[GroupClient], models: Mapping[str, TrainingState | None], what: Judging, told: Told
) -> dict[str, dict[str, Judged]]:
    """Judge each model (None: the base model) with whichever group is free.

    Args:
        what: the splits; its name is each model's own.

    Returns:
        split -> model -> judged, models in the order given.

    Raises:
        NotJudged: one of them could not be judged.
    """
    jobs = [(replace(what, trial=name), state) for name, state in models.items()]
    found = dict(zip(models, in_turns(groups, jobs, told), strict=True))
    if errors := [f"{name}: {report.error}" for name, report in found.items() if report.error]:
        raise NotJudged("; ".join(errors))
    return {split: {name: found[name].metrics["judged"][split] for name in models} for split in what.splits}


def in_turns(
    groups: Sequence[GroupClient], jobs: Sequence[tuple[Job | Judging, TrainingState | None]], told: Told
) -> list[Report]:
    """The best report of each job, in their order; every group takes the next job as soon as it is free.

    The threads are daemons: an interrupt leaves them waiting for a group that is about to end.
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
        told(len(reports), len(jobs))
    return [reports[place] for place in range(len(jobs))]


def _best_report(group: GroupClient, job: Job | Judging, start: TrainingState | None) -> Report:
    """Of a training the first of its best, of a judging its only one; an error, whatever was reported before."""
    best, value = Report(error="dev gave no finite value"), None
    try:
        for report in _reports(group, job, start):
            if report.error is not None or isinstance(job, Judging):
                return report
            if improves(report.metrics[job.metric], value):
                best, value = report, report.metrics[job.metric]
    except Exception as error:  # whatever it is: who asked waits for an answer
        return Report(error=str(error) or repr(error))
    return best


def _reports(group: GroupClient, job: Job | Judging, start: TrainingState | None) -> Iterator[Report]:
    group.assign(job, start)
    while True:
        report = group.next_report()
        yield report._replace(state=None)  # of which nobody asks, and many of them would not fit
        if report.done or report.error is not None:
            return
        group.go_on()
