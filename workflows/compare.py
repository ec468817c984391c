"""After the last trial, on the same warm groups: base, baseline and winner judged on dev and test; further seeds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import ray

from common.jsonable import finite
from common.run_folder import RunFolder
from evaluation import threshold
from evaluation.predictions import Judged, JudgedPairs
from evaluation.selection import States
from evaluation.verdict import ORDER, Verdict, confusion, verdict
from reporting.findings import leaked
from reporting.live import Live
from tasks.common.declaration import SEEDS
from trainers.checkpoint import TrainingState
from trainers.dev_predictions import read_predictions
from trainers.groups.pool import in_turns, judge_models
from trainers.job import Judging
from workflows.outcome import Found
from workflows.request import Request
from workflows.session import Started

BASE, BASELINE, WINNER = ORDER


@dataclass(frozen=True, kw_only=True)
class Weighed:
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


def weigh(asked: Request, started: Started, found: Found, live: Live) -> Weighed | None:
    """Judge what there is to choose from; None where nothing was trained.

    Raises:
        NotJudged: a group was lost, or a model gives no finite embeddings.
    """
    models = candidates(found)
    if len(models) < 2:
        return None
    for line in asked.warnings():
        live.say(line)
    seeds = other_seeds(asked, started, found, live) if asked.options.seeds else {}
    what = _judging(asked, started)
    live.header([_line(models, what, 0)])
    judged = judge_models(
        started.able(),
        models,
        what,
        lambda done, _: live.header([_line(models, what, done)]),
    )
    keep = list(models)[-1] if asked.options.export == "winner" else asked.options.export
    states = judged_states(RunFolder(asked.options.run), found)
    live.header([f"weighing {states.number} states that dev has judged"])
    made = verdict(judged, asked.options.seed, keep if keep in models else None, states)
    kept = {split: each[made.chosen] for split, each in judged.items()}
    return Weighed(
        verdict=_with_confusion(made, kept),
        threshold=_threshold(kept, asked.options.seed),
        seeds=seeds,
        leaks=tuple(leak for each in asked.audit.findings if (leak := leaked(each.to_dict()))),
    )


def candidates(found: Found) -> dict[str, TrainingState | None]:
    """Name -> state, from the simplest; a baseline that won is the baseline."""
    models: dict[str, TrainingState | None] = {BASE: None}
    if found.baseline_state is not None:
        models[BASELINE] = found.baseline_state
    if found.state is not None and found.best is not found.baseline:
        models[WINNER] = found.state
    return models


def judged_states(run: RunFolder, found: Found) -> States:
    """Every state that dev has judged, those of the baseline apart."""
    trainings = read_predictions(run)
    baseline = trainings.pop(found.baseline_metrics.get("training", ""), [])
    others = [state for states in trainings.values() for state in states]
    trials = max(len(trainings), len(found.records) - 1)
    return States(baseline=baseline, others=others, trials=trials, told=found.told)


def other_seeds(asked: Request, started: Started, found: Found, live: Live) -> dict[str, list[float]]:
    """Dev's metric of baseline and winner, trained again to the end with the next seeds."""
    records = {BASELINE: found.baseline, WINNER: found.best if found.best is not found.baseline else None}
    settings = {name: record.settings for name, record in records.items() if record is not None}
    seeds = [(asked.options.seed + step) % SEEDS for step in range(1, asked.options.seeds + 1)]
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
    found_values = [report.metrics.get(job.metric) for job, report in zip(jobs, reports, strict=True)]
    return {
        name: [value for value in found_values[place * len(seeds) : (place + 1) * len(seeds)] if value is not None]
        for place, name in enumerate(settings)
    }


def _judging(asked: Request, started: Started) -> Judging:
    data = started.template.data
    splits = {"dev": data.dev}
    if "test" in asked.pairs.splits and not asked.unjudged:
        splits["test"] = [ray.put(asked.pairs.table("test"))]
    return Judging(trial="", kind=asked.task.kind, splits=splits, candidates=data.candidates, prompts=data.prompts)


def _threshold(kept: Mapping[str, Judged], seed: int) -> threshold.Threshold | None:
    dev, test = kept["dev"], kept.get("test")
    if not isinstance(dev, JudgedPairs) or dev.kind != "binary":
        return None
    return threshold.choose(dev, test if isinstance(test, JudgedPairs) else None, seed)


def _with_confusion(made: Verdict, kept: Mapping[str, Judged]) -> Verdict:
    splits = {name: replace(split, confusion=confusion(kept[name])) for name, split in made.splits.items()}
    return replace(made, splits=splits)


def _line(models: Mapping[str, Any], what: Judging, done: int) -> str:
    return f"judging {', '.join(models)} on {' and '.join(what.splits)}: {done} of {len(models)} done"
