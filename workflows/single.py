"""A single training: one worker group, one job, no search around it."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from common.run_folder import RunFolder
from reporting.live import Live
from reporting.trial_log import TrialLog
from reporting.trials import TrialRecord
from trainers.checkpoint import TrainingState
from trainers.dev_predictions import PREDICTIONS_FOLDER, write_predictions
from trainers.groups.client import GroupClient
from trainers.job import PREDICTIONS, Report
from workflows.session import Session

NAME = "baseline"


@dataclass(frozen=True, kw_only=True)
class SingleRun:
    """What a training reached."""

    record: TrialRecord
    metrics: dict[str, Any]
    """Of the best judgement of dev, with the training log up to it."""
    state: TrainingState | None
    told: int = 0
    """Judgements of dev."""


def train_once(started: Session, run: RunFolder, log: TrialLog, live: Live) -> SingleRun:
    """Train the template's settings; an interrupt ends it with the best state so far."""
    job = replace(started.template, trial=NAME, score_base=True, assigned_at=time.time())
    record = TrialRecord(
        trial=NAME,
        settings=dict(job.settings),
        metric=job.metric,
        epochs=job.settings["epochs"],
        group=started.groups[0].name,
    )
    trained = SingleRun(record=record, metrics={}, state=None)
    live.update(record)
    group = started.groups[0].client
    run.create_folder(PREDICTIONS_FOLDER)
    try:
        group.assign(job)
        for report in reports(group):
            if (predictions := report.metrics.pop(PREDICTIONS, None)) is not None:
                write_predictions(run, NAME, report.metrics["steps"], predictions)
            trained = _after(trained, report, job.metric)
            log.update(trained.record)
            live.update(trained.record)
            if report.metrics:
                numbers = {name: value for name, value in report.metrics.items() if isinstance(value, float)}
                log.scalars(NAME, report.metrics["steps"], numbers)
    except KeyboardInterrupt:
        trained = replace(trained, record=replace(trained.record, state="stopped"))
        log.update(trained.record)
    return trained


def reports(group: GroupClient) -> Iterator[Report]:
    """Every report of the job in hand; each is answered with 'go' when the next one is asked for."""
    while True:
        report = group.next_report()
        yield report
        if report.done or report.error is not None:
            return
        group.go_on()


def _after(trained: SingleRun, report: Report, metric: str) -> SingleRun:
    if report.error is not None:
        return SingleRun(record=trained.record.failed(report.error), metrics={}, state=None)
    found = report.metrics
    judged = trained.record.judged(found[metric], found["steps"])
    record = replace(
        judged,
        epoch=found["epoch"],
        steps=found["steps"],
        start_s=found["start_s"],
        first_step_s=found["first_step_s"],
        train_s=found["train_s"],
        state="completed" if report.done else "running",
    )
    trained = replace(trained, record=record, told=trained.told + 1)
    if judged.best_steps != found["steps"]:
        return trained
    return replace(trained, metrics=found, state=report.state)
