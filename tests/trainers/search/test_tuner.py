"""Test what Tune and Optuna are given: the sampler, its space, and what is written where."""

import itertools
from pathlib import Path
from typing import Any

import optuna
import pytest
from ray import tune
from ray.tune.schedulers import FIFOScheduler

from common.run_folder import TUNE, RunFolder
from common.space import Choice, Range
from tests.trainers.cases import BARE_JOB
from tests.trainers.search.cases import BASELINE, plan
from trainers.search.halving import Halving
from trainers.search.plan import SearchPlan
from trainers.search.tuner import distribution, sampler, scheduler, tuner


def suggested(plan: SearchPlan, count: int) -> list[dict[str, float]]:
    """Return the settings of the first trials, each of which ends before the next one begins."""
    search = sampler(plan)
    settings = []
    for number in range(count):
        settings.append({**plan.fixed, **(search.suggest(str(number)) or {})})
        if number:
            search.on_trial_complete(str(number - 1), {search.metric: 0.1, "training_iteration": 1})
    return settings


@pytest.mark.parametrize(("margins", "epochs"), [((0.3, 0.5, 0.7), (1.0, 2.0)), ((0.5,), (2.0,))])
def test_a_small_space_is_tried_whole_and_each_setting_once(
    margins: tuple[float, ...], epochs: tuple[float, ...]
) -> None:
    space = {"margin": Choice(values=margins), "epochs": Choice(values=epochs)}
    count = len(margins) * len(epochs)
    small = plan(space=space, first_trials=[{"margin": 0.5, "epochs": 2.0}], trials=count)
    tried = suggested(small, count)
    assert tried[0] == small.baseline
    assert {(own["margin"], own["epochs"]) for own in tried} == set(itertools.product(margins, epochs))


def test_a_large_space_begins_with_the_baseline_and_depends_on_the_seed_alone() -> None:
    large = plan(
        space={"margin": Range(low=0.1, high=0.9), "epochs": Choice(values=(1.0,))},
        first_trials=[{**BASELINE, "epochs": 1.0}],
    )
    tried = suggested(large, 8)
    assert tried[0] == large.baseline
    assert len({own["margin"] for own in tried}) == 8
    assert all(0.1 <= own["margin"] <= 0.9 for own in tried)
    assert suggested(large, 8) == tried


def test_ranges_and_choices_become_optunas_distributions() -> None:
    assert distribution(Choice(values=("a", "b"))) == optuna.distributions.CategoricalDistribution(("a", "b"))
    assert distribution(Choice(values=(8.0, 16.0, 32.0))) == optuna.distributions.IntDistribution(0, 2)
    for log in (True, False):
        expected = optuna.distributions.FloatDistribution(1e-5, 1e-3, log=log)
        assert distribution(Range(low=1e-5, high=1e-3, log=log)) == expected


def test_fifo_stops_no_trial_and_asha_those_of_halving() -> None:
    space = {"epochs": Choice(values=(1.0, 2.0)), "warmup_ratio": Range(low=0.0, high=0.1)}
    assert type(scheduler(plan(space=space, scheduler="fifo"), BASELINE)) is FIFOScheduler
    assert set(scheduler(plan(space=space), BASELINE).by_epochs) == {1.0, 2.0}
    assert type(scheduler(plan(space=space), BASELINE)) is Halving


@pytest.mark.parametrize(("minutes", "seconds"), [(1.5, 90), (None, None)])
def test_sampler_and_scheduler_compare_the_best_value_so_far(
    minutes: float | None, seconds: float | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial that got worse again has the value of its best state, which is the one exported."""
    monkeypatch.setattr(tune, "Tuner", lambda trainable, **given: given)
    space = {"margin": Choice(values=(0.5,)), "epochs": Choice(values=(1.0,)), "warmup_ratio": Choice(values=(0.1,))}
    baseline, run = {"margin": 0.5, "epochs": 1.0, "warmup_ratio": 0.1}, RunFolder(str(tmp_path))
    given: Any = tuner(plan(space=space, first_trials=[baseline], minutes=minutes, run=run), tune.Callback())
    search, folder = given["tune_config"], given["run_config"]
    assert search.metric == search.search_alg.metric == f"best_{BARE_JOB.metric}"
    assert (search.mode, search.num_samples, search.time_budget_s) == ("max", 8, seconds)
    assert (folder.name, folder.storage_path) == (TUNE, str(tmp_path))
