"""Run a single training, the flow of jobs.train: one job on one worker group."""

import time
from dataclasses import dataclass, replace
from typing import Any

import ray

from common import run_folder
from common.run_folder import RunFolder
from reporting.live import Live
from reporting.trial_log import TrialLog
from reporting.trials import TrialRecord
from tasks.common.losses import active
from trainers.checkpoint import TrainingState
from trainers.dev_predictions import write_predictions
from trainers.groups.client import reports
from trainers.job import PREDICTIONS, Job, Report
from workflows.outcome import Outcome
from workflows.request import Request
from workflows.run import run
from workflows.session import Session

BASELINE = "baseline"
TRAINED = "trained"
"""Name of a training with other settings than the task's baseline."""


def train_run(request: Request, quiet: bool = False) -> dict[str, Any]:
    """Train, export the best state by dev, print the summary; return the content of result.json.

    Raises:
        Mistakes: no cluster, or one that is too small; nothing was started.
    """
    return run(request, _train, quiet=quiet)


def _train(request: Request, session: Session, folder: RunFolder, log: TrialLog, live: Live) -> Outcome:
    began = time.monotonic()
    name = TRAINED if request.changed else BASELINE
    trained = train_once(replace(session.template, trial=name), session, folder, log, live)
    return outcome_of(trained, session, time.monotonic() - began, is_baseline=not request.changed)


@dataclass(frozen=True, kw_only=True)
class SingleRun:
    """The outcome of one training so far."""

    record: TrialRecord
    metrics: dict[str, Any]
    """Metrics of the best evaluation on dev, with the training log up to it."""
    state: TrainingState | None
    evaluations: int = 0
    """Number of evaluations on dev."""
    without_gain: int = 0
    """Evaluations since the best one."""


def train_once(job: Job, session: Session, folder: RunFolder, log: TrialLog, live: Live) -> SingleRun:
    """Train a job and return its outcome; an interrupt ends it with the best state so far."""
    group = session.groups[0]
    job = replace(job, score_base=True, assigned_at=time.time())
    record = TrialRecord(
        trial=job.trial,
        settings=active(job.settings),
        metric=job.metric,
        epochs=job.settings["epochs"],
        group=group.name,
    )
    trained = SingleRun(record=record, metrics={}, state=None)
    live.update(record)
    folder.create_folder(run_folder.PREDICTIONS)
    try:
        for report in reports(group.client, job):
            if (predictions := report.metrics.pop(PREDICTIONS, None)) is not None:
                write_predictions(folder, job.trial, report.metrics["steps"], predictions)
            trained = after(trained, report)
            log.update(trained.record)
            live.update(trained.record)
            if report.metrics:
                numbers = {name: value for name, value in report.metrics.items() if isinstance(value, float)}
                log.scalars(job.trial, report.metrics["steps"], numbers)
            if job.is_hopeless(trained.without_gain) and not report.done:
                trained = replace(trained, record=replace(trained.record, state="stopped"))
                log.update(trained.record)
                break
    except KeyboardInterrupt:
        trained = replace(trained, record=replace(trained.record, state="stopped"))
        log.update(trained.record)
    return trained


def after(trained: SingleRun, report: Report) -> SingleRun:
    """Return the outcome with this report counted; a failed training keeps neither metrics nor state."""
    if report.error is not None:
        return SingleRun(record=trained.record.failed(report.error), metrics={}, state=None)
    record = replace(trained.record.reported(report.metrics), state="completed" if report.done else "running")
    trained = replace(trained, record=record, evaluations=trained.evaluations + 1)
    if record.best_steps != report.metrics["steps"]:
        return replace(trained, without_gain=trained.without_gain + 1)
    return replace(trained, metrics=report.metrics, state=report.state, without_gain=0)


def outcome_of(trained: SingleRun, session: Session, wall_s: float, *, is_baseline: bool) -> Outcome:
    """Return the outcome: the training is its best model and, if it has the baseline settings, its baseline."""
    record = trained.record if trained.state else None
    return Outcome(
        records=[trained.record],
        best=record,
        metrics=trained.metrics,
        state=trained.state,
        baseline=record if is_baseline else None,
        baseline_metrics=trained.metrics if is_baseline else {},
        baseline_state=trained.state if is_baseline else None,
        baseline_settings=trained.record.settings if is_baseline else {},
        evaluations=trained.evaluations,
        base_metrics=ray.get(session.board.get_base_scores.remote()),
        wall_s=wall_s,
    )
