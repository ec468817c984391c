"""Test which states stay on disk during a search."""

from pathlib import Path

import pytest

from common.run_folder import STATES, RunFolder
from trainers.search.retention import Retention


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a run with two states of one trial, as an actor leaves them for a moment, and one of each other."""
    run = RunFolder.claim(str(tmp_path / "run"))
    run.create_folder(STATES)
    for name in ("a-1", "b-1", "b-2", "c-1", "d-7", "e-3"):
        run.write_text(f"{STATES}/{name}.pickle", "")
    return run


def held(run: RunFolder) -> list[str]:
    return sorted(path.stem for path in Path(run.at(STATES)).iterdir())


def test_the_best_the_needed_and_the_running_trials_keep_their_states(run: RunFolder) -> None:
    Retention(run, number=2).delete_others({"a": 0.1, "b": 0.2, "c": 0.4, "d": 0.3}, needed=["a"])
    assert held(run) == ["a-1", "c-1", "d-7", "e-3"]


def test_of_equal_trials_the_first_stays(run: RunFolder) -> None:
    Retention(run, number=1).delete_others({"c": 0.4, "d": 0.4}, needed=[])
    assert "c-1" in held(run)
    assert "d-7" not in held(run)


def test_a_storage_that_does_not_delete_ends_no_search(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError("the store is gone")

    monkeypatch.setattr(RunFolder, "delete_file", fails)
    Retention(run, number=1).delete_others({"c": 0.4, "d": 0.3}, needed=[])
    assert "d-7" in held(run)
