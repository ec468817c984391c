"""Test that predictions of evaluated states are written to files and read back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from common.run_folder import PREDICTIONS, RunFolder
from trainers.dev_predictions import read_predictions, write_predictions
from workflows.compare import judged_states
from workflows.outcome import Outcome


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    made = RunFolder(str(tmp_path))
    made.create_folder(PREDICTIONS)
    return made


def test_every_state_is_found_again_with_its_training(run: RunFolder) -> None:
    values = {("a-1", 5): np.array([0.5, 0.25], np.float32), ("a-1", 10): np.array([1.0, 0.0], np.float32)}
    for (training, step), predictions in values.items():
        write_predictions(run, training, step, predictions)
    write_predictions(run, "b", 5, np.array([3, 1], np.int32))
    found = read_predictions(run)
    assert {name: len(states) for name, states in found.items()} == {"a-1": 2, "b": 1}
    assert found["b"][0].dtype == np.int32
    assert sorted(map(tuple, found["a-1"])) == sorted(map(tuple, values.values()))


def test_a_state_that_is_judged_again_counts_once(run: RunFolder) -> None:
    for value in (0.5, 0.5):
        write_predictions(run, "a", 5, np.array([value]))
    assert len(read_predictions(run)["a"]) == 1


def test_a_file_that_cannot_be_read_is_left_out(run: RunFolder, tmp_path: Path) -> None:
    write_predictions(run, "a", 5, np.zeros(3))
    for name, content in {"b-5.npy": b"\x93NUM", "c-5.npy": b"", ".a-6.npy.half": b"\x93NUM"}.items():
        (tmp_path / PREDICTIONS / name).write_bytes(content)
    assert list(read_predictions(run)) == ["a"]


def test_a_run_without_any_has_none(tmp_path: Path) -> None:
    assert read_predictions(RunFolder(str(tmp_path))) == {}


def found_with(baseline: str) -> Outcome:
    return Outcome(
        records=[],
        best=None,
        metrics={},
        state=None,
        baseline=None,
        baseline_metrics={"training": baseline},
        base_metrics={},
        wall_s=0.0,
        group_times={},
    )


def test_states_of_the_baseline_are_told_from_the_others(run: RunFolder) -> None:
    for training, step in (("first", 1), ("first", 2), ("second", 1), ("third", 1)):
        write_predictions(run, training, step, np.zeros(2))
    states = judged_states(run, found_with("first"))
    assert (len(states.baseline), len(states.others), states.trials, states.number) == (2, 2, 2, 4)


def test_judgements_whose_predictions_are_lost_still_count(run: RunFolder) -> None:
    write_predictions(run, "first", 1, np.zeros(2))
    assert judged_states(run, replace(found_with("first"), told=9)).number == 9
