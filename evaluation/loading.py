"""The one way in which a sentence-transformers folder is loaded: in fp32, whatever dtype its files hold."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pairs.reading import Reading, refuse_other_tokens
from tasks.common.mistakes import Mistakes

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SAMPLES = ("A text of SOME words.", "\u00c4rger na\u00efve \u5b57 4711 (again)!", "#1 - 50 % [off]")
"""What one reading may take apart otherwise than another: case, accents, other scripts, numbers, marks."""

_TRIED: dict[tuple[str, bool], Mistakes | None] = {}
"""(folder, whether its own code may run) -> what was wrong, of the models that this process has tried."""
_TRYING = threading.Lock()


def load_folder(
    folder: str,
    *,
    device: str | None = None,
    max_length: int | None = None,
    trust_remote_code: bool = False,
    field: str = "base-model",
    name: str | None = None,
) -> "SentenceTransformer":
    """A model with fp32 weights: AdamW destroys fp16 ones, as its epsilon is 0 there, and numpy knows no bf16.

    Args:
        device: torch's name of it; None: a GPU where there is one.
        max_length: tokens per text; None leaves what is saved with the model.
        trust_remote_code: whether code that the model brings may run.
        field, name: what the user gave it by, for the message; the folder where no name is given.

    Raises:
        Mistakes: the library cannot load it, with the library's reason.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # a bar per hundred weights says nothing
    try:
        model = SentenceTransformer(
            folder,
            device=device,
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            model_kwargs={"dtype": torch.float32},
        ).float()  # modules behind the transformer come in their files' dtype
    except Exception as error:  # a library's reader raises whatever a damaged file leads it to
        raise Mistakes(f"{field}: {name or folder!r} cannot be loaded: {_reason(error)}") from error
    if max_length is not None:
        model.max_seq_length = max_length
    return model


def try_model(model: "SentenceTransformer", field: str, name: str, reading: Reading | None = None) -> None:
    """Let a model read a short text and the longest, and compare its tokens with those of training.

    Args:
        model: it reads as many tokens as `reading` says.
        reading: None: it is not to be trained.

    Raises:
        Mistakes: it fails, an embedding is not finite, or its tokens are others.
    """
    import numpy as np

    texts = ["a text", *(["word " * reading.max_length] if reading else [])]
    try:
        vector = np.asarray(model.encode(texts, prompt="", show_progress_bar=False))
    except Exception as error:  # what stands in a module's configuration may lead anywhere
        raise Mistakes(f"{field}: {name!r} cannot read a text: {_reason(error)}") from error
    if reading:
        refuse_other_tokens(reading, model, SAMPLES)
    if not np.isfinite(vector).all():
        raise Mistakes(f"{field}: {name!r} gives embeddings that are not finite; its weights are damaged")


def check_loads(
    folder: str,
    read: Callable[[], Reading] | None = None,
    *,
    trust_remote_code: bool = False,
    field: str = "base-model",
    name: str = "",
) -> None:
    """Load a model on the CPU, let it read texts, and keep nothing of it; once in a process.

    Args:
        read: loads how training will read texts; None: it is not to be trained.

    Who asks while another thread tries the same model waits for its answer.

    Raises:
        Mistakes: it cannot be loaded, or cannot read a text.
    """
    key, name = (folder, trust_remote_code), name or folder
    with _TRYING:
        if key not in _TRIED:
            _TRIED[key] = _tried(folder, read, trust_remote_code, field, name)
    if (mistakes := _TRIED[key]) is not None:
        raise Mistakes(mistakes.messages)


def found_sound(folder: str, trust_remote_code: bool) -> None:
    """Remember that a model was loaded here and has read texts: it need not be tried again."""
    _TRIED[folder, trust_remote_code] = None


def _tried(
    folder: str, read: Callable[[], Reading] | None, trust_remote_code: bool, field: str, name: str
) -> Mistakes | None:
    try:
        model = load_folder(folder, device="cpu", trust_remote_code=trust_remote_code, field=field, name=name)
        reading = read() if read else None
        if reading:
            model.max_seq_length = reading.max_length
        try_model(model, field, name, reading)
    except Mistakes as mistakes:
        return mistakes
    return None


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"[:400]
