"""Run a search from its plan to its outcome, with its best trial."""

import time
from collections.abc import Sequence
from dataclasses import replace

import ray

from common.base_names import SETTING
from common.run_folder import PREDICTIONS, STATES, RunFolder
from common.space import Settings, Space
from reporting.trials import TrialRecord
from tasks.common.losses import active
from trainers.checkpoint import TrainingState, read_state, state_name
from trainers.search.plan import SearchPlan
from trainers.search.retention import BEST_TRIALS
from trainers.search.tuner import tuner
from workflows.budget import TimePlan
from workflows.finish import undisturbed
from workflows.options import Options
from workflows.outcome import Outcome
from workflows.session import Session
from workflows.tracker import Estimate, Watch


def plan_of(
    options: Options, space: Space, first_trials: Sequence[Settings], run: RunFolder, session: Session, budget: TimePlan
) -> SearchPlan:
    """Return the plan of a search on the session's groups."""
    return SearchPlan(
        run=run,
        template=session.template,
        groups=session.groups,
        board=session.board,
        space=space,
        first_trials=first_trials,
        trials=options.trials,
        minutes=budget.search_s / 60 if budget.search_s else None,
        epochs=budget.epochs,
        scheduler=options.scheduler,
    )


def search(plan: SearchPlan, watch: Watch) -> Outcome:
    """Run the search until its trials, its time budget or its user end it; return the outcome so far in every case."""
    began = time.monotonic()
    estimate = Estimate(
        plan.board,
        watch,
        lambda settings: settings["epochs"] * plan.template.data.read_by(settings).num_rows,
        [plan.shared.complete(settings) for settings in plan.first_trials],
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
    except KeyboardInterrupt:  # Tune handles the first one and cleans up; a second one ends that, too
        hurried = True
    finally:
        estimate.ended.set()
        with undisturbed():
            watch.close()
    with undisturbed():
        return replace(outcome_of(plan, watch, time.monotonic() - began), hurried=hurried)


def outcome_of(plan: SearchPlan, watch: Watch, wall_s: float) -> Outcome:
    """Return the outcome: the best trial by its best evaluation on dev, the first of equals, and the baseline."""
    values = {trial: record.compared for trial, record in watch.records.items() if record.compared is not None}
    evaluated = list(values)
    ranked = sorted(evaluated, key=lambda trial: values[trial], reverse=True)
    baseline_settings = active(plan.shared.complete(plan.baseline))
    first = next((trial for trial, record in watch.records.items() if record.settings == baseline_settings), None)
    best, state = first_readable(plan, watch, ranked)
    if best == first:
        baseline, baseline_state = best, state
    else:
        baseline, baseline_state = first_readable(plan, watch, [trial for trial in evaluated if trial == first])
    return Outcome(
        records=list(watch.records.values()),
        best=watch.records[best] if best else None,
        metrics=watch.results[best] if best else {},
        state=state,
        baseline=watch.records[baseline] if baseline else None,
        baseline_metrics=watch.results[baseline] if baseline else {},
        baseline_state=baseline_state,
        baseline_settings=baseline_settings,
        states={
            watch.records[trial].trial: state_name(trial, watch.records[trial].best_steps or 0)
            for trial in ranked[:BEST_TRIALS]
            if best and _base(watch.records[trial]) == _base(watch.records[best])
        },
        notes=[
            *([] if baseline else [without_baseline(watch.records.get(first or ""))]),
            *(f"{group.name} took no further trials: {group.lost}" for group in plan.groups if group.lost),
        ],
        evaluations=watch.evaluations,
        base_metrics=ray.get(plan.board.get_base_scores.remote()),
        wall_s=wall_s,
        interrupted=watch.interrupted,
    )


def _base(record: TrialRecord) -> str | None:
    return record.settings.get(SETTING)


def first_readable(plan: SearchPlan, watch: Watch, trials: Sequence[str]) -> tuple[str | None, TrainingState | None]:
    """Return the first of these trials whose state can be read, and that state; (None, None) if there is none."""
    for trial in trials:
        record = watch.records[trial]
        try:
            return trial, read_state(plan.run, state_name(trial, record.best_steps or 0))
        except Exception as error:  # a damaged pickle can raise any error
            watch.live.say(f"warning: {record.trial}: its state cannot be read, so it is not exported: {error}")
    return None, None


def without_baseline(record: TrialRecord | None) -> str:
    """Return the note on a verdict without the baseline settings.

    Args:
        record: the baseline's trial, None if it did not start.
    """
    why = "were not evaluated before the search ended"
    if record is not None and record.state == "failed":
        why = f"failed ({record.error})"
    elif record is not None and record.value is not None:
        why = "have no state that can be read"
    return f"the baseline settings {why}: the search's best is compared with the base model alone"
