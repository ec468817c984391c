"""The tracker turns Tune's events into one record per trial, on disk and on the screen, and an estimate of the end."""

import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.tune.callback import CallbackList

from common.run_folder import STATES, TRIALS, RunFolder
from reporting.live import Live
from reporting.trial_log import TrialLog
from trainers.groups.board import Progress
from trainers.search.retention import Retention
from trainers.search.shared import Shared
from workflows import tracker
from workflows.tracker import Estimate, Watch


class Search:
    """A tracker with its run folder, called as Tune calls it."""

    def __init__(self, folder: Path) -> None:
        self.run = RunFolder.claim(str(folder / "run"))
        shared = {"loss": "contrastive", "epochs": 2.0, "margin": 0.5, "scale": 20.0}
        log, live = TrialLog(self.run), Live("score", 9, quiet=True)
        self.watch = Watch("score", Shared(settings=shared), log, live, Retention(self.run, number=1))
        self.tune = CallbackList([self.watch])

    def event(self, name: str, trial: Any, **more: Any) -> None:
        getattr(self.tune, name)(iteration=1, trials=[trial], trial=trial, **more)

    def start(self, number: int, **config: float) -> Any:
        trial = SimpleNamespace(trial_id=f"id-{number}", config=config, experiment_tag=f"{number}_margin=0.5")
        self.event("on_trial_start", trial)
        return trial

    def report(self, trial: Any, value: float, steps: int) -> None:
        times = dict.fromkeys(("start_s", "first_step_s", "train_s"), 1.0)
        result = {"score": value, "epoch": steps / 4, "steps": steps, "group": "group-1", **times}
        self.event("on_trial_result", trial, result=result)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in Path(self.run.at(TRIALS)).read_text().splitlines()]


@pytest.fixture
def search(tmp_path: Path) -> Search:
    return Search(tmp_path)


def test_a_trial_has_those_of_its_own_and_the_shared_settings_that_its_loss_reads(search: Search) -> None:
    search.start(3, margin=0.7)
    (line,) = search.lines()
    assert (line["trial"], line["state"], line["epochs"]) == ("trial-03", "running", 2.0)
    assert line["settings"] == {"loss": "contrastive", "epochs": 2.0, "margin": 0.7}


def test_the_best_report_of_a_trial_is_its_result_and_every_report_counts(search: Search) -> None:
    trial = search.start(1)
    for steps, value in ((2, 0.3), (4, 0.6), (6, 0.6), (8, 0.4)):
        search.report(trial, value, steps)
    (line,) = search.lines()
    assert (line["value"], line["best_steps"], line["steps"], line["group"]) == (0.6, 4, 8, "group-1")
    assert search.watch.results["id-1"]["steps"] == 4
    assert search.watch.evaluations == 4


@pytest.mark.parametrize(("steps", "state"), [(8, "completed"), (4, "stopped")])
def test_a_trial_that_ends_before_its_last_epoch_was_stopped(search: Search, steps: int, state: str) -> None:
    trial = search.start(1)
    search.report(trial, 0.5, steps)
    search.event("on_trial_complete", trial)
    assert [line["state"] for line in search.lines()] == [state]


def test_a_failed_trial_keeps_its_error_and_no_value(search: Search) -> None:
    reported, crashed = search.start(1), search.start(2)
    search.report(reported, 0.5, 2)
    search.event("on_trial_result", reported, result={"error": "loss is nan", "score": -1.0})
    search.event("on_trial_complete", reported)
    crashed.pickled_error_file = "error.pkl"
    search.event("on_trial_error", crashed)
    assert [(line["state"], line["error"], line["value"]) for line in search.lines()] == [
        ("failed", "loss is nan", None),
        ("failed", "error.pkl", None),
    ]
    assert search.watch.evaluations == 1


def test_a_trial_that_tune_starts_again_goes_on_with_its_record(search: Search) -> None:
    trial = search.start(1)
    search.report(trial, 0.5, 2)
    search.event("on_trial_start", trial)
    assert [line["value"] for line in search.lines()] == [0.5]


@pytest.mark.parametrize("ended", [True, False])
def test_a_trial_that_runs_at_the_end_of_the_search_was_interrupted(search: Search, ended: bool) -> None:
    trial = search.start(1)
    search.report(trial, 0.5, 8)
    if ended:
        search.event("on_trial_complete", trial)
    search.watch.close()
    assert [line["state"] for line in search.lines()] == ["completed" if ended else "stopped"]
    assert search.watch.interrupted is not ended


def test_ended_trials_that_are_neither_the_baseline_nor_among_the_best_lose_their_states(search: Search) -> None:
    search.run.create_folder(STATES)
    for number, value in ((1, 0.2), (2, 0.3), (3, 0.5)):
        trial = search.start(number)
        search.run.write_text(f"{STATES}/id-{number}-2.pickle", "")
        search.report(trial, value, 2)
        search.event("on_trial_complete", trial)
    assert sorted(path.stem for path in Path(search.run.at(STATES)).iterdir()) == ["id-1-2", "id-3-2"]


def test_tune_can_pickle_the_tracker(search: Search) -> None:
    search.report(search.start(1), 0.5, 2)
    copy = pickle.loads(pickle.dumps(search.watch))
    assert copy.records == search.watch.records
    assert not {"log", "live"} & set(vars(copy))


def test_the_time_left_follows_from_the_pairs_that_are_left(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = search.start(1)
    search.event("on_trial_complete", ended)
    search.start(2)
    progress = {"id-2": Progress(step=5, rows=50, seconds=10.0, first_rows=10)}
    monkeypatch.setattr(ray, "get", lambda reference: reference)
    monkeypatch.setattr(tracker, "POLL_S", 0.0)
    board = SimpleNamespace(all=SimpleNamespace(remote=lambda: progress))
    estimate = Estimate(board, search.watch, lambda _: 100, [{}], trials=4, concurrent=2)
    shown: list[float | None] = []

    def show(seconds: float | None) -> None:
        shown.append(seconds)
        estimate.ended.set()

    monkeypatch.setattr(search.watch.live, "time_left", show)
    estimate.run()
    # 400 pairs less 100 of the ended trial and 50 of the running one, at 40 pairs in 10 s, on two groups.
    assert shown == [pytest.approx(250 / 4 / 2)]
