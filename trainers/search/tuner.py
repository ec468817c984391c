"""Set up Ray Tune for a search: Optuna samples settings, warm worker groups train them, ASHA stops weak trials."""

import warnings
from collections.abc import Mapping

import optuna
from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from common.run_folder import TUNE
from common.space import Choice, Range, different_settings
from trainers.search.halving import Halving
from trainers.search.plan import SearchPlan
from trainers.search.trial import Trial, best_name

TRIAL_ACTOR = {"memory": 300 * 2**20}
"""A trial's actor takes no CPU, its workers do. Tune needs a resource, and the actor holds so much memory."""


def tuner(plan: SearchPlan, callback: tune.Callback) -> tune.Tuner:
    """Return a Tuner for the plan.

    Args:
        plan: space, groups, budget and scheduler.
        callback: is called with every trial and its results.
    """
    first = {name: plan.baseline[name] for name in plan.varied}
    mailboxes = {group.name: group.mailbox for group in plan.groups}
    trainable = tune.with_parameters(Trial, template=plan.template, mailboxes=mailboxes, baseline=first, run=plan.run)
    return tune.Tuner(
        tune.with_resources(trainable, TRIAL_ACTOR),
        tune_config=tune.TuneConfig(
            metric=best_name(plan.template),
            mode="max",
            num_samples=plan.trials,
            max_concurrent_trials=len(plan.groups),
            time_budget_s=plan.minutes * 60 if plan.minutes else None,
            reuse_actors=True,
            search_alg=sampler(plan, first),
            scheduler=scheduler(plan, first),
        ),
        run_config=tune.RunConfig(
            name=TUNE,
            storage_path=plan.run.path,
            verbose=0,
            callbacks=[callback],
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # its default writes one
        ),
    )


def sampler(plan: SearchPlan, first: dict[str, float]) -> OptunaSearch:
    """Return Optuna's TPE, with the baseline first.

    Running trials count as bad, so that concurrent ones do not repeat them. A space with no more settings than trials
    is tried exhaustively: TPE would try some of them twice.
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
        space=space, metric=best_name(plan.template), mode="max", sampler=chosen, points_to_evaluate=[first]
    )


def distribution(allowed: Range | Choice) -> optuna.distributions.BaseDistribution:
    """Return the Optuna distribution for a Range or Choice."""
    if isinstance(allowed, Choice):
        return optuna.distributions.CategoricalDistribution(allowed.values)
    return optuna.distributions.FloatDistribution(allowed.low, allowed.high, log=allowed.log)


def scheduler(plan: SearchPlan, first: Mapping[str, float]) -> TrialScheduler:
    """Return halving, or FIFO, which trains every trial to its end."""
    return FIFOScheduler() if plan.scheduler == "fifo" else Halving(plan.first_rungs, first)
