"""Read a saved model's threshold and calibration, and the SHA-256 of its weights."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common import storage

THRESHOLD = "threshold.json"
"""File in a model's folder with the least cosine of a pair that counts as positive (evaluation/threshold.py)."""
CALIBRATION = "calibration.json"
"""File in a model's folder with the probability for a cosine (evaluation/calibration.py)."""

WEIGHT_FILES = (".safetensors", ".bin")
"""Suffixes of files with weights."""


def stored_threshold(folder: str) -> float | None:
    """Return the threshold stored with a model; None if there is none.

    Raises:
        Mistakes: it is no finite number.
    """
    stored = _stored(folder, THRESHOLD, {"value": float})
    return float(stored["value"]) if stored else None


def stored_calibration(folder: str) -> dict[str, Any] | None:
    """Return the content of the calibration stored with a model; None if there is none.

    Raises:
        Mistakes: it has no method or prevalence.
    """
    return _stored(folder, CALIBRATION, {"method": str, "prevalence": float})


def _stored(folder: str, name: str, needed: Mapping[str, type]) -> dict[str, Any] | None:
    file = Path(folder, name)
    return storage.read_object(str(file), needed) if file.is_file() else None


def weights_sha256(folder: str) -> str:
    """Return the SHA-256 over a model's weight files in the order of their names; for a single file it is its own.

    Stored vectors of categories (models/category_vectors.py) count: scores depend on them, too.
    """
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(folder).rglob("*") if path.suffix in WEIGHT_FILES):
        digest.update(path.read_bytes())
    return digest.hexdigest()
