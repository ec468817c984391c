"""Test when a worker group that cannot start gives up, and the message."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray.train import ControllerError, FailureConfig, WorkerGroupError
from ray.train.v2._internal.exceptions import (
    UserExceptionWithTraceback,
    WorkerGroupStartupFailedError,
    WorkerGroupStartupTimeoutError,
)
from ray.train.v2._internal.execution.failure_handling import FailureDecision

from common.mistakes import Mistakes
from trainers.groups.mailbox import MAX_FAILED_STARTS, _Mailbox
from trainers.groups.start_failures import StartPolicy, cause

RETRY, RAISE = FailureDecision.RETRY, FailureDecision.RAISE
WORKER = WorkerGroupError(
    "a table of tracebacks", {1: UserExceptionWithTraceback(Mistakes("base-model: it is broken"), "Traceback ...")}
)
NODE = ControllerError(WorkerGroupStartupFailedError("a worker died as it started"))
NO_PLACE = ControllerError(WorkerGroupStartupTimeoutError(2))


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> _Mailbox:
    monkeypatch.setattr(ray, "get", lambda answer: answer)
    return _Mailbox(num_workers=1)


def policy(mailbox: _Mailbox) -> StartPolicy:
    def count(error: str) -> bool:
        return asyncio.run(mailbox.count_failure(error))

    actor: Any = SimpleNamespace(count_failure=SimpleNamespace(remote=count))
    return StartPolicy(FailureConfig(max_failures=-1), actor)


@pytest.mark.parametrize(("error", "said"), [(WORKER, "Mistakes: base-model: it is broken"), (NODE, "a worker died")])
def test_three_failed_starts_in_a_row_are_enough(mailbox: _Mailbox, error: Any, said: str) -> None:
    asked = policy(mailbox)
    decisions = [asked.make_decision(error) for _ in range(MAX_FAILED_STARTS)]
    assert decisions == [RETRY] * (MAX_FAILED_STARTS - 1) + [RAISE]
    assert mailbox.lost is not None
    assert f"its worker group could not start, {MAX_FAILED_STARTS} times in a row: " in mailbox.lost
    assert said in mailbox.lost


def test_a_group_that_has_started_between_is_started_again(mailbox: _Mailbox) -> None:
    asked = policy(mailbox)
    for number in range(5):
        assert [asked.make_decision(WORKER) for _ in range(2)] == [RETRY, RETRY]
        asyncio.run(mailbox.enter(f"start {number}"))
        assert asked.make_decision(WORKER) == RETRY  # lost in the middle of a job, which counts its own tries
    assert mailbox.lost is None


def test_waiting_for_a_machine_is_no_failed_start(mailbox: _Mailbox) -> None:
    asked = policy(mailbox)
    assert {asked.make_decision(NO_PLACE) for _ in range(20)} == {RETRY}


def test_the_first_workers_own_error_is_told() -> None:
    assert cause(WORKER) == "Mistakes: base-model: it is broken"
    assert cause(NODE) == "WorkerGroupStartupFailedError: a worker died as it started"
    assert (
        cause(WorkerGroupError("a worker was killed", {}))
        == "WorkerGroupError: Training failed due to worker errors: a worker was killed"
    )
