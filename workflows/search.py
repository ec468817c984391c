"""A search from its plan to its outcome: run it, follow it, and find its best trial."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import ray

from common.run_folder import PREDICTIONS, STATES, RunFolder
from common.space import Space
from reporting.trials import TrialRecord
from trainers.checkpoint import TrainingState, read_state, state_name
from trainers.groups.board import group_times
from trainers.search.plan import SearchPlan
from trainers.search.tuner import tuner
from workflows.finish import undisturbed
from workflows.options import Options
from workflows.outcome import Outcome
from workflows.session import Session
from workflows.tracker import Estimate, Watch


def plan_of(
    options: Options, space: Space, baseline: Mapping[str, float], run: RunFolder, session: Session
) -> SearchPlan:
    """Return what to search, on the groups that were started for it."""
    return SearchPlan(
        run=run,
        template=session.template,
        groups=session.groups,
        board=session.board,
        space=space,
        baseline=dict(baseline),
        trials=options.trials,
        minutes=options.minutes,
        scheduler=options.scheduler,
    )


def search(plan: SearchPlan, watch: Watch) -> Outcome:
    """Run the search until its trials, its minutes or its user end it; the best so far is returned in every case."""
    began = time.monotonic()
    estimate = Estimate(
        plan.board,
        watch,
        plan.max_epochs * plan.template.data.train.num_rows,
        plan.trials,
        len(plan.groups),
    )
    estimate.start()
    hurried = False
    if plan.minutes:
        watch.live.budget(plan.minutes * 60)
    for folder in (STATES, PREDICTIONS):
        plan.run.create_folder(folder)
    try:
        tuner(plan, watch).fit()
    except KeyboardInterrupt:  # Tune takes the first and tidies up; this one ends that, too
        hurried = True
    finally:
        estimate.ended.set()
        with undisturbed():
            watch.close()
    with undisturbed():
        return replace(found(plan, watch, time.monotonic() - began), hurried=hurried)


def found(plan: SearchPlan, watch: Watch, wall_s: float) -> Outcome:
    """The best trial by its best judgement of dev, the first of equals, and the baseline's; each with its state."""
    judged = [trial for trial, record in watch.records.items() if record.value is not None]
    ranked = sorted(judged, key=lambda trial: watch.records[trial].value or 0.0, reverse=True)
    baseline = next((t for t, r in watch.records.items() if _has(r.settings, plan.baseline)), None)
    best, state = saved(plan, watch, ranked)
    held, own = (baseline, state) if best == baseline else saved(plan, watch, [t for t in judged if t == baseline])
    return Outcome(
        records=list(watch.records.values()),
        best=watch.records[best] if best else None,
        metrics=watch.results[best] if best else {},
        state=state,
        baseline=watch.records[held] if held else None,
        baseline_metrics=watch.results[held] if held else {},
        baseline_state=own,
        baseline_settings=plan.baseline,
        notes=[
            *([] if held else [without_baseline(watch.records.get(baseline or ""))]),
            *(f"{group.name} took no further trials: {group.lost}" for group in plan.groups if group.lost),
        ],
        told=watch.told,
        base_metrics=ray.get(plan.board.get_base_scores.remote()),
        wall_s=wall_s,
        group_times=group_times(plan.board, {group.name: group.began for group in plan.groups}),
        interrupted=watch.interrupted,
    )


def _has(settings: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return all(settings[name] == value for name, value in wanted.items())


def saved(plan: SearchPlan, watch: Watch, trials: Sequence[str]) -> tuple[str | None, TrainingState | None]:
    """The first of these trials whose state can be read: one that cannot must not lose the others."""
    for trial in trials:
        record = watch.records[trial]
        try:
            return trial, read_state(plan.run, state_name(trial, record.best_steps or 0))
        except Exception as error:  # a damaged pickle raises whatever it holds
            watch.live.say(f"warning: {record.trial}: its state cannot be read, so it is not exported: {error}")
    return None, None


def without_baseline(record: TrialRecord | None) -> str:
    """Why the verdict goes without the baseline settings."""
    why = "were not judged before the search ended"
    if record is not None and record.state == "failed":
        why = f"failed ({record.error})"
    elif record is not None and record.value is not None:
        why = "have no state that can be read"
    return f"the baseline settings {why}: the search's best is held against the base model alone"
