"""Test which trials are stopped early, never the baseline and with fifo none, and the outcome of a search."""

import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.tune.schedulers import TrialScheduler

from common.run_folder import STATES, RunFolder
from common.space import Choice, Range, Space
from reporting.live import Live
from reporting.trial_log import TrialLog
from tests.trainers.cases import BARE_JOB
from trainers.checkpoint import TrainingState, state_name, write_state
from trainers.search.plan import SearchPlan
from trainers.search.tuner import sampler, scheduler
from workflows.options import Options
from workflows.outcome import Outcome
from workflows.search import found, plan_of
from workflows.tracker import Watch

BASELINE, OTHER = {"margin": 0.5}, {"margin": 0.7}


def of_search(
    *epochs: float, warmup: tuple[float, float] = (0.0, 0.2), baseline: dict[str, float] = BASELINE, **asked: Any
) -> TrialScheduler:
    """Return the scheduler of a search over trainings of these epochs."""
    options = Options(task="t", data="d", run="r", base_model="b", **asked)
    started: Any = SimpleNamespace(template=replace(BARE_JOB, reports=4), groups=[], board=None)
    space: Space = {"epochs": Choice(values=epochs), "warmup_ratio": Range(low=warmup[0], high=warmup[1])}
    made = scheduler(plan_of(options, space, baseline, RunFolder("r"), started), baseline)
    made.set_search_properties("score", "max")
    return made


class Trials:
    """Report trials to a scheduler as Tune does."""

    def __init__(self, scheduler: TrialScheduler) -> None:
        self.scheduler, self.known = scheduler, set[str]()

    def at(self, epoch: float, name: str, score: float, config: dict[str, float] = OTHER) -> str:
        trial: Any = SimpleNamespace(trial_id=name, config=config)
        controller: Any = None
        if name not in self.known:
            self.scheduler.on_trial_add(controller, trial)
            self.known.add(name)
        return self.scheduler.on_trial_result(controller, trial, {"epoch": epoch, "score": score})


@pytest.mark.parametrize(("config", "expected"), [(BASELINE, "CONTINUE"), (OTHER, "STOP")])
def test_a_bad_trial_is_stopped_unless_it_is_the_baseline(config: dict[str, float], expected: str) -> None:
    trials = Trials(of_search(4))
    assert trials.at(1, "good", 0.9) == "CONTINUE"
    assert trials.at(1, "bad", 0.1, config) == expected


def test_the_baseline_counts_for_the_others() -> None:
    trials = Trials(of_search(4))
    assert trials.at(1, "baseline", 0.9, BASELINE) == "CONTINUE"
    assert trials.at(1, "worse", 0.8) == "STOP"


def test_trials_of_other_epochs_are_not_compared() -> None:
    trials = Trials(of_search(2, 4))
    long, short = {**OTHER, "epochs": 4.0}, {**OTHER, "epochs": 2.0}
    assert trials.at(1, "good", 0.9, long) == "CONTINUE"
    assert trials.at(1, "of half the epochs", 0.1, short) == "CONTINUE"
    assert trials.at(1, "bad", 0.1, long) == "STOP"


@pytest.mark.parametrize(
    ("epochs", "warmup", "spared", "stopped"),
    [
        (1, (0.0, 0.2), [], 0.25),
        (1, (0.0, 0.3), [0.25], 0.5),
        (1, (0.0, 0.25), [0.25], 0.5),
        (1, (0.6, 0.8), [0.25, 0.5, 0.75], None),
        (2, (0.0, 0.2), [0.5], 1.0),
        (4, (0.0, 0.3), [1.0], 2.0),
        (10, (0.0, 0.05), [], 1.0),
        (10, (0.0, 0.3), [1.0, 2.0, 3.0], 4.0),
    ],
)
def test_no_trial_is_stopped_within_the_longest_warmup_nor_before_a_full_epoch_of_several(
    epochs: float, warmup: tuple[float, float], spared: list[float], stopped: float | None
) -> None:
    trials = Trials(of_search(epochs, warmup=warmup))
    for epoch in spared:
        assert trials.at(epoch, "good", 0.9) == trials.at(epoch, "bad", 0.1) == "CONTINUE"
    if stopped:
        assert trials.at(stopped, "good", 0.9) == "CONTINUE"
        assert trials.at(stopped, "bad", 0.1) == "STOP"


def test_with_fifo_a_bad_trial_goes_on() -> None:
    trials = Trials(of_search(4, scheduler="fifo"))
    assert trials.at(1, "good", 0.9) == "CONTINUE"
    assert trials.at(1, "bad", 0.1) == "CONTINUE"


@pytest.mark.parametrize(("margins", "epochs"), [((0.3, 0.5, 0.7), (1.0, 2.0)), ((0.5,), (2.0,))])
def test_a_small_space_is_tried_whole_and_each_setting_once(
    margins: tuple[float, ...], epochs: tuple[float, ...]
) -> None:
    space = {"margin": Choice(values=margins), "epochs": Choice(values=epochs)}
    count = len(margins) * len(epochs)
    template: Any = SimpleNamespace(seed=1, metric="score")
    nothing: Any = None
    plan = SearchPlan(
        run=nothing, template=template, groups=[], board=None, space=space, baseline={"margin": 0.5, "epochs": 2.0},
        trials=count, minutes=None, scheduler="fifo",
    )  # fmt: skip
    first = {name: plan.baseline[name] for name in plan.varied}
    search = sampler(plan, first)
    tried = []
    for number in range(count):
        tried.append({**plan.fixed, **(search.suggest(str(number)) or {})})
        if number:
            search.on_trial_complete(str(number - 1), {"best_score": 0.1, "training_iteration": 1})
    assert tried[0] == plan.baseline
    assert search.metric == "best_score"  # of its trials, as the best is chosen
    assert {(each["margin"], each["epochs"]) for each in tried} == set(itertools.product(margins, epochs))


class Told:
    """Stand for Tune: report trials and the states that their actors have written."""

    def __init__(self, folder: Path) -> None:
        self.run = RunFolder.claim(str(folder / "run"))
        self.run.create_folder(STATES)
        self.lost: list[str | None] = []
        """Of each worker group, why it takes no further trials."""
        self.live = Live("score", 9, quiet=True)
        self.watch = Watch("score", {"epochs": 2.0}, TrialLog(self.run), self.live)

    def trial(self, name: str, margin: float, *values: float, error: str | None = None) -> None:
        trial: Any = SimpleNamespace(trial_id=name, config={"margin": margin}, experiment_tag=f"{name[-1]}_")
        self.watch.on_trial_start(0, [], trial)
        for steps, value in enumerate(values, 1):
            times = dict.fromkeys(("start_s", "first_step_s", "train_s"), 1.0)
            result = {"score": value, "epoch": steps / 2, "steps": steps, "group": "group-1", **times}
            write_state(self.run, state_name(name, steps), TrainingState({"steps": steps, "of": name}, {}, {}, "{}"))
            self.watch.on_trial_result(0, [], trial, result)
        if error:
            self.watch.on_trial_result(0, [], trial, {"error": error, "score": -1.0})
        self.watch.on_trial_complete(0, [], trial)

    def found(self, monkeypatch: pytest.MonkeyPatch) -> Outcome:
        monkeypatch.setattr(ray, "get", lambda reference: {})
        monkeypatch.setattr("workflows.search.group_times", lambda board, began: {})
        board = SimpleNamespace(get_base_scores=SimpleNamespace(remote=lambda: None))
        groups = [
            SimpleNamespace(name=f"group-{number}", began=0.0, lost=lost) for number, lost in enumerate(self.lost)
        ]
        plan: Any = SimpleNamespace(run=self.run, baseline=BASELINE, board=board, groups=groups)
        self.watch.close()
        return found(plan, self.watch, 1.0)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def test_what_is_told_is_of_the_state_that_is_exported(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.trial("id-1", 0.5, 0.3, 0.3, 0.2)
    told.trial("id-2", 0.7, 0.5, 0.6, 0.6)
    told.trial("id-3", 0.9, 0.6)
    reached = told.found(monkeypatch)
    assert reached.best is not None
    assert (reached.best.trial, reached.best.value, reached.best.best_steps) == ("trial-02", 0.6, 2)
    assert (reached.metrics["score"], reached.metrics["steps"]) == (0.6, 2)
    assert reached.state is not None
    assert reached.state.weights == {"steps": 2, "of": "id-2"}
    assert reached.baseline_state is not None
    assert reached.baseline_state.weights == {"steps": 1, "of": "id-1"}
    assert reached.notes == []


def test_a_state_that_cannot_be_read_loses_nothing_but_its_trial(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.trial("id-1", 0.5, 0.3)
    told.trial("id-2", 0.7, 0.6)
    told.trial("id-3", 0.9, 0.5)
    Path(told.run.at(state_name("id-2", 1))).unlink()
    reached = told.found(monkeypatch)
    assert (reached.best, reached.baseline) == (told.watch.records["id-3"], told.watch.records["id-1"])


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [((0.9,), "loss is nan", "failed (loss is nan)"), ((), None, "were not judged"), (None, None, "were not judged")],
)
def test_a_baseline_that_failed_or_was_not_judged_is_not_kept_and_that_is_said(
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    values: tuple[float, ...] | None,
    error: str | None,
    said: str,
) -> None:
    if values is not None:
        told.trial("id-1", 0.5, *values, error=error)
    told.trial("id-2", 0.7, 0.5)
    reached = told.found(monkeypatch)
    assert reached.best is told.watch.records["id-2"]
    assert (reached.baseline, reached.baseline_state) == (None, None)
    assert said in reached.notes[0]


def test_a_group_that_could_not_start_is_told(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.trial("id-1", 0.5, 0.3)
    told.lost = [None, "its worker group could not start, 3 times in a row: no disk"]
    notes = told.found(monkeypatch).notes
    assert notes == ["group-1 took no further trials: its worker group could not start, 3 times in a row: no disk"]


def test_a_trial_that_failed_after_a_good_report_is_not_the_best(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.trial("id-1", 0.5, 0.3)
    told.trial("id-2", 0.7, 0.9, error="its worker group was lost")
    reached = told.found(monkeypatch)
    assert reached.best is reached.baseline is told.watch.records["id-1"]
    assert reached.baseline_state is reached.state
