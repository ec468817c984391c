"""Test the outcome of a search: best and baseline, their states, and notes on what failed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from common.run_folder import STATES, RunFolder
from reporting.live import Live
from reporting.trial_log import TrialLog
from trainers.checkpoint import TrainingState, state_name, write_state
from trainers.search.shared import Shared
from workflows.outcome import Outcome
from workflows.search import outcome_of
from workflows.tracker import Watch

BASELINE = {"loss": "contrastive", "epochs": 2.0, "margin": 0.5}


class FinishedSearch:
    """Stand for Tune: report trials and the states that their actors have written."""

    def __init__(self, folder: Path) -> None:
        self.run = RunFolder.claim(str(folder / "run"))
        self.run.create_folder(STATES)
        self.lost: list[str | None] = []
        """Of each worker group, why it takes no further trials."""
        self.live = Live("score", 9, quiet=True)
        self.watch = Watch(
            "score", Shared(settings={"loss": "contrastive", "epochs": 2.0}), TrialLog(self.run), self.live
        )

    def trial(self, name: str, margin: float, *values: float, error: str | None = None, **more: Any) -> None:
        own = {"margin": margin} | ({"base_model": more.pop("base_model")} if "base_model" in more else {})
        trial: Any = SimpleNamespace(trial_id=name, config=own, experiment_tag=f"{name[-1]}_")
        self.watch.on_trial_start(trial=trial)
        for steps, value in enumerate(values, 1):
            times = dict.fromkeys(("start_s", "first_step_s", "train_s"), 1.0)
            result = {"score": value, "epoch": steps / 2, "steps": steps, "group": "group-1", **times, **more}
            write_state(self.run, state_name(name, steps), TrainingState({"steps": steps, "of": name}, {}, {}, "{}"))
            self.watch.on_trial_result(trial=trial, result=result)
        if error:
            self.watch.on_trial_result(trial=trial, result={"error": error, "score": -1.0})
        self.watch.on_trial_complete(trial=trial)

    def guarded(self, name: str, margin: float, value: float, lowered: float) -> None:
        """Report a trial of one evaluation under a guard."""
        check = {"difference": {"value": 0.0}, "holds": value == lowered}
        self.trial(name, margin, value, guard=check, lowered_score=lowered)

    def outcome(self, monkeypatch: pytest.MonkeyPatch) -> Outcome:
        monkeypatch.setattr(ray, "get", lambda reference: {})
        board = SimpleNamespace(get_base_scores=SimpleNamespace(remote=lambda: None))
        groups = [
            SimpleNamespace(name=f"group-{number}", began=0.0, lost=lost) for number, lost in enumerate(self.lost)
        ]
        whole: Any = {"baseline": BASELINE, "shared": Shared(settings={})}
        plan: Any = SimpleNamespace(run=self.run, board=board, groups=groups, **whole)
        self.watch.close()
        return outcome_of(plan, self.watch, 1.0)


@pytest.fixture
def finished(tmp_path: Path) -> FinishedSearch:
    return FinishedSearch(tmp_path)


def test_metrics_are_those_of_the_exported_state(finished: FinishedSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    finished.trial("id-1", 0.5, 0.3, 0.3, 0.2)
    finished.trial("id-2", 0.7, 0.5, 0.6, 0.6)
    finished.trial("id-3", 0.9, 0.6)
    outcome = finished.outcome(monkeypatch)
    assert outcome.best is not None
    assert (outcome.best.trial, outcome.best.value, outcome.best.best_steps) == ("trial-02", 0.6, 2)
    assert (outcome.metrics["score"], outcome.metrics["steps"]) == (0.6, 2)
    assert outcome.state is not None
    assert outcome.state.weights == {"steps": 2, "of": "id-2"}
    assert outcome.baseline_state is not None
    assert outcome.baseline_state.weights == {"steps": 1, "of": "id-1"}
    assert outcome.notes == []


def test_under_a_guard_the_best_trial_is_one_that_holds(
    finished: FinishedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished.guarded("id-1", 0.5, 0.3, 0.3)
    finished.guarded("id-2", 0.7, 0.9, -1.2)
    finished.guarded("id-3", 0.9, 0.4, 0.4)
    outcome = finished.outcome(monkeypatch)
    assert outcome.best is finished.watch.records["id-3"]
    assert (outcome.best.value, outcome.metrics["score"]) == (0.4, 0.4)


def test_a_state_that_cannot_be_read_loses_nothing_but_its_trial(
    finished: FinishedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished.trial("id-1", 0.5, 0.3)
    finished.trial("id-2", 0.7, 0.6)
    finished.trial("id-3", 0.9, 0.5)
    Path(finished.run.at(state_name("id-2", 1))).unlink()
    outcome = finished.outcome(monkeypatch)
    assert (outcome.best, outcome.baseline) == (finished.watch.records["id-3"], finished.watch.records["id-1"])


@pytest.mark.parametrize(
    ("values", "error", "said"),
    [
        ((0.9,), "loss is nan", "failed (loss is nan)"),
        ((), None, "were not evaluated"),
        (None, None, "were not evaluated"),
    ],
)
def test_a_baseline_that_failed_or_was_not_evaluated_is_missing_from_the_outcome_with_a_note(
    finished: FinishedSearch,
    monkeypatch: pytest.MonkeyPatch,
    values: tuple[float, ...] | None,
    error: str | None,
    said: str,
) -> None:
    if values is not None:
        finished.trial("id-1", 0.5, *values, error=error)
    finished.trial("id-2", 0.7, 0.5)
    outcome = finished.outcome(monkeypatch)
    assert outcome.best is finished.watch.records["id-2"]
    assert (outcome.baseline, outcome.baseline_state) == (None, None)
    assert said in outcome.notes[0]


def test_a_group_that_could_not_start_is_noted(finished: FinishedSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    finished.trial("id-1", 0.5, 0.3)
    finished.lost = [None, "its worker group could not start, 3 times in a row: no disk"]
    notes = finished.outcome(monkeypatch).notes
    assert notes == ["group-1 took no further trials: its worker group could not start, 3 times in a row: no disk"]


def test_a_trial_that_failed_after_a_good_report_is_not_the_best(
    finished: FinishedSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished.trial("id-1", 0.5, 0.3)
    finished.trial("id-2", 0.7, 0.9, error="its worker group was lost")
    outcome = finished.outcome(monkeypatch)
    assert outcome.best is outcome.baseline is finished.watch.records["id-1"]
    assert outcome.baseline_state is outcome.state


def test_the_states_are_those_of_the_bests_own_base_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finished = FinishedSearch(tmp_path)
    for number, (value, base) in enumerate([(0.5, "one"), (0.9, "two"), (0.8, "one"), (0.7, "two")], 1):
        finished.trial(f"t{number}", 0.5, value, base_model=base)
    assert list(finished.outcome(monkeypatch).states) == ["trial-02", "trial-04"]
