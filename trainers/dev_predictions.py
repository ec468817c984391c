"""Store the predictions on dev of every evaluated state in the run: the verdict covers all states it chooses from."""

import io
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import storage
from common.run_folder import PREDICTIONS, RunFolder

READ_AT_ONCE = 16
"""Files read at a time: a store takes some tens of milliseconds for one."""


def write_predictions(run: RunFolder, training: str, steps: int, predictions: NDArray[Any]) -> None:
    """Write one state's file, whole or not at all; a state that is evaluated again gets the same file once more.

    Raises:
        OSError: the storage refuses it.
    """
    content = io.BytesIO()
    np.save(content, predictions)
    with run.writing(f"{PREDICTIONS}/{training}-{steps}.npy") as stream:
        stream.write(content.getvalue())


def read_predictions(run: RunFolder) -> dict[str, list[NDArray[Any]]]:
    """Return training -> predictions of its states; a file that cannot be read is left out."""
    names = [name for name in storage.file_names(run.at(PREDICTIONS)) if name.endswith(".npy")]
    by_training: dict[str, list[NDArray[Any]]] = defaultdict(list)
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        contents = pool.map(lambda name: _read(run, name), names)
        for name, content in zip(names, contents, strict=True):
            if (predictions := _parsed(content)) is not None:
                by_training[name.rpartition("-")[0]].append(predictions)
    return dict(by_training)


def _read(run: RunFolder, name: str) -> bytes:
    try:
        with run.reading(f"{PREDICTIONS}/{name}") as stream:
            content: bytes = stream.read()
            return content
    except OSError:
        return b""


def _parsed(content: bytes) -> NDArray[Any] | None:
    """Parse one file at a time: numpy uses `ast`, whose depth CPython 3.11 miscounts in threads (gh-106905)."""
    try:
        predictions: NDArray[Any] = np.load(io.BytesIO(content))
        return predictions
    except (ValueError, EOFError):
        return None
