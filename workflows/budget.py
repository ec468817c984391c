"""Say before a search what fits its time budget, and lower the epochs of trainings that would take most of it."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any

from common.base_names import SETTING, short_name
from common.space import Settings
from evaluation.yardsticks.fit import MOST_ENCODED_ROWS
from reporting.formats import duration, number
from trainers.groups.pool import best_report, in_turns
from trainers.job import Job
from trainers.search.retention import BEST_TRIALS
from workflows.folds import FOR_FOLDS, wanted
from workflows.pace import Pace
from workflows.refine import BASE_FRACTIONS, MOST_SECONDS
from workflows.request import Request
from workflows.session import Session

LEAST_MINUTES = 2.0
"""Budgets below are not planned: timing would take too much of them."""
MOST_STEPS = 5
"""Optimizer steps that are timed of each loss; the first one, which also allocates memory, does not count."""
LEAST_STEPS = 3
"""The same with a short budget, of which timing would take too much."""
LARGEST_PART = 1 / 3
"""The part of the budget that one training may take: the baseline is never stopped, and others come after it."""
FOR_VERDICT = 0.2
"""The most of the budget that is kept free for the verdict, beside FOR_FOLDS of it for folds."""
MODELS = 3
"""Base, baseline and best, which are judged on dev and test; a mixture and an average may join them."""
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class TimePlan:
    """What a search does with its time.

    Attributes:
        search_s: seconds of the search; None without a budget.
        epochs: loss -> epochs of its trainings, where they are fewer than the settings say.
        lines: what fits, to show before the first trial.
        notes: what was lowered, for the verdict.
    """

    search_s: float | None = None
    epochs: Mapping[str, float] = field(default_factory=dict)
    lines: Sequence[str] = ()
    notes: Sequence[str] = ()


def planned(request: Request, session: Session, say: Say) -> TimePlan:
    """Time some steps of each loss, and plan the budget by them.

    Args:
        request: the run's request.
        session: its groups may still be starting.
        say: shows a line of progress.
    """
    minutes = request.options.minutes
    if minutes is None:
        return TimePlan()
    if minutes < LEAST_MINUTES:
        return TimePlan(search_s=minutes * 60)
    began = time.monotonic()
    jobs = first_jobs(session.template, request.first_trials)
    steps = timed_steps(minutes)
    say(f"waiting for the worker groups, then timing {steps} steps with {' and with '.join(jobs)}")
    try:
        paces = _timed(session, list(jobs.values()), steps)
    except ValueError as error:
        return TimePlan(search_s=minutes * 60, lines=[f"warning: budget: what fits is not known: {error}"])
    return plan_time(request, len(session.able()), jobs, dict(zip(jobs, paces, strict=True)), time.monotonic() - began)


def first_jobs(template: Job, first_trials: Sequence[Settings]) -> dict[str, Job]:
    """Return name -> the job of the first trial of each loss and, if there are several, of each base model."""
    jobs: dict[str, Job] = {}
    for settings in first_trials:
        job = replace(template, settings={**template.settings, **settings})
        base = job.settings.get(SETTING)
        jobs.setdefault(f"{job.loss} of {short_name(base)}" if base else job.loss, job)
    return jobs


def timed_steps(minutes: float) -> int:
    """Return the optimizer steps that are timed of each loss: one for two minutes of the budget."""
    return max(LEAST_STEPS, min(MOST_STEPS, int(minutes // 2)))


def _timed(session: Session, jobs: Sequence[Job], steps: int) -> list[Pace]:
    """Train each job for some steps, in all groups at once: trainings beside each other share processor and memory.

    Jobs are repeated until every group has as many: one that trained alone would look faster than it will be.

    Raises:
        ValueError: one of them failed.
    """
    groups = session.able()
    number = math.ceil(len(jobs) / len(groups)) * len(groups)
    short = [
        replace(job, trial=f"timing {job.loss}", until=min(steps / job.total_steps, 1.0), assigned_at=time.time())
        for job in islice(cycle(jobs), number)
    ]
    reports = in_turns(groups, [(job, None) for job in short], lambda _done, _total: None, best_report)
    if errors := [report.error for report in reports if report.error]:
        raise ValueError(errors[0])
    return [_pace(report.metrics, job) for report, job in zip(reports, jobs, strict=False)]


def _pace(metrics: Mapping[str, float], job: Job) -> Pace:
    steps = metrics["steps"]
    seconds = metrics["train_s"] - (metrics["first_step_s"] if steps > 1 else 0.0)
    return Pace(row_s=seconds / max(1, steps - 1) / job.global_batch_size, evaluation_s=metrics["evaluate_s"])


def plan_time(
    request: Request, groups: int, jobs: Mapping[str, Job], paces: Mapping[str, Pace], spent_s: float
) -> TimePlan:
    """Plan the budget.

    Args:
        request: the run's request, with a time budget.
        groups: that train at a time.
        jobs: name -> the job of a first trial.
        paces: name -> its pace.
        spent_s: seconds that are gone already.
    """
    minutes = request.options.minutes or 0.0
    whole_s = minutes * 60
    search_s = max(whole_s / 2, whole_s - spent_s - reserved_s(request, groups, paces))
    most_s = search_s * LARGEST_PART
    lowered = {} if _given(request) else lowered_epochs(jobs, paces, most_s)
    takes = [paces[name].training_s(job, lowered.get(job.loss)) for name, job in jobs.items()]
    fit = max(1, int(groups * search_s / (sum(takes) / len(takes))))
    trials = request.options.trials
    trained_by = "1 worker group" if groups == 1 else f"{groups} worker groups"
    lines = [f"budget: {_minutes(minutes)} on {trained_by}; a training takes about {_each(jobs, paces)}"]
    declared: dict[str, Any] = {job.loss: job.settings["epochs"] for job in jobs.values()}
    notes = [
        f"{loss}: {number(epochs)} of {number(declared[loss])} epochs, "
        f"so that a training takes no more than a third of {_minutes(minutes)}"
        for loss, epochs in lowered.items()
    ]
    lines += [f"budget: {note}" for note in notes]
    longest = max(takes)
    if longest > most_s:
        lines.append(
            f"warning: budget: even so one training takes {duration(longest)}; more --minutes, more machines, "
            "--set max_length=N or fewer rows help"
        )
    lines.append(
        f"budget: all {trials} trials fit"
        if fit >= trials
        else f"budget: about {fit} of {trials} trials fit if all are trained to their end; weak ones are stopped early"
    )
    return TimePlan(search_s=search_s, epochs=lowered, lines=lines, notes=notes)


def lowered_epochs(jobs: Mapping[str, Job], paces: Mapping[str, Pace], most_s: float) -> dict[str, float]:
    """Return loss -> the greatest whole number of epochs that a training can have in so many seconds, at least 1.

    A schedule over fewer epochs ends with a low learning rate; one that is cut off does not.
    """
    lowered: dict[str, float] = {}
    for name, job in jobs.items():
        pace, epochs = paces[name], float(job.settings["epochs"])
        if epochs > 1 and pace.training_s(job) > most_s:
            fitting = [own for own in range(1, math.ceil(epochs)) if pace.training_s(job, own) <= most_s]
            lowered[job.loss] = min(float(max(fitting, default=1)), lowered.get(job.loss, epochs))
    return lowered


def reserved_s(request: Request, groups: int, paces: Mapping[str, Pace]) -> float:
    """Return the seconds to keep free for folds and verdict."""
    whole_s = (request.options.minutes or 0.0) * 60
    evaluation_s = max(pace.evaluation_s for pace in paces.values())
    folds_s = FOR_FOLDS * whole_s if wanted(request.options, request.pairs.num_rows("dev")) else 0.0
    return folds_s + min(FOR_VERDICT * whole_s, verdict_s(request, groups, evaluation_s))


def verdict_s(request: Request, groups: int, evaluation_s: float) -> float:
    """Return about how many seconds a verdict without folds takes, by those of an evaluation of dev.

    Mixtures are evaluated on dev, models on dev and test. Yardsticks and category vectors need embeddings of train.
    """
    rows = {split: request.pairs.num_rows(split) for split in request.pairs.splits}
    kind, refines = request.task.declared_kind, request.options.refine == "auto"
    mixtures_s = evaluation_s * (math.ceil(len(BASE_FRACTIONS) / groups) + BEST_TRIALS - 1)
    models = math.ceil((MODELS + 2 * refines) / groups) * (1 + rows.get("test", 0) / rows["dev"])
    texts = min([MOST_ENCODED_ROWS, *(view.num_rows("train") for view in request.views.values())])
    passes = bool(kind.threshold or kind.categories) + bool(kind.categories and refines)
    refining_s = min(mixtures_s, MOST_SECONDS + evaluation_s) if refines else 0.0
    return refining_s + evaluation_s * (models + passes * texts / rows["dev"])


def _given(request: Request) -> bool:
    return any(override.partition("=")[0] == "epochs" for override in request.options.set)


def _each(jobs: Mapping[str, Job], paces: Mapping[str, Pace]) -> str:
    said = [
        f"{duration(paces[name].training_s(job))} with {name} ({number(job.settings['epochs'])} epochs)"
        for name, job in jobs.items()
    ]
    return ", ".join(said)


def _minutes(minutes: float) -> str:
    return f"{number(minutes)} minutes"
