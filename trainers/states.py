"""The best states of a search's trials on disk, each written whole before its value is told."""

import pickle

from common.run_folder import RunFolder
from trainers.job import TrainingState

FOLDER = "states"


def state_name(trial: str, steps: int) -> str:
    """The file of a trial's state after so many steps, in the run folder."""
    return f"{FOLDER}/{trial}-{steps}.pickle"


def write_state(run: RunFolder, name: str, state: TrainingState) -> None:
    """The whole state in one file, which is there whole or not at all.

    Raises:
        OSError: the storage refuses it.
    """
    with run.writing(name) as stream:
        pickle.dump(state, stream, protocol=5)


def read_state(run: RunFolder, name: str) -> TrainingState:
    """What `write_state` wrote.

    Raises:
        Exception: of any kind where the file is gone or damaged, as pickle raises whatever it comes upon.
    """
    with run.reading(name) as stream:
        state: TrainingState = pickle.load(stream)
    return state
