"""The search: Tune asks Optuna for settings, warm worker groups train them, ASHA stops the hopeless ones."""

import time
from collections.abc import Mapping
from typing import Any

import optuna
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from tasks.common.space import Choice, Range
from trainers.finish import Found
from trainers.job import TrainingState
from trainers.progress import group_times
from trainers.search_plan import SearchPlan
from trainers.trial import Trial, read_state
from trainers.watch import Estimate, Watch

REDUCTION_FACTOR = 2
"""ASHA keeps the better half at each rung: with the few epochs of fine-tuning a larger factor leaves one rung."""

TRIAL_ACTOR = {"memory": 300 * 2**20}
"""A trial's actor takes no CPU, its workers do; Tune asks for something, and this is what it holds in memory."""


class BaselineToItsEnd(ASHAScheduler):
    """ASHA that never stops the baseline: what the winner is held against is no half-trained model."""

    def __init__(self, baseline: Mapping[str, float], max_epochs: float, grace_epochs: float) -> None:
        super().__init__(
            time_attr="epoch", max_t=max_epochs, grace_period=grace_epochs, reduction_factor=REDUCTION_FACTOR
        )
        self.baseline = dict(baseline)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """ASHA's decision, which counts the baseline, too."""
        decision = super().on_trial_result(tune_controller, trial, result)
        return self.CONTINUE if trial.config == self.baseline else decision


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
    if plan.minutes:
        watch.live.budget(plan.minutes * 60)
    try:
        results = tuner(plan, watch).fit()
    finally:
        estimate.ended.set()
        watch.close()
    return found(plan, watch, results, time.monotonic() - began)


def tuner(plan: SearchPlan, watch: Watch) -> tune.Tuner:
    """Tune, told what the plan says."""
    first = {name: plan.baseline[name] for name in plan.varied}
    mailboxes = {group.name: group.mailbox for group in plan.groups}
    trainable = tune.with_parameters(Trial, template=plan.template, mailboxes=mailboxes, baseline=first)
    return tune.Tuner(
        tune.with_resources(trainable, TRIAL_ACTOR),
        tune_config=tune.TuneConfig(
            metric=plan.template.metric,
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
            checkpoint_config=tune.CheckpointConfig(
                num_to_keep=1,
                checkpoint_score_attribute=plan.template.metric,
                checkpoint_score_order="max",
            ),
        ),
    )


def sampler(plan: SearchPlan, first: dict[str, float]) -> OptunaSearch:
    """Optuna's TPE, the baseline first; running trials count as bad, so that concurrent ones do not repeat them."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    tpe = optuna.samplers.TPESampler(
        seed=plan.template.seed, constant_liar=True, n_startup_trials=max(3, plan.trials // 4)
    )
    space = {name: distribution(allowed) for name, allowed in plan.varied.items()}
    return OptunaSearch(
        space=space, metric=plan.template.metric, mode="max", sampler=tpe, points_to_evaluate=[first] if first else None
    )


def distribution(allowed: Range | Choice) -> optuna.distributions.BaseDistribution:
    """Optuna's word for it."""
    if isinstance(allowed, Choice):
        return optuna.distributions.CategoricalDistribution(allowed.values)
    return optuna.distributions.FloatDistribution(allowed.low, allowed.high, log=allowed.log)


def scheduler(plan: SearchPlan, first: Mapping[str, float]) -> TrialScheduler:
    """ASHA over epochs seen, from the first judgement of dev on, or every trial to its end."""
    if plan.scheduler == "fifo":
        return FIFOScheduler()
    return BaselineToItsEnd(first, plan.max_epochs, 1 / plan.template.reports_per_epoch)


def found(plan: SearchPlan, watch: Watch, results: tune.ResultGrid, wall_s: float) -> Found:
    """The best trial by its best judgement of dev, and its checkpoint."""
    records = list(watch.records.values())
    judged = {trial: record for trial, record in watch.records.items() if record.value is not None}
    best = max(judged, key=lambda trial: judged[trial].value or 0.0, default=None)
    baseline = next((t for t, r in watch.records.items() if _has(r.settings, plan.baseline)), None)
    return Found(
        records=records,
        best=judged[best] if best else None,
        metrics=watch.results[best] if best else {},
        state=checkpoint(results, best, plan.template.metric) if best else None,
        baseline=watch.records[baseline] if baseline else None,
        baseline_metrics=watch.results.get(baseline, {}) if baseline else {},
        baseline_state=checkpoint(results, baseline, plan.template.metric) if baseline in judged else None,
        untuned=ray.get(plan.board.untuned.remote()),
        wall_s=wall_s,
        group_times=group_times(plan.board, {group.name: group.began for group in plan.groups}),
        interrupted=watch.interrupted,
    )


def _has(settings: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return all(settings[name] == value for name, value in wanted.items())


def checkpoint(results: tune.ResultGrid, trial: str, metric: str) -> TrainingState | None:
    """The best checkpoint of a trial."""
    result = next(each for each in results if (each.metrics or {}).get("trial_id") == trial)
    best = result.get_best_checkpoint(metric, "max")
    if best is None:
        return None
    with best.as_directory() as folder:
        return read_state(folder)
