"""What a saved model's folder holds beside the model: its threshold; and the name of its weights."""

import hashlib
from pathlib import Path

from common import storage

THRESHOLD = "threshold.json"
"""In a model's folder: from which cosine on a pair counts as belonging together (evaluation/threshold.py)."""

WEIGHT_FILES = (".safetensors", ".bin")


def stored_threshold(folder: str) -> float | None:
    """What is stored with a model, if anything is.

    Raises:
        Mistakes: it is no finite number.
    """
    file = Path(folder, THRESHOLD)
    return float(storage.read_object(str(file), {"value": float})["value"]) if file.is_file() else None


def weights_sha256(folder: str) -> str:
    """SHA-256 over a model's weight files in the order of their names; of a single file it is the file's own."""
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(folder).rglob("*") if path.suffix in WEIGHT_FILES):
        digest.update(path.read_bytes())
    return digest.hexdigest()
