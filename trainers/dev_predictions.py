"""What every judged state made of dev, item by item, in files of the run: the verdict has to know all it chose from."""

import io
from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.common import storage

HALF = ".half"


class DevPredictions:
    """A folder, local or remote, with a file for each judged state of each training."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._files, self._path = storage.locate(folder)

    def put(self, training: str, step: int, predictions: NDArray[Any]) -> None:
        """Write the predictions of one state; a training that was taken up again writes the same once more."""
        content = io.BytesIO()
        np.save(content, predictions)
        self._files.create_dir(self._path, recursive=True)
        name = f"{self._path}/{training}-{step}.npy"
        with self._files.open_output_stream(name + HALF) as stream:
            stream.write(content.getvalue())
        self._files.move(name + HALF, name)

    def by_training(self) -> dict[str, list[NDArray[Any]]]:
        """Training -> predictions of its states."""
        found: dict[str, list[NDArray[Any]]] = defaultdict(list)
        for name in storage.file_names(self._folder):
            if name.endswith(".npy"):
                content = storage.read_bytes(storage.join(self._folder, name))
                found[name.rpartition("-")[0]].append(np.load(io.BytesIO(content)))
        return dict(found)
