"""Store the vectors of categories with a model, and read them back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.mistakes import Mistakes
from tasks.common.texts import folded

CATEGORIES = "categories.safetensors"
"""File in a model's folder with a vector for each category, which texts are compared with in place of its name."""


@dataclass(frozen=True, kw_only=True)
class StoredVectors:
    """The category vectors of a saved model.

    Attributes:
        way: how they were made, such as centroid.
        names: the categories.
        vectors: one for each, of length 1, shape (categories, dimensions).
    """

    way: str
    names: tuple[str, ...]
    vectors: NDArray[np.float32]

    def of(self, candidates: Sequence[str]) -> NDArray[np.float32] | None:
        """Return the vectors in the order of the candidates; None if these are other categories."""
        place = {folded(name): index for index, name in enumerate(self.names)}
        order = [place.get(folded(name), -1) for name in candidates]
        return self.vectors[order] if sorted(order) == list(range(len(self.names))) else None


def store(folder: str, stored: StoredVectors) -> None:
    """Write the vectors into a model's folder. The file counts as weights (models/saved_model.py)."""
    from safetensors.numpy import save_file

    about = {"names": json.dumps(stored.names), "way": stored.way}
    save_file({"vectors": np.ascontiguousarray(stored.vectors)}, Path(folder, CATEGORIES), about)


def stored_vectors(folder: str) -> StoredVectors | None:
    """Return the vectors stored with a model; None if there are none.

    Raises:
        Mistakes: the file is damaged.
    """
    from safetensors import SafetensorError, safe_open

    file = Path(folder, CATEGORIES)
    if not file.is_file():
        return None
    try:
        opened: Any = safe_open(file, framework="numpy")
        with opened as content:
            about, vectors = content.metadata() or {}, content.get_tensor("vectors")
        names = tuple(map(str, json.loads(about["names"])))
        if vectors.ndim != 2 or len(vectors) != len(names):
            raise ValueError(f"{len(names)} names and an array of shape {vectors.shape}")
    except (SafetensorError, OSError, LookupError, ValueError, TypeError) as error:
        raise Mistakes(f"file: {file} is damaged ({error!r}); without it, the categories' texts are used") from None
    return StoredVectors(way=about.get("way", ""), names=names, vectors=vectors)


def other_categories(stored: StoredVectors, candidates: Sequence[str]) -> str:
    """Return the note that stored vectors are not used."""
    return (
        f"the model stores vectors of {len(stored.names)} categories, not of these {len(candidates)}: "
        "texts are compared with the candidates' own texts"
    )
