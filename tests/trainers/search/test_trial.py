"""Test the Tune trainable over stub mailboxes: what is on disk when a value is reported, and which group trains."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import ray

from common.run_folder import STATES, RunFolder
from tests.trainers.cases import BARE_JOB
from trainers.checkpoint import TrainingState, read_state
from trainers.dev_predictions import read_predictions
from trainers.job import FAILED_LOWERED, FAILED_VALUE, PREDICTIONS, Guard, Job, Report
from trainers.search.shared import Shared
from trainers.search.trial import NoGroupError, Trial, lease

METRIC = BARE_JOB.metric
BEST = f"best_{METRIC}"
BASELINE = {"learning_rate": 1e-3}


class Mailbox:
    """Report these values, one after each step, and then fail if there is an `error`."""

    def __init__(self, *values: float, error: str | None = None, lost: str | None = None, free: bool = True) -> None:
        self.coming = [
            Report(reported(value, steps), [state(steps)], steps == len(values) and not error)
            for steps, value in enumerate(values, 1)
        ]
        self.coming += [Report(error=error)] if error else []
        self.lost, self.free = lost, free
        self.jobs: list[Job] = []
        self.decisions: list[str] = []

    def __getattr__(self, method: str) -> Any:
        """Return a method as a handle of an actor has it."""
        return SimpleNamespace(remote=getattr(type(self), f"on_{method}").__get__(self))

    def on_lease(self, holder: Any) -> bool:
        self.free, was_free = False, self.free
        return was_free

    def on_release(self) -> None:
        self.free = True

    def on_assign(self, job: Job, start: Any) -> None:
        self.jobs.append(job)

    def on_decide(self, decision: str, start: Any) -> None:
        self.decisions.append(decision)

    def on_take(self, timeout_s: float) -> Report:
        return self.coming.pop(0)

    def on_lost_with(self) -> str | None:
        return self.lost


def reported(value: float, steps: int) -> dict[str, Any]:
    return {METRIC: value, "epoch": steps, "steps": steps, PREDICTIONS: np.array([value])}


def state(steps: int) -> TrainingState:
    return TrainingState(weights={"steps": steps}, optimizer={}, schedule={}, trainer="{}")


@pytest.fixture(autouse=True)
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let references be the objects themselves."""
    monkeypatch.setattr(ray, "get", lambda reference: reference)
    monkeypatch.setattr(ray, "put", lambda value: value)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(current_actor="me"))
    monkeypatch.setattr(Trial, "trial_id", "id")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.claim(str(tmp_path / "run"))
    for name in (STATES, PREDICTIONS):
        folder.create_folder(name)
    return folder


def trial(
    run: RunFolder,
    *mailboxes: Mailbox,
    config: dict[str, float] = BASELINE,
    template: Job = BARE_JOB,
    shared: Shared = Shared(settings={}),  # noqa: B008  # frozen
) -> Trial:
    """Set up a trial on these groups as Tune does."""
    actor = Trial.__new__(Trial)
    named: Any = {f"group-{number}": mailbox for number, mailbox in enumerate(mailboxes, 1)}
    actor.setup(config, template=template, mailboxes=named, baseline=BASELINE, run=run, shared=shared)
    return actor


def steps_on_disk(run: RunFolder) -> list[int]:
    files = sorted(Path(run.at(STATES)).iterdir())
    return [read_state(run, f"{STATES}/{file.name}").weights["steps"] for file in files]


def test_a_trial_has_the_epochs_that_the_budget_affords_its_loss(run: RunFolder) -> None:
    group = Mailbox(0.5)
    shared = Shared(settings={"loss": "cosine", "epochs": 9}, epochs={"cosine": 2.0, "angle": 3.0})
    trial(run, group, shared=shared).step()
    assert group.jobs[0].settings["epochs"] == 2.0
    assert shared.complete({"loss": "angle"})["epochs"] == 3.0
    assert shared.complete({"loss": "cosent"})["epochs"] == 9


@pytest.mark.parametrize(("config", "score_base"), [(BASELINE, True), ({"learning_rate": 2e-3}, False)])
def test_a_trial_trains_its_settings_and_the_baseline_scores_the_base_model(
    run: RunFolder, config: dict[str, float], score_base: bool
) -> None:
    group = Mailbox(0.5, 0.7)
    actor = trial(run, group, config=config)
    results = [actor.step(), actor.step()]
    (job,) = group.jobs
    assert job.settings == {**BARE_JOB.settings, **config}
    assert (job.trial, job.score_base, job.assigned_at > 0) == ("id", score_base, True)
    assert group.decisions == ["go"]  # Tune asks for a step after a report that was not the last
    assert [(result["group"], result["epoch"], result["done"]) for result in results] == [
        ("group-1", 1, False),
        ("group-1", 2, True),
    ]


def test_the_best_reported_state_is_on_disk_until_a_better_one_is_reported(run: RunFolder) -> None:
    actor = trial(run, Mailbox(0.5, 0.7, 0.7, 0.6, 0.8))
    seen, best = [], []
    for _ in range(5):
        best.append(actor.step()[BEST])
        seen.append(steps_on_disk(run))
    assert best == [0.5, 0.7, 0.7, 0.7, 0.8]
    assert seen == [[1], [1, 2], [2], [2], [2, 5]]  # of equals the first; an older one goes with the next step


def test_a_trial_ends_after_so_many_evaluations_without_a_better_one_and_the_next_one_begins_anew(
    run: RunFolder,
) -> None:
    group = Mailbox(0.5, 0.4, 0.6, 0.6, 0.5, 0.7)
    actor = trial(run, group, template=replace(BARE_JOB, patience=2))
    assert [actor.step()["done"] for _ in range(5)] == [False, False, False, False, True]
    actor.reset_config({"learning_rate": 2e-3})
    group.coming = [Report(reported(value, steps), [state(steps)]) for steps, value in enumerate((0.3, 0.2), 1)]
    assert [actor.step()["done"] for _ in range(2)] == [False, False]
    assert len(group.jobs) == 2


def test_the_next_trial_of_an_actor_leaves_the_best_of_the_last(run: RunFolder) -> None:
    group = Mailbox(0.5, 0.7)
    actor = trial(run, group)
    actor.step()
    actor.step()
    assert actor.reset_config({"learning_rate": 2e-3})
    assert steps_on_disk(run) == [2]
    group.coming = [Report(reported(0.1, 1), [state(1)], True)]
    assert actor.step()[BEST] == 0.1
    assert group.jobs[1].settings["learning_rate"] == 2e-3


def test_a_value_whose_state_cannot_be_written_is_not_reported(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = trial(run, Mailbox(0.5, 0.7))
    assert actor.step()[METRIC] == 0.5

    def full(name: str) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(run, "writing", full)
    result = actor.step()
    assert result[METRIC] == result[BEST] == FAILED_VALUE
    assert (result["error"], result["done"]) == ("no space left", True)


def test_nan_is_never_the_best(run: RunFolder) -> None:
    actor = trial(run, Mailbox(float("nan"), 0.2))
    assert actor.step()[BEST] == FAILED_VALUE
    assert steps_on_disk(run) == []
    actor.step()
    assert steps_on_disk(run) == [2]


def test_predictions_are_on_disk_when_a_value_is_reported_and_do_not_go_to_tune(run: RunFolder) -> None:
    actor = trial(run, Mailbox(0.5, 0.4))
    for number in (1, 2):
        assert PREDICTIONS not in actor.step()
        assert len(read_predictions(run)["id"]) == number


def test_a_failed_training_is_a_result_and_its_group_takes_the_next_trial(run: RunFolder) -> None:
    group = Mailbox(0.5, error="loss is nan at step 9")
    actor = trial(run, group)
    actor.step()
    result = actor.step()
    assert (result["error"], result["epoch"], result["done"]) == ("loss is nan at step 9", 1, True)
    group.coming = [Report(reported(0.6, 1), [state(1)], True)]
    actor.reset_config(BASELINE)
    assert actor.step()[METRIC] == 0.6
    assert len(group.jobs) == 2


def test_a_trial_that_a_lost_group_never_began_goes_to_the_next(run: RunFolder) -> None:
    lost, healthy = Mailbox(error="it could not start", lost="it could not start"), Mailbox(0.5, 0.7)
    actor = trial(run, lost, healthy)
    results = [actor.step() for _ in range(2)]
    assert [(result[METRIC], result["group"]) for result in results] == [(0.5, "group-2"), (0.7, "group-2")]
    assert (len(lost.jobs), len(healthy.jobs)) == (1, 1)


def test_where_no_group_is_left_a_trial_fails_with_the_last_error(run: RunFolder) -> None:
    actor = trial(run, Mailbox(error="it could not start", lost="it could not start"))
    result = actor.step()
    assert (result["error"], result["done"], result[METRIC]) == ("it could not start", True, FAILED_VALUE)
    actor.cleanup()  # of no group


def test_a_trial_that_lost_its_group_after_a_report_fails_and_the_next_one_leases_anew(run: RunFolder) -> None:
    actor = trial(run, Mailbox(0.5, error="it was lost", lost="it was lost"), Mailbox(0.6))
    assert actor.step()[METRIC] == 0.5
    assert actor.step()["error"] == "it was lost"
    actor.reset_config(BASELINE)
    assert actor.step()[METRIC] == 0.6


def test_an_actor_frees_its_group_at_its_end(run: RunFolder) -> None:
    group = Mailbox(0.5)
    actor = trial(run, group)
    actor.step()
    assert not group.free
    actor.cleanup()
    assert group.free


def test_a_group_that_another_trial_holds_is_not_leased() -> None:
    groups: Any = {"held": Mailbox(free=False), "free": Mailbox()}
    assert lease(groups) == "free"
    assert not groups["free"].free


def test_where_all_groups_are_lost_there_is_none_to_lease() -> None:
    groups: Any = {"one": Mailbox(lost="no disk", free=False), "two": Mailbox(lost="it could not start", free=False)}
    with pytest.raises(NoGroupError, match="^it could not start$"):
        lease(groups)


def test_under_a_guard_the_best_state_is_that_of_the_highest_lowered_value(run: RunFolder) -> None:
    guard = Guard(kind="graded", pairs=[], base=[], limit=0.01)
    template = replace(BARE_JOB, data=replace(BARE_JOB.data, guard=guard))
    group = Mailbox(0.5, 0.7, 0.6, error="it was lost")
    for report, lowered in zip(group.coming, (0.5, -1.3, 0.6), strict=False):
        report.metrics[f"lowered_{METRIC}"] = lowered
    actor = trial(run, group, template=template)
    results = [actor.step() for _ in range(4)]
    assert [result[METRIC] for result in results] == [0.5, 0.7, 0.6, FAILED_VALUE]
    assert [result[f"best_lowered_{METRIC}"] for result in results] == [0.5, 0.5, 0.6, FAILED_LOWERED]
    assert BEST not in results[0]
    assert steps_on_disk(run) == [3]
