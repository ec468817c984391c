"""What a training or a search leaves behind: the best model with its card, result.json, and a summary to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reporting.records import TrialRecord, count_states
from reporting.run_folder import RunFolder
from reporting.summary import RunResult, outcome_dict
from trainers.job import TrainingState
from trainers.request import Request


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a training or a search reached, before it is written down."""

    records: Sequence[TrialRecord]
    best: TrialRecord | None
    metrics: Mapping[str, Any]
    """Of the best judgement of dev, with the training log up to it; empty where none was reached."""
    state: TrainingState | None
    baseline: TrialRecord | None
    untuned: Mapping[str, float]
    wall_s: float
    group_times: Mapping[str, Mapping[str, float]]
    """Worker group -> phase -> seconds (trainers/progress.py)."""
    interrupted: bool = False
    """Ended by its user or its budget: what has not finished could still be taken up."""


def finish(asked: Request, run: RunFolder, found: Found) -> RunResult:
    """Write RUN/best and RUN/result.json."""
    result = RunResult(
        task=asked.task.name,
        run=run.shown,
        metric=asked.task.metric,
        untuned=found.untuned.get(asked.task.metric),
        baseline=found.baseline.value if found.baseline else None,
        best=found.best.value if found.best else None,
        best_trial=found.best.trial if found.best else None,
        best_epoch=found.best.epoch if found.best else None,
        baseline_epoch=found.baseline.epoch if found.baseline else None,
        best_settings=found.best.settings if found.best else {},
        baseline_settings=dict(asked.baseline),
        model=f"{run.shown}/best" if found.state else None,
        states=count_states(found.records),
        wall_s=found.wall_s,
        group_times=found.group_times,
    )
    if found.state:
        from trainers.export import export  # takes seconds to import: trainers/start.py begins it early

        export(asked, run, result, found)
    run.write_json("result.json", outcome_dict(result))
    return result
