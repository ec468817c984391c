"""Test that a state on disk is whole or absent."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from common.run_folder import STATES, RunFolder
from trainers.checkpoint import TrainingState, read_state, state_name, write_state

STATE = TrainingState(weights={"w": np.arange(5.0)}, optimizer={"o": 1}, schedule={}, trainer="{}", clock={"s": 2.0})
NAME = state_name("trial", 12)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder.claim(str(tmp_path / "run"))
    folder.create_folder(STATES)
    return folder


def test_a_state_comes_back(run: RunFolder) -> None:
    write_state(run, NAME, STATE)
    found = read_state(run, NAME)
    assert found.weights["w"].tolist() == STATE.weights["w"].tolist()
    assert (found.optimizer, found.trainer, found.clock) == (STATE.optimizer, STATE.trainer, STATE.clock)
    run.delete_file(NAME)
    run.delete_folder(STATES)
    run.delete_folder(STATES)
    assert not run.exists(STATES)


def test_what_was_not_written_to_its_end_has_no_name(run: RunFolder) -> None:
    class Torn:
        def __reduce__(self) -> str:
            raise OSError("the store is gone")

    with pytest.raises(OSError, match="the store is gone"):
        write_state(run, NAME, TrainingState(weights={"w": Torn()}, optimizer={}, schedule={}, trainer="{}"))
    assert not run.exists(NAME)


@pytest.mark.parametrize("content", [None, b"", b"\x80\x05K"])
def test_a_damaged_state_is_an_error_that_its_reader_knows(run: RunFolder, content: bytes | None) -> None:
    if content is not None:
        Path(run.at(NAME)).write_bytes(content)
    with pytest.raises((OSError, EOFError, pickle.UnpicklingError)):
        read_state(run, NAME)
