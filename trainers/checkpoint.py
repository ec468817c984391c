"""A training's state: captured after a step, sent to where it is needed, written to a file, restored.

Imports torch inside functions: the driver handles states without it.
"""

import copy
import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from common.run_folder import STATES, RunFolder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True)
class TrainingState:
    """Everything a training continues from, as arrays: weights, optimizer, schedule, position and log.

    There is no random state: the randomness of a step is a function of (seed, step, rank).
    """

    weights: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    trainer: str
    """The library's TrainerState as JSON: step, epoch, log."""
    clock: dict[str, float] = field(default_factory=dict)


def to_arrays(tree: Any) -> Any:
    """Return a nested dict with numpy arrays for tensors: they pass through the object store without a copy."""
    import torch
    from torch.utils._pytree import tree_map

    return tree_map(lambda leaf: leaf.detach().cpu().numpy() if isinstance(leaf, torch.Tensor) else leaf, tree)


def to_tensors(tree: Any) -> Any:
    """Return a nested dict with tensors for arrays, copied: arrays from the object store are read-only."""
    import numpy as np
    import torch
    from torch.utils._pytree import tree_map

    return tree_map(lambda leaf: torch.tensor(leaf) if isinstance(leaf, np.ndarray) else leaf, tree)


def restore(base: "SentenceTransformer", state: TrainingState | None) -> "SentenceTransformer":
    """Return the base model itself, or a copy of it with the state's weights."""
    if state is None:
        return base
    model: Any = copy.deepcopy(base, {id(base.tokenizer): base.tokenizer})
    model.load_state_dict(to_tensors(state.weights))
    return model  # type: ignore[no-any-return]


def state_name(trial: str, steps: int) -> str:
    """Return the name of the file of a trial's state after so many steps."""
    return f"{STATES}/{trial}-{steps}.pickle"


def write_state(run: RunFolder, name: str, state: TrainingState) -> None:
    """Write the whole state into one file, which is there whole or not at all.

    Raises:
        OSError: the storage refuses it.
    """
    with run.writing(name) as stream:
        pickle.dump(state, stream, protocol=5)


def read_state(run: RunFolder, name: str) -> TrainingState:
    """Read what `write_state` wrote.

    Raises:
        Exception: of any kind, if the file is gone or damaged: pickle raises whatever it meets.
    """
    with run.reading(name) as stream:
        state: TrainingState = pickle.load(stream)
    return state
