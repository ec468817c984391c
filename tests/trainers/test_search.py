"""Who is stopped early: nobody that is held against the winner, and with fifo nobody. What a search has found."""

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.tune.schedulers import TrialScheduler

from reporting.live import Live
from reporting.run_folder import RunFolder
from reporting.trial_log import TrialLog
from tasks.common.space import Choice
from trainers.finish import Found
from trainers.job import TrainingState
from trainers.options import Options
from trainers.search import found, sampler, scheduler
from trainers.search_plan import SearchPlan
from trainers.states import FOLDER, state_name, write_state
from trainers.watch import Watch

BASELINE, OTHER = {"margin": 0.5}, {"margin": 0.7}


def of_search(epochs: float = 4, reports_per_epoch: int = 1, **asked: Any) -> TrialScheduler:
    """The scheduler of a search of four epochs, judged after each."""
    options = Options(task="t", data="d", run="r", base_model="b", **asked)
    template = SimpleNamespace(reports_per_epoch=reports_per_epoch)
    started: Any = SimpleNamespace(template=template, groups=[], board=None)
    request: Any = SimpleNamespace(options=options, space={"epochs": Choice(values=(epochs,))}, baseline=BASELINE)
    made = scheduler(SearchPlan.of(request, RunFolder("r"), started), BASELINE)
    made.set_search_properties("score", "max")
    return made


def decision(asha: TrialScheduler, name: str, config: dict[str, float], score: float, epoch: float = 1.0) -> str:
    trial: Any = SimpleNamespace(trial_id=name, config=config)
    controller: Any = None
    asha.on_trial_add(controller, trial)
    return asha.on_trial_result(controller, trial, {"epoch": epoch, "score": score})


@pytest.mark.parametrize(("config", "expected"), [(BASELINE, "CONTINUE"), (OTHER, "STOP")])
def test_a_bad_trial_is_stopped_unless_it_is_the_baseline(config: dict[str, float], expected: str) -> None:
    asha = of_search()
    assert decision(asha, "good", OTHER, 0.9) == "CONTINUE"
    assert decision(asha, "bad", config, 0.1) == expected


def test_the_baseline_counts_for_the_others() -> None:
    asha = of_search()
    assert decision(asha, "baseline", BASELINE, 0.9) == "CONTINUE"
    assert decision(asha, "worse", OTHER, 0.8) == "STOP"


def test_a_search_of_one_epoch_stops_a_bad_trial_at_its_first_judgement() -> None:
    asha = of_search(epochs=1, reports_per_epoch=4)
    assert decision(asha, "good", OTHER, 0.9, epoch=0.25) == "CONTINUE"
    assert decision(asha, "bad", OTHER, 0.1, epoch=0.25) == "STOP"


def test_with_fifo_a_bad_trial_goes_on() -> None:
    fifo = of_search(scheduler="fifo")
    assert decision(fifo, "good", OTHER, 0.9) == "CONTINUE"
    assert decision(fifo, "bad", OTHER, 0.1) == "CONTINUE"


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
            search.on_trial_complete(str(number - 1), {"score": 0.1, "training_iteration": 1})
    assert tried[0] == plan.baseline
    assert {(each["margin"], each["epochs"]) for each in tried} == set(itertools.product(margins, epochs))


class Told:
    """What Tune tells of trials, and the states that their actors have written."""

    def __init__(self, folder: Path) -> None:
        self.run = RunFolder.claim(str(folder / "run"))
        self.run.create_folder(FOLDER)
        self.live = Live("score", None, quiet=True)
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

    def found(self, monkeypatch: pytest.MonkeyPatch) -> Found:
        monkeypatch.setattr(ray, "get", lambda reference: {})
        monkeypatch.setattr("trainers.search.group_times", lambda board, began: {})
        board = SimpleNamespace(untuned=SimpleNamespace(remote=lambda: None))
        plan: Any = SimpleNamespace(run=self.run, baseline=BASELINE, board=board, groups=[])
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
    told: Told, monkeypatch: pytest.MonkeyPatch, values: tuple[float, ...] | None, error: str | None, said: str
) -> None:
    if values is not None:
        told.trial("id-1", 0.5, *values, error=error)
    told.trial("id-2", 0.7, 0.5)
    reached = told.found(monkeypatch)
    assert reached.best is told.watch.records["id-2"]
    assert (reached.baseline, reached.baseline_state) == (None, None)
    assert said in reached.notes[0]


def test_a_trial_that_failed_after_a_good_report_is_not_the_best(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    told.trial("id-1", 0.5, 0.3)
    told.trial("id-2", 0.7, 0.9, error="its worker group was lost")
    reached = told.found(monkeypatch)
    assert reached.best is reached.baseline is told.watch.records["id-1"]
    assert reached.baseline_state is reached.state
