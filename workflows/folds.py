"""Compare the last few settings of a search in folds over train and dev, where dev alone is too small to tell."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import ray

from common.base_names import BASE
from evaluation.folds import FoldedPredictions, pooled
from evaluation.predictions import Predictions
from evaluation.purpose import Purpose
from evaluation.selection import MOST_ITEMS
from pairs.folds import Folds, folds_of
from pairs.training_rows import training_rows
from reporting.formats import duration
from reporting.trials import TrialRecord
from trainers.groups.pool import EvaluationError, all_reports, evaluate_models, in_turns
from trainers.job import PREDICTIONS, EvaluationJob, Job
from workflows.options import Options
from workflows.other_bases import of_base
from workflows.outcome import Outcome
from workflows.pace import Pace
from workflows.request import Request
from workflows.session import Session, data_of_rows

FOLDS = 5
"""The number of folds, where the user gives none: as many as hold a fifth of the items each, as dev often does."""
FEW_ITEMS = 300
"""Items on dev below which folds decide: of 145, an average precision of 0.66 has an interval of 0.17
(docs/tutorial.md)."""
MOST_SETTINGS = 3
"""Settings that are compared, the baseline and the best ones of the search."""
LEAST_SECONDS = 60.0
"""Folds may take half of the search's time, or with a budget FOR_FOLDS of it, and so long in any case."""
FOR_FOLDS = 0.25
Say = Callable[[str], None]


class NoFoldsError(Exception):
    """Folds cannot be made, or would take too long."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The rows of one fold.

    Attributes:
        train: stored training rows.
        judged: rows of the fold that chooses, then of the one that is held out.
    """

    train: pa.Table
    judged: pa.Table


def wanted(options: Options, items: int) -> int:
    """Return the number of folds that the user asks for, or that a small dev needs after a search; 0 for none.

    Args:
        options: of the run.
        items: those of dev that are judged, or before a search its rows.
    """
    if options.folds is not None:
        return options.folds
    return FOLDS if options.trials > 1 and items < FEW_ITEMS else 0


def cross_validate(
    request: Request, session: Session, outcome: Outcome, number: int, say: Say, own_base: Mapping[str, str]
) -> FoldedPredictions:
    """Train the baseline and the best settings in each fold, and pool what they predict on the rows held out.

    Args:
        request: the run's request.
        session: with groups that take jobs.
        outcome: of the search.
        number: of folds.
        say: shows a line of progress.
        own_base: name in the verdict -> base model, of the best if that is not the first; empty otherwise.

    Raises:
        NoFoldsError: they would take too long, or the groups are too few.
        EvaluationError: a training failed, or a group was lost.
        Mistakes: the rows of a fold cannot be judged, such as those with a single label.
    """
    settings: Mapping[str, TrialRecord] = _last_few(outcome)
    say(f"dividing train and dev into {number} folds")
    folds = _folds(request, number)
    settings = _in_time(request, session, outcome, settings, folds)
    parts = list(_parts(folds))
    base = _base(request, session, [folds.held(fold) for fold in range(number)], own_base)
    jobs = list(_jobs(request, session, settings, parts))
    doing = f"training {len(settings)} settings in {number} folds of train and dev"
    say(f"{doing}: 0 of {len(jobs)} done")
    reports = in_turns(
        session.able(),
        [(job, None) for job in jobs],
        lambda done, total: say(f"{doing}: {done} of {total} done"),
        all_reports,
    )
    if errors := [f"{job.trial}: {own[-1].error}" for job, own in zip(jobs, reports, strict=True) if own[-1].error]:
        raise EvaluationError("; ".join(errors[:3]))
    states = [[report.metrics[PREDICTIONS] for report in own] for own in reports]
    trainings = {name: states[place :: len(settings)] for place, name in enumerate(settings)}
    baseline = outcome.baseline.trial if outcome.baseline else None
    purpose = Purpose.parse(request.options.threshold or "f1")
    return pooled(base.predictions, base.sizes, trainings, baseline, request.options.seed, purpose)


def _last_few(outcome: Outcome) -> dict[str, TrialRecord]:
    """Return the trials whose settings are compared: the baseline first, then the best ones if one of them won."""
    if outcome.baseline is not None and outcome.best is outcome.baseline:
        return {outcome.baseline.trial: outcome.baseline}
    ranked = sorted(
        (record for record in outcome.records if record.compared is not None),
        key=lambda record: record.compared or 0.0,
        reverse=True,
    )
    first = [outcome.baseline] if outcome.baseline else []
    few = [*first, *(record for record in ranked if record not in first)][:MOST_SETTINGS]
    return {record.trial: record for record in few}


def _folds(request: Request, number: int) -> Folds:
    """Divide the rows of train and dev.

    Raises:
        NoFoldsError: there are fewer groups than folds, or too many rows for predictions of all of them.
    """
    rows = training_rows(request.pairs, request.task, ("train", "dev"), request.options.seed)
    if rows.num_rows > MOST_ITEMS:
        raise NoFoldsError(f"train and dev have {rows.num_rows:,} rows, more than {MOST_ITEMS:,}")
    try:
        return folds_of(rows, request.task.declared_kind, number, request.options.seed)
    except ValueError as error:
        raise NoFoldsError(str(error)) from None


def _in_time(
    request: Request, session: Session, outcome: Outcome, settings: Mapping[str, TrialRecord], folds: Folds
) -> Mapping[str, TrialRecord]:
    """Leave out settings, the last ones first, so that the folds take no longer than half of the search.

    Where the user asks for folds, none are left out.

    Raises:
        NoFoldsError: two settings would take longer.
    """
    if request.options.folds is not None or outcome.best is None or not outcome.metrics.get("steps"):
        return settings
    part = FOR_FOLDS * request.options.minutes * 60 if request.options.minutes else outcome.wall_s / 2
    most_s = max(LEAST_SECONDS, part)
    pace = _pace(outcome, replace(session.template, settings=dict(outcome.best.settings)))
    share = min(1.0, folds.without(0, 1).num_rows / max(1, request.pairs.num_rows("train")))
    jobs = [replace(session.template, settings=dict(record.settings)) for record in settings.values()]
    costs = [pace.training_s(job, share=share) for job in jobs]
    rounds = folds.number / len(session.able())
    while len(costs) > 2 and sum(costs) * rounds > most_s:
        costs.pop()
    if (seconds := sum(costs) * rounds) > most_s:
        raise NoFoldsError(f"they would take about {duration(seconds)}; --folds {folds.number} asks for them")
    return dict(list(settings.items())[: len(costs)])


def _pace(outcome: Outcome, best: Job) -> Pace:
    """Return the pace of the best training up to its best evaluation, whose metrics the outcome has."""
    metrics, steps = outcome.metrics, outcome.metrics["steps"]
    evaluations = max(1, sum(step <= steps for step in best.report_steps()))
    row_s = metrics["train_s"] / (steps * best.global_batch_size)
    return Pace(row_s=row_s, evaluation_s=metrics["evaluate_s"] / evaluations)


def _parts(folds: Folds) -> Iterator[Parts]:
    for fold in range(folds.number):
        choosing = (fold + 1) % folds.number
        judged = pa.concat_tables([folds.held(choosing), folds.held(fold)])
        yield Parts(train=folds.without(fold, choosing), judged=judged)


def _jobs(
    request: Request, session: Session, settings: Mapping[str, TrialRecord], parts: Sequence[Parts]
) -> Iterator[Job]:
    """Yield a job for each fold and settings; those of a fold share its tokens."""
    for fold, own in enumerate(parts, 1):
        data = data_of_rows(request, own.train, [record.settings for record in settings.values()], own.judged)
        for name, record in settings.items():
            job = replace(
                session.template,
                trial=f"{name}-fold-{fold}",
                settings=dict(record.settings),
                data=data,
                patience=None,
                assigned_at=time.time(),
            )
            if not job.total_steps:
                raise NoFoldsError(f"a fold has {job.train.num_rows} training rows, fewer than a batch")
            yield job


@dataclass(frozen=True, kw_only=True)
class _Base:
    predictions: Mapping[str, Predictions]
    """The first base model's, and those of the best's own one."""
    sizes: Sequence[int]


def _base(request: Request, session: Session, held: Sequence[pa.Table], own_base: Mapping[str, str]) -> _Base:
    """Return the base models' predictions on the rows of all folds, and the number of items in each."""
    data = session.template.data
    tables: list[Any] = [pa.concat_tables(held), *held]
    job = EvaluationJob(
        trial="base in folds",
        kind=request.task.declared_kind.name,
        splits={str(number): [ray.put(table)] for number, table in enumerate(tables)},
        candidates=data.candidates,
        prompts=data.prompts,
    )
    jobs = {BASE: job, **{name: of_base(base, job, data) for name, base in own_base.items()}}
    found, _ = evaluate_models(session.able(), dict.fromkeys(jobs), job, lambda _done, _total: None, jobs)
    sizes = [len(found[str(number)][BASE].groups) for number in range(1, len(tables))]
    return _Base(predictions=found["0"], sizes=sizes)
