"""Scores a saved model with a judge, and names its weights, so that a score can be looked up again."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evaluation.judge import Judge
from evaluation.judged import JudgedPairs
from evaluation.loading import load_folder
from evaluation.metrics import Floats
from evaluation.soundness import try_model
from evaluation.threshold import at_threshold
from tasks.common import storage

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS_AT_ONCE = 64
"""One batch; between two of them a word about how far the encoding is can be said."""

Told = Callable[[int, int], None]
"""(texts encoded, texts in all): called after every TEXTS_AT_ONCE texts."""

THRESHOLD = "threshold.json"
"""In a model's folder: from which cosine on a pair counts as belonging together (evaluation/threshold.py)."""

WEIGHT_FILES = (".safetensors", ".bin")


def score_model(
    folder: str, judge: Judge, told: Told, *, max_length: int | None = None, trust_remote_code: bool = False
) -> dict[str, float]:
    """The judge's scores of a sentence-transformers folder, on a GPU where there is one.

    Of 0/1 pairs also precision, recall and F1 at the threshold that is stored with the model.

    Args:
        max_length: tokens per text; None leaves what is saved with the model.
        trust_remote_code: whether code that the model brings may run.

    Raises:
        Mistakes: the model cannot be loaded.
    """
    model = load_folder(folder, max_length=max_length, trust_remote_code=trust_remote_code, field="model")
    try_model(model, folder, "model", folder)
    threshold = stored_threshold(folder)
    judged = judge.judge(lambda texts: encode(model, texts, told))
    if not isinstance(judged, JudgedPairs) or judged.kind != "binary" or threshold is None:
        return judged.scores()
    return judged.scores() | at_threshold(judged, threshold)


def stored_threshold(folder: str) -> float | None:
    """What is stored with a model, if anything is.

    Raises:
        Mistakes: it is no finite number.
    """
    file = Path(folder, THRESHOLD)
    return float(storage.read_object(str(file), {"value": float})["value"]) if file.is_file() else None


def encode(model: "SentenceTransformer", texts: list[str], told: Told) -> Floats:
    """Vectors of the texts in their order, shape (texts, dimensions); long texts are encoded together, and first.

    Prompts stand in the texts already (pairs/reading.py): the model adds none, whatever its default is.
    """
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    parts = []
    for start in range(0, len(order), TEXTS_AT_ONCE):
        part = [texts[index] for index in order[start : start + TEXTS_AT_ONCE]]
        parts.append(model.encode(part, prompt="", batch_size=TEXTS_AT_ONCE, show_progress_bar=False))
        told(start + len(part), len(texts))
    vectors = np.concatenate(parts).astype(np.float64)
    return vectors[np.argsort(order)]


def weights_sha256(folder: str) -> str:
    """SHA-256 over a model's weight files in the order of their names; of a single file it is the file's own."""
    digest = hashlib.sha256()
    for path in sorted(path for path in Path(folder).rglob("*") if path.suffix in WEIGHT_FILES):
        digest.update(path.read_bytes())
    return digest.hexdigest()
