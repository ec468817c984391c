"""Test the estimate of a search's remaining time, and the division of its groups' time."""

from types import SimpleNamespace

import pytest
import ray

from trainers.groups.board import IDLE, PHASES, Progress, _ProgressBoard, group_times, seconds_left


def test_the_pace_of_all_trainings_and_what_is_left_give_the_time() -> None:
    progress = {"a": Progress(10, 150, 10.0, 50), "b": Progress(20, 220, 10.0, 120)}  # 10 pairs a second each
    assert seconds_left(progress, 1_000, 400, 2) == pytest.approx(30.0)
    assert seconds_left(progress, 1_000, 400, 1) == pytest.approx(60.0)


def test_without_a_pace_there_is_no_time() -> None:
    assert seconds_left({}, 1_000, 0, 1) is None
    assert seconds_left({"a": Progress(1, 8, 0.0, 8)}, 1_000, 8, 1) is None


def test_a_restarted_group_keeps_the_time_of_the_workers_it_lost() -> None:
    board = _ProgressBoard()
    board.time_spent("group-1", "first", {"starting": 5.0, "training": 1.0})
    board.time_spent("group-1", "first", {"starting": 5.0, "training": 7.0})
    board.time_spent("group-1", "second", {"starting": 2.0, "training": 3.0, "evaluating": 1.0})
    times = board.group_seconds()["group-1"]
    assert times == {"starting": 7.0, "training": 10.0, "evaluating": 1.0, "checkpointing": 0.0}
    assert set(times) == set(PHASES.values())


def test_a_group_whose_workers_never_came_was_starting_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "get", lambda reference: {})
    board = SimpleNamespace(group_seconds=SimpleNamespace(remote=lambda: None))
    times = group_times(board, {"group-1": 0.0})["group-1"]
    assert set(times) == {*PHASES.values(), IDLE}
    assert times["starting"] == sum(times.values())
