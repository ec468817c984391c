"""Test a rank's side of the mailbox and the board, over stubs; real workers are tested with their group."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from tests.trainers.cases import BARE_JOB
from trainers.groups.mailbox import Answer, Arrival
from trainers.groups.worker import PROGRESS_EVERY, RankClient, _evaluate
from trainers.job import EvaluationJob, Report


class Actor:
    """Record the calls of an actor's methods, and answer each with the value given for it."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answers = answers

    def __getattr__(self, method: str) -> Any:
        def remote(*given: Any) -> Any:
            self.calls.append((method, *given))
            return self.answers.get(method)

        return SimpleNamespace(remote=remote)


@pytest.fixture(autouse=True)
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let references be the objects themselves."""
    monkeypatch.setattr(ray, "get", lambda reference: reference)
    monkeypatch.setattr(ray, "put", lambda value: value)
    monkeypatch.setattr(ray, "wait", lambda references, timeout: (references, []))


def client(rank: int = 0, **answers: Any) -> tuple[RankClient, Actor, Actor]:
    mailbox: Any = Actor(enter=1, **answers)
    board: Any = Actor()
    ranks = RankClient(mailbox, board, "group-1", rank, "g1")
    mailbox.calls.clear()
    return ranks, mailbox, board


def test_meetings_of_a_rank_are_numbered() -> None:
    ranks, mailbox, _ = client(rank=1, meet=Answer("job", BARE_JOB))
    assert ranks.starts == 1
    assert ranks.meet("next").job is BARE_JOB
    ranks.meet("failed", Report(error="loss is nan"))
    assert mailbox.calls == [
        ("meet", "g1", 1, 1, Arrival("next")),
        ("meet", "g1", 1, 2, Arrival("failed", Report(error="loss is nan"))),
    ]


@pytest.mark.parametrize(("answer", "go_on"), [("go", True), ("stop", False), ("end", False), ("failed", False)])
def test_a_training_goes_on_after_a_report_if_every_rank_is_to(answer: str, go_on: bool) -> None:
    ranks, mailbox, _ = client(meet=Answer(answer))
    state: Any = "state"
    assert ranks.report({"score": 0.5}, lambda: state, done=False) is go_on
    assert mailbox.calls == [("meet", "g1", 0, 1, Arrival("report", Report({"score": 0.5}, ["state"], False)))]


def test_only_rank_0_reports_metrics_state_and_progress() -> None:
    ranks, mailbox, board = client(rank=1, meet=Answer("go"))
    assert ranks.report({"score": 0.5}, lambda: pytest.fail("captured"), done=True)
    assert mailbox.calls == [("meet", "g1", 1, 1, Arrival("report", Report(done=True)))]
    ranks.progress(BARE_JOB, PROGRESS_EVERY)
    ranks.base_scores({"score": 0.1})
    ranks.report_time()
    assert board.calls == []


def test_progress_and_seconds_of_a_phase_reach_the_board_every_few_steps() -> None:
    ranks, _, board = client()
    ranks.spent("setup_s", 2.0)
    ranks.spent("train_s", 1.0)
    ranks.spent("train_s", 0.5)
    for step in range(1, 2 * PROGRESS_EVERY):
        ranks.progress(BARE_JOB, step)
    assert board.calls == [
        ("step_taken", BARE_JOB.trial, PROGRESS_EVERY, BARE_JOB.global_batch_size),
        ("time_spent", "group-1", "g1", {"starting": 2.0, "training": 1.5}),
    ]


def test_the_evaluation_of_a_model_is_on_the_board_before_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, mailbox, board = client(meet=Answer("go"))
    mailbox.calls = board.calls
    monkeypatch.setattr("trainers.checkpoint.restore", lambda base, start: base)
    monkeypatch.setattr("trainers.evaluate.evaluate", lambda job, model: {"scores": 0.5})
    _evaluate(ranks, EvaluationJob(trial="best", kind="graded", splits={}), None, None)
    (method, _, _, seconds), report = board.calls
    assert (method, list(seconds)) == ("time_spent", ["evaluating"])
    assert report == ("meet", "g1", 0, 1, Arrival("report", Report({"scores": 0.5}, done=True)))


def test_base_scores_reach_the_board_at_once() -> None:
    ranks, _, board = client()
    ranks.base_scores({"score": 0.1})
    assert board.calls == [("set_base_scores", {"score": 0.1})]


@pytest.mark.parametrize("wanted", [True, False])
def test_rank_0_learns_at_a_later_step_that_a_training_is_cancelled(wanted: bool) -> None:
    ranks, mailbox, _ = client(wants=wanted)
    assert not ranks.cancelled(BARE_JOB)  # there is no answer yet
    assert ranks.cancelled(BARE_JOB) is not wanted
    assert mailbox.calls == [("wants", BARE_JOB.trial)] * 2


def test_a_training_is_not_cancelled_by_the_answer_about_the_one_before() -> None:
    ranks, mailbox, _ = client(wants=False)
    assert not ranks.cancelled(BARE_JOB)
    assert ranks.cancelled(BARE_JOB)
    mailbox.answers["wants"] = True
    after = replace(BARE_JOB, trial="after")
    assert not ranks.cancelled(after)
    assert not ranks.cancelled(after)


def test_no_step_waits_for_the_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks, mailbox, _ = client(wants=False)
    assert not ranks.cancelled(BARE_JOB)
    monkeypatch.setattr(ray, "wait", lambda references, timeout: ([], references))
    assert not ranks.cancelled(BARE_JOB)
    assert len(mailbox.calls) == 1
