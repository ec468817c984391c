"""Test the Tune trainable without Tune and a group: what is on disk when a value is reported."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import ray

from common.run_folder import STATES, RunFolder
from trainers.checkpoint import TrainingState, read_state
from trainers.dev_predictions import read_predictions
from trainers.job import FAILED_VALUE, PREDICTIONS, Report
from trainers.search.trial import NoGroupError, Trial, lease


class Pretending:
    """Report these values, one after each step, and then fail if there is an `error`."""

    def __init__(self, values: Sequence[float], error: str | None = None, is_lost: bool = False) -> None:
        self.coming = [
            Report(reported(value, steps), state(steps), steps == len(values) and not error)
            for steps, value in enumerate(values, 1)
        ]
        self.coming += [Report(error=error)] if error else []
        self.is_lost, self.assigned = is_lost, 0

    def assign(self, job: Any) -> None:
        self.assigned += 1

    def go_on(self) -> None:
        """Do nothing: a stub always continues."""

    def next_report(self) -> Report:
        return self.coming.pop(0)

    def lost(self) -> bool:
        return self.is_lost


def reported(value: float, steps: int) -> dict[str, Any]:
    return {"score": value, "epoch": steps, "steps": steps, PREDICTIONS: np.array([value])}


def state(steps: int) -> TrainingState:
    return TrainingState(weights={"steps": steps}, optimizer={}, schedule={}, trainer="{}")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.claim(str(tmp_path / "run"))
    for name in (STATES, PREDICTIONS):
        folder.create_folder(name)
    return folder


def trial(run: RunFolder, *values: float, error: str | None = None, monkeypatch: pytest.MonkeyPatch) -> Trial:
    made = Trial.__new__(Trial)
    monkeypatch.setattr(Trial, "trial_id", "id")
    monkeypatch.setattr(Trial, "_job", lambda self: None)
    group: Any = Pretending(values, error)
    template: Any = SimpleNamespace(metric="score")
    made.template, made.run, made.group, made.group_name, made.written = template, run, group, "group-1", []
    made.reset_config({})
    return made


def leasing(made: Trial, monkeypatch: pytest.MonkeyPatch, *groups: Any) -> list[Any]:
    """Lease these groups one after another instead of a search's, and return the remaining ones."""
    free = list(groups)

    def lease(self: Trial) -> Any:
        if not free:
            raise NoGroupError("it could not start")
        return free.pop(0)

    monkeypatch.setattr(Trial, "_lease", lease)
    made.group = None
    return free


def steps_on_disk(run: RunFolder) -> list[int]:
    files = sorted(Path(run.at(STATES)).iterdir())
    return [read_state(run, f"{STATES}/{file.name}").weights["steps"] for file in files]


def test_the_best_that_was_told_is_on_disk_until_a_better_one_was_told(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trial(run, 0.5, 0.7, 0.7, 0.6, 0.8, monkeypatch=monkeypatch)
    seen, told = [], []
    for _ in range(5):
        told.append(made.step()["best_score"])
        seen.append(steps_on_disk(run))
    assert told == [0.5, 0.7, 0.7, 0.7, 0.8]
    assert seen == [[1], [1, 2], [2], [2], [2, 5]]  # of equals the first; an older one goes with the next step


def test_the_next_trial_of_an_actor_leaves_the_best_of_the_last(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trial(run, 0.5, 0.7, monkeypatch=monkeypatch)
    made.step()
    made.step()
    made.reset_config({})
    assert (steps_on_disk(run), made.best) == ([2], None)


def test_a_value_whose_state_cannot_be_written_is_not_told(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial(run, 0.5, 0.7, monkeypatch=monkeypatch)
    assert made.step()["score"] == 0.5

    def full(name: str) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(run, "writing", full)
    result = made.step()
    assert result["score"] == result["best_score"] == FAILED_VALUE
    assert (result["error"], result["done"]) == ("no space left", True)


def test_nan_is_never_the_best(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    made = trial(run, float("nan"), 0.2, monkeypatch=monkeypatch)
    assert made.step()["best_score"] == FAILED_VALUE
    assert steps_on_disk(run) == []
    made.step()
    assert steps_on_disk(run) == [2]


def test_predictions_are_on_disk_when_a_value_is_told_and_do_not_go_to_tune(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trial(run, 0.5, 0.4, monkeypatch=monkeypatch)
    for number in (1, 2):
        assert PREDICTIONS not in made.step()
        assert len(read_predictions(run)["id"]) == number


def test_a_trial_that_a_lost_group_never_began_goes_to_the_next(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trial(run, monkeypatch=monkeypatch)
    lost = Pretending([], "it could not start", is_lost=True)
    healthy = Pretending([0.5, 0.7])
    left = leasing(made, monkeypatch, lost, healthy)
    assert [made.step()["score"] for _ in range(2)] == [0.5, 0.7]
    assert (left, lost.assigned, healthy.assigned) == ([], 1, 1)


def test_where_no_group_is_left_a_trial_fails_with_the_last_error(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trial(run, monkeypatch=monkeypatch)
    leasing(made, monkeypatch, Pretending([], "it could not start", is_lost=True))
    result = made.step()
    assert (result["error"], result["done"], result["score"]) == ("it could not start", True, FAILED_VALUE)
    made.cleanup()  # of no group


def test_a_trial_that_lost_its_group_after_a_report_fails_and_the_next_one_leases_anew(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trial(run, monkeypatch=monkeypatch)
    leasing(made, monkeypatch, Pretending([0.5], "it was lost", is_lost=True), Pretending([0.6]))
    assert made.step()["score"] == 0.5
    assert made.step()["error"] == "it was lost"
    made.reset_config({})
    assert made.step()["score"] == 0.6


def test_a_lost_group_is_not_leased(monkeypatch: pytest.MonkeyPatch) -> None:
    def mailbox(free: bool, lost: str | None) -> Any:
        answers = {"lease": lambda actor: free, "lost_with": lambda: lost}
        return SimpleNamespace(**{name: SimpleNamespace(remote=answer) for name, answer in answers.items()})

    monkeypatch.setattr(ray, "get", lambda answer: answer)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(current_actor="me"))
    assert lease({"one": mailbox(False, "it could not start"), "two": mailbox(True, None)}) == "two"
    with pytest.raises(NoGroupError, match="it could not start"):
        lease({"one": mailbox(False, "it could not start")})
