"""Train the kept settings once more on more pairs, after the verdict: the judged model has not seen dev and test."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import ray

from common.base_names import SETTING
from evaluation.calibration import Calibration
from evaluation.category_vectors import CategoryVectors
from evaluation.comparison import SplitVerdict, compare, plain
from evaluation.predictions import Predictions
from evaluation.purpose import Purpose
from evaluation.threshold import Threshold, Unmet
from evaluation.verdict import rates_at
from evaluation.yardsticks.fit import MOST_ROWS
from pairs.prepared import drawn
from pairs.training_rows import training_rows
from reporting.refit import MODEL as REFIT
from reporting.trials import TrialRecord
from trainers.checkpoint import TrainingState
from trainers.groups.pool import EvaluationError, best_report, in_turns, last_report
from trainers.job import PREDICTIONS, VECTORS, Data, EvaluationJob, Job
from trainers.mixture import Weights, average
from workflows.compare import Comparison
from workflows.decision import calibration_of, threshold_of
from workflows.other_bases import of_base
from workflows.outcome import Outcome, SelectedModel
from workflows.refine import base_weights
from workflows.request import Request
from workflows.session import Session, data_of_rows

FROM_FOLDS = "rows that were held out in folds of train and dev"
FROM_DEV = "dev, by the judged model, which has not seen it"
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Refit:
    """The kept settings, trained again.

    Attributes:
        splits: what was trained on.
        pairs: number of stored rows of these splits.
        steps: of each training, whose weights are averaged where the kept model is a mixture.
        state: the weights.
        vectors: category vectors beside them, made of the same rows; None for a model without.
        test: the kept model and this one on test; None where test was trained on, or there is none.
        decided_on: the pairs that threshold and probability were chosen on.
        threshold: for the same purpose as that of the kept model; None for kinds without one.
        calibration: likewise.
    """

    splits: tuple[str, ...]
    pairs: int
    steps: tuple[int, ...]
    state: TrainingState
    vectors: CategoryVectors | None = None
    test: SplitVerdict | None = None
    decided_on: str = ""
    threshold: Threshold | Unmet | None = None
    calibration: Calibration | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for verdict.json."""
        return {
            "splits": list(self.splits),
            "pairs": self.pairs,
            "steps": list(self.steps),
            "test": plain(self.test) if self.test else None,
            "decided_on": self.decided_on,
            "threshold": self.threshold.to_dict() if isinstance(self.threshold, Threshold) else None,
            "unmet": self.threshold.reason if isinstance(self.threshold, Unmet) else None,
            "calibration": self.calibration.to_dict() if self.calibration else None,
        }


def refit(
    request: Request, session: Session, outcome: Outcome, kept: SelectedModel, comparison: Comparison | None, say: Say
) -> Refit:
    """Train each training of the kept model again on more pairs, to the same fraction of its steps.

    The schedule is the same, and it spans as many epochs. Test judges the result once if it was not trained on;
    nothing is chosen by that.

    Args:
        request: the run's request.
        session: with groups that take jobs.
        outcome: has the trainings.
        kept: the model that was selected; it was trained.
        comparison: has its predictions; None without a verdict.
        say: shows a line of progress.

    Raises:
        EvaluationError: a training failed, or a group was lost.
    """
    splits = splits_of(request)
    rows = training_rows(request.pairs, request.task, splits, request.options.seed)
    trainings = _trainings(outcome, kept)
    data = data_of_rows(request, rows, [record.settings for record in trainings.values()], request.pairs.table("dev"))
    jobs = [_job(session, record, data) for record in trainings.values()]
    doing = f"training {kept.name} again on {rows.num_rows:,} pairs of {' and '.join(splits)}"
    say(doing)
    reports = in_turns(
        session.able(),
        [(job, None) for job in jobs],
        lambda done, total: say(f"{doing}: {done} of {total} done"),
        last_report,
    )
    if errors := [f"{job.trial}: {report.error}" for job, report in zip(jobs, reports, strict=True) if report.error]:
        raise EvaluationError("; ".join(errors))
    states = dict(zip(trainings, (report.state for report in reports), strict=True))
    done = Refit(
        splits=splits,
        pairs=rows.num_rows,
        steps=tuple(report.metrics["steps"] for report in reports),
        state=_mixed(request, kept, states),
    )
    say(f"evaluating {REFIT}")
    return _decided(request, comparison, *_judged(request, session, kept, rows, done))


def splits_of(request: Request) -> tuple[str, ...]:
    """Return the splits that are trained on."""
    wanted = ("train", "dev") if request.options.refit == "dev" else ("train", "dev", "test")
    return tuple(split for split in wanted if split in request.pairs.splits)


def _trainings(outcome: Outcome, kept: SelectedModel) -> dict[str, TrialRecord]:
    """Return the trainings of the kept model, by their names in its parts."""
    records = {record.trial: record for record in outcome.records}
    assert kept.record is not None or kept.parts
    named = {name: records.get(name) or kept.record or outcome.best for name in kept.parts or [kept.name]}
    return {name: record for name, record in named.items() if record is not None and name != "base"}


def _job(session: Session, record: TrialRecord, data: Data) -> Job:
    job = replace(session.template, trial=f"{record.trial}-{REFIT}", settings=dict(record.settings))
    until = (record.best_steps or job.total_steps) / job.total_steps
    return replace(job, data=data, until=until, patience=None, assigned_at=time.time())


def _mixed(request: Request, kept: SelectedModel, states: Mapping[str, TrainingState]) -> TrainingState:
    if not kept.parts:
        return next(iter(states.values()))
    weights: dict[str, Weights] = {name: state.weights for name, state in states.items()}
    if "base" in kept.parts:
        weights["base"] = base_weights(request.base_of(kept.settings))
    return average([(weights[name], fraction) for name, fraction in kept.parts.items()])


def _judged(
    request: Request, session: Session, kept: SelectedModel, rows: pa.Table, done: Refit
) -> tuple[Refit, Predictions | None]:
    """Return the refit with its category vectors, if the kept model has some, and its predictions on test, if any."""
    is_judged = "test" not in done.splits and "test" in request.pairs.splits and not request.unjudged
    splits = {"test": [ray.put(request.pairs.table("test"))]} if is_judged else {}
    data, seed = session.template.data, request.options.seed
    job = EvaluationJob(
        trial=REFIT,
        kind=request.task.declared_kind.name,
        splits=splits,
        candidates=data.candidates,
        prompts=data.prompts,
        seed=seed,
    )
    if own := kept.settings.get(SETTING):
        job = of_base(own, job, data)
    if kept.vectors:
        sample = rows.take(pa.array(drawn(rows.num_rows, MOST_ROWS, seed)))
        job = replace(job, splits={"dev": data.dev, **splits}, ways=(kept.vectors.way,), train=[ray.put(sample)])
    elif not splits:
        return done, None
    (report,) = in_turns(session.able()[:1], [(job, done.state)], lambda _done, _total: None, best_report)
    if report.error is not None:
        raise EvaluationError(report.error)
    if kept.vectors:
        vectors: CategoryVectors = report.metrics[VECTORS]
        return replace(done, vectors=vectors), vectors.predictions.get("test")
    return done, report.metrics[PREDICTIONS]["test"]


def _decided(request: Request, comparison: Comparison | None, done: Refit, test: Predictions | None) -> Refit:
    """Return the refit with its comparison on test, and with threshold and probability from pairs that it predicts.

    These are the pairs that folds have held out or, without folds, those of dev, which the judged model has predicted.
    """
    if comparison is None:
        return done
    options, judged = request.options, comparison.selected
    if test is not None and "test" in judged:
        done = replace(done, test=compare({comparison.verdict.chosen: judged["test"], REFIT: test}, options.seed))
    held = comparison.folds.predictions.get(comparison.verdict.chosen) if comparison.folds else None
    deciding = {"dev": held or judged["dev"], **({"test": test} if test is not None else {})}
    threshold = threshold_of(deciding, options.seed, Purpose.parse(options.threshold or "f1"))
    decided_on = FROM_FOLDS if held else FROM_DEV
    if isinstance(threshold, Threshold):
        threshold = replace(threshold, rule=threshold.rule.replace("on dev", f"on {decided_on}"))
    if test is not None and done.test:
        rates = rates_at(test, threshold.value if isinstance(threshold, Threshold) else None)
        done.test.scores[REFIT].update(rates)
    calibration = calibration_of(deciding, options.seed)
    return replace(done, decided_on=decided_on if threshold else "", threshold=threshold, calibration=calibration)
