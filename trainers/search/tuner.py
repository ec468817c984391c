"""Set up Ray Tune for a search: Optuna samples settings, warm worker groups train them, ASHA stops weak trials."""

import warnings
from collections.abc import Sequence
from typing import Any

import optuna
from ray import tune
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from common.run_folder import TUNE
from common.space import Choice, Range, Settings, Space, different_settings
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
    first = searched(plan, plan.baseline)
    mailboxes = {group.name: group.mailbox for group in plan.groups}
    trainable = tune.with_parameters(
        Trial, template=plan.template, mailboxes=mailboxes, baseline=first, run=plan.run, shared=plan.shared
    )
    return tune.Tuner(
        tune.with_resources(trainable, TRIAL_ACTOR),
        tune_config=tune.TuneConfig(
            metric=best_name(plan.template),
            mode="max",
            num_samples=plan.trials,
            max_concurrent_trials=len(plan.groups),
            time_budget_s=plan.minutes * 60 if plan.minutes else None,
            reuse_actors=True,
            search_alg=sampler(plan),
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


def searched(plan: SearchPlan, settings: Settings) -> dict[str, Any]:
    """Return the settings of a trial that are searched: those that Tune knows."""
    return {name: settings[name] for name in plan.varied}


def sampler(plan: SearchPlan) -> OptunaSearch:
    """Return Optuna's TPE, with the baseline and the defaults of each loss first.

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
    first = [searched(plan, settings) for settings in plan.first_trials[: plan.trials]]
    return OrderedSearch(plan.varied, metric=best_name(plan.template), sampler=chosen, first=first)


class OrderedSearch(OptunaSearch):  # type: ignore[misc]  # Ray ships no types for it
    """Sample a choice among numbers by its place: categories have no order, and TPE would not see that 16 is near 32.

    Args:
        space: the searched settings.
        metric: to maximise.
        sampler: of Optuna.
        first: settings to try first.
    """

    def __init__(
        self, space: Space, *, metric: str, sampler: optuna.samplers.BaseSampler, first: Sequence[Settings]
    ) -> None:
        self.places = {
            name: sorted(allowed.values)
            for name, allowed in space.items()
            if isinstance(allowed, Choice) and not any(isinstance(value, str) for value in allowed.values)
        }
        super().__init__(
            space={name: distribution(allowed) for name, allowed in space.items()},
            metric=metric,
            mode="max",
            sampler=sampler,
            points_to_evaluate=[self._placed(settings) for settings in first],
        )

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return the next settings."""
        sampled = super().suggest(trial_id)
        places = {name: self.places[name][sampled[name]] for name in self.places} if sampled else {}
        return sampled and {**sampled, **places}

    def _placed(self, settings: Settings) -> dict[str, Any]:
        places = {name: values.index(settings[name]) for name, values in self.places.items()}
        return {**settings, **places}


def distribution(allowed: Range | Choice) -> optuna.distributions.BaseDistribution:
    """Return the Optuna distribution of a range, of the place in a choice among numbers, or of a choice with words."""
    if isinstance(allowed, Range):
        return optuna.distributions.FloatDistribution(allowed.low, allowed.high, log=allowed.log)
    if any(isinstance(value, str) for value in allowed.values):
        return optuna.distributions.CategoricalDistribution(allowed.values)
    return optuna.distributions.IntDistribution(0, len(allowed.values) - 1)


def scheduler(plan: SearchPlan, first: Settings) -> TrialScheduler:
    """Return halving, or FIFO, which trains every trial to its end."""
    return FIFOScheduler() if plan.scheduler == "fifo" else Halving(plan.first_rungs, first, plan.shared)
