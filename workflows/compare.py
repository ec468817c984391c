"""After the last trial, on the same warm groups: base, baseline and best judged on dev and test; further seeds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import ray

from common.jsonable import finite
from common.run_folder import RunFolder
from evaluation import threshold
from evaluation.predictions import PairPredictions, Predictions
from evaluation.selection import States
from evaluation.verdict import ORDER, Verdict, confusion, verdict
from evaluation.yardsticks.fit import MOST_ROWS, sample
from reporting.findings import leaked
from reporting.live import Live
from tasks.common.declaration import SEEDS
from trainers.checkpoint import TrainingState
from trainers.dev_predictions import read_predictions
from trainers.groups.pool import evaluate_models, in_turns
from trainers.job import EvaluationJob
from workflows.outcome import Outcome
from workflows.request import Request
from workflows.session import Session

BASE, BASELINE, BEST = ORDER


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The verdict, and what follows from the model that is kept."""

    verdict: Verdict
    threshold: threshold.Threshold | None
    """For pairs labelled 0 and 1."""
    seeds: dict[str, list[float]]
    """Model -> dev's metric of its settings with other seeds, in the order of the seeds."""
    leaks: tuple[str, ...] = ()
    """What the audit says of texts that stand in two splits: all scores promise too much then."""

    def to_dict(self) -> dict[str, Any]:
        """verdict.json."""
        found = self.threshold.to_dict() if self.threshold else None
        more = {"threshold": found, "seeds": self.seeds, "leaks": list(self.leaks)}
        values: dict[str, Any] = finite({**self.verdict.to_dict(), **more})
        return values


def compare(request: Request, started: Session, found: Outcome, live: Live) -> Comparison | None:
    """Evaluate what there is to choose from; None where nothing was trained.

    Raises:
        EvaluationError: a group was lost, or a model gives no finite embeddings.
    """
    models = candidates(found)
    if len(models) < 2:
        return None
    for line in request.warnings():
        live.say(line)
    seeds = other_seeds(request, started, found, live) if request.options.repeat_seeds else {}
    what = _judging(request, started)
    live.header([_line(models, what, 0)])
    judged, yardsticks = evaluate_models(
        started.able(),
        models,
        what,
        lambda done, _: live.header([_line(models, what, done)]),
    )
    keep = list(models)[-1] if request.options.export == "best" else request.options.export
    states = judged_states(RunFolder(request.options.run), found)
    live.header([f"weighing {states.number} states that dev has judged"])
    made = verdict(judged, request.options.seed, keep if keep in models else None, states, yardsticks)
    kept = {split: each[made.chosen] for split, each in judged.items()}
    return Comparison(
        verdict=_with_confusion(made, kept),
        threshold=_threshold(kept, request.options.seed),
        seeds=seeds,
        leaks=tuple(leak for each in request.audit.findings if (leak := leaked(each.to_dict()))),
    )


def candidates(found: Outcome) -> dict[str, TrainingState | None]:
    """Name -> state, from the simplest; a baseline that won is the baseline."""
    models: dict[str, TrainingState | None] = {BASE: None}
    if found.baseline_state is not None:
        models[BASELINE] = found.baseline_state
    if found.state is not None and found.best is not found.baseline:
        models[BEST] = found.state
    return models


def judged_states(run: RunFolder, found: Outcome) -> States:
    """Every state that dev has judged, those of the baseline apart."""
    trainings = read_predictions(run)
    baseline = trainings.pop(found.baseline_metrics.get("training", ""), [])
    others = [state for states in trainings.values() for state in states]
    trials = max(len(trainings), len(found.records) - 1)
    return States(baseline=baseline, others=others, trials=trials, reported=found.told)


def other_seeds(request: Request, started: Session, found: Outcome, live: Live) -> dict[str, list[float]]:
    """Dev's metric of baseline and best, trained again to the end with the next seeds."""
    records = {BASELINE: found.baseline, BEST: found.best if found.best is not found.baseline else None}
    settings = {name: record.settings for name, record in records.items() if record is not None}
    seeds = [(request.options.seed + step) % SEEDS for step in range(1, request.options.repeat_seeds + 1)]
    jobs = [
        replace(
            started.template,
            trial=f"{name}-seed-{seed}",
            settings=dict(own),
            seed=seed,
            assigned_at=time.time(),
        )
        for name, own in settings.items()
        for seed in seeds
    ]
    said = f"training {' and '.join(settings)} with {len(seeds)} more seeds"
    live.header([f"{said}: 0 of {len(jobs)} done"])
    reports = in_turns(
        started.able(),
        [(job, None) for job in jobs],
        lambda done, total: live.header([f"{said}: {done} of {total} done"]),
    )
    values = [report.metrics.get(job.metric) for job, report in zip(jobs, reports, strict=True)]
    return {
        name: [value for value in values[place * len(seeds) : (place + 1) * len(seeds)] if value is not None]
        for place, name in enumerate(settings)
    }


def _judging(request: Request, started: Session) -> EvaluationJob:
    data = started.template.data
    splits = {"dev": data.dev}
    if "test" in request.pairs.splits and not request.unjudged:
        splits["test"] = [ray.put(request.pairs.table("test"))]
    return EvaluationJob(
        trial="",
        kind=request.task.declared_kind.name,
        splits=splits,
        candidates=data.candidates,
        prompts=data.prompts,
        train=[ray.put(sample(request.pairs.table("train"), MOST_ROWS, request.options.seed))],
        seed=request.options.seed,
    )


def _threshold(kept: Mapping[str, Predictions], seed: int) -> threshold.Threshold | None:
    dev, test = kept["dev"], kept.get("test")
    if not isinstance(dev, PairPredictions) or not dev.declared.threshold:
        return None
    return threshold.choose(dev, test if isinstance(test, PairPredictions) else None, seed)


def _with_confusion(made: Verdict, kept: Mapping[str, Predictions]) -> Verdict:
    splits = {name: replace(split, confusion=confusion(kept[name])) for name, split in made.splits.items()}
    return replace(made, splits=splits)


def _line(models: Mapping[str, Any], what: EvaluationJob, done: int) -> str:
    return f"judging {', '.join(models)} on {' and '.join(what.splits)}: {done} of {len(models)} done"
