"""The search: Tune asks Optuna for settings, warm worker groups train them, ASHA stops the hopeless ones."""

import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import optuna
import ray
from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from reporting.records import TrialRecord
from tasks.common.space import Choice, Range, different_settings
from trainers.dev_predictions import PREDICTIONS_FOLDER
from trainers.finish import Found, undisturbed
from trainers.halving import Halving
from trainers.job import TrainingState
from trainers.progress import group_times
from trainers.search_plan import SearchPlan
from trainers.states import FOLDER, read_state, state_name
from trainers.trial import Trial, best_name
from trainers.watch import Estimate, Watch

TRIAL_ACTOR = {"memory": 300 * 2**20}
"""A trial's actor takes no CPU, its workers do; Tune asks for something, and this is what it holds in memory."""


def search(plan: SearchPlan, watch: Watch) -> Found:
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
    for folder in (FOLDER, PREDICTIONS_FOLDER):
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


def tuner(plan: SearchPlan, watch: Watch) -> tune.Tuner:
    """Tune, told what the plan says."""
    first = {name: plan.baseline[name] for name in plan.varied}
    mailboxes = {group.name: group.mailbox for group in plan.groups}
    trainable = tune.with_parameters(Trial, template=plan.template, mailboxes=mailboxes, baseline=first, run=plan.run)
    return tune.Tuner(
        tune.with_resources(trainable, TRIAL_ACTOR),
        tune_config=tune.TuneConfig(
            metric=best_name(plan.template.metric),
            mode="max",
            num_samples=plan.trials,
            max_concurrent_trials=len(plan.groups),
            time_budget_s=plan.minutes * 60 if plan.minutes else None,
            reuse_actors=True,
            search_alg=sampler(plan, first),
            scheduler=scheduler(plan, first),
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=plan.run.path,
            verbose=0,
            callbacks=[watch],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # its default writes one
        ),
    )


def sampler(plan: SearchPlan, first: dict[str, float]) -> OptunaSearch:
    """Optuna's TPE, the baseline first; running trials count as bad, so that concurrent ones do not repeat them.

    A space of no more settings than trials is tried whole: TPE would try some of them twice.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    seed = plan.template.seed
    chosen: optuna.samplers.BaseSampler = optuna.samplers.TPESampler(
        seed=seed, constant_liar=True, n_startup_trials=max(3, plan.trials // 4)
    )
    if plan.trials >= different_settings(plan.space):
        with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
            chosen = optuna.samplers.BruteForceSampler(seed=seed)
    space = {name: distribution(allowed) for name, allowed in plan.varied.items()}
    return OptunaSearch(
        space=space, metric=best_name(plan.template.metric), mode="max", sampler=chosen, points_to_evaluate=[first]
    )


def distribution(allowed: Range | Choice) -> optuna.distributions.BaseDistribution:
    """Optuna's word for it."""
    if isinstance(allowed, Choice):
        return optuna.distributions.CategoricalDistribution(allowed.values)
    return optuna.distributions.FloatDistribution(allowed.low, allowed.high, log=allowed.log)


def scheduler(plan: SearchPlan, first: Mapping[str, float]) -> TrialScheduler:
    """Halving, or every trial to its end."""
    return FIFOScheduler() if plan.scheduler == "fifo" else Halving(plan.first_rungs, first)


def found(plan: SearchPlan, watch: Watch, wall_s: float) -> Found:
    """The best trial by its best judgement of dev, the first of equals, and the baseline's; each with its state."""
    judged = [trial for trial, record in watch.records.items() if record.value is not None]
    ranked = sorted(judged, key=lambda trial: watch.records[trial].value or 0.0, reverse=True)
    baseline = next((t for t, r in watch.records.items() if _has(r.settings, plan.baseline)), None)
    best, state = saved(plan, watch, ranked)
    held, own = (baseline, state) if best == baseline else saved(plan, watch, [t for t in judged if t == baseline])
    return Found(
        records=list(watch.records.values()),
        best=watch.records[best] if best else None,
        metrics=watch.results[best] if best else {},
        state=state,
        baseline=watch.records[held] if held else None,
        baseline_metrics=watch.results[held] if held else {},
        baseline_state=own,
        notes=[
            *([] if held else [without_baseline(watch.records.get(baseline or ""))]),
            *(f"{group.name} took no further trials: {group.lost}" for group in plan.groups if group.lost),
        ],
        told=watch.told,
        untuned=ray.get(plan.board.untuned.remote()),
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
    return f"the baseline settings {why}: the search's best is held against the untuned base model alone"
