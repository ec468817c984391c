"""Predictions of judged states, on their way into files and back."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation import selection
from tests.evaluation.cases import queries
from tests.trainers.cases import BARE_JOB
from trainers.dev_predictions import DevPredictions
from trainers.finish import Found
from trainers.verdict import judged_states
from trainers.worker import Ranks


def test_every_state_is_found_again_with_its_training(tmp_path: Path) -> None:
    written = DevPredictions(f"{tmp_path}/predictions")
    values = {("a-1", 5): np.array([0.5, 0.25], np.float32), ("a-1", 10): np.array([1.0, 0.0], np.float32)}
    for (training, step), predictions in values.items():
        written.put(training, step, predictions)
    written.put("b", 5, np.array([3, 1], np.int32))
    found = DevPredictions(f"{tmp_path}/predictions").by_training()
    assert {name: len(states) for name, states in found.items()} == {"a-1": 2, "b": 1}
    assert found["b"][0].dtype == np.int32
    assert sorted(map(tuple, found["a-1"])) == sorted(map(tuple, values.values()))


def test_a_state_that_is_judged_again_counts_once(tmp_path: Path) -> None:
    written = DevPredictions(str(tmp_path))
    for value in (0.5, 0.5):
        written.put("a", 5, np.array([value]))
    assert len(written.by_training()["a"]) == 1


def test_a_write_that_was_cut_off_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "a-5.npy.half").write_bytes(b"\\x93NUM")
    assert DevPredictions(str(tmp_path)).by_training() == {}


def test_a_run_without_any_has_none(tmp_path: Path) -> None:
    assert DevPredictions(f"{tmp_path}/none").by_training() == {}


@pytest.fixture
def rank() -> Any:
    made = Ranks.__new__(Ranks)
    made.rank = 0
    return made


def test_rank_0_writes_the_sample_of_a_training_that_is_chosen_from(
    rank: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MOST_ITEMS", 30)

    job = replace(BARE_JOB, predictions=str(tmp_path))
    rank.judged(job, 3, queries(np.linspace(0, 1, 50)))
    rank.judged(BARE_JOB, 6, queries(np.linspace(0, 1, 50)))
    rank.rank = 1
    rank.judged(job, 9, queries(np.linspace(0, 1, 50)))
    assert [len(state) for state in DevPredictions(str(tmp_path)).by_training()["t1"]] == [30]


def found_with(baseline: str) -> Found:
    return Found(
        records=[],
        best=None,
        metrics={},
        state=None,
        baseline=None,
        baseline_metrics={"training": baseline},
        untuned={},
        wall_s=0.0,
        group_times={},
    )


def test_states_of_the_baseline_are_told_from_the_others(tmp_path: Path) -> None:
    written = DevPredictions(str(tmp_path))
    for training, step in (("first", 1), ("first", 2), ("second", 1), ("third", 1)):
        written.put(training, step, np.zeros(2))
    states = judged_states(str(tmp_path), found_with("first"))
    assert (len(states.baseline), len(states.others), states.trials, states.number) == (2, 2, 2, 4)
