"""The one way in which a sentence-transformers folder is loaded: in fp32, whatever dtype its files hold."""

import threading
from collections.abc import Callable
from contextlib import suppress
from logging import LogRecord, getLogger
from typing import TYPE_CHECKING, Any

from common.mistakes import Mistakes
from models.positions import positions_in
from models.soundness import reason, try_model
from pairs.reading import Reading

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


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
        max_length: tokens per text; None leaves what is saved with the model. Both are lowered to its positions.
        trust_remote_code: whether code that the model brings may run.
        field, name: what the user gave it by, for the message; the folder where no name is given.

    Raises:
        Mistakes: the library cannot load it, with the library's reason.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # a bar per hundred weights says nothing
    getLogger("sentence_transformers.base.model").addFilter(_is_no_default_prompt)
    try:
        model = SentenceTransformer(
            folder,
            device=device,
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            model_kwargs={"dtype": torch.float32},
        ).float()  # a model without a transformer comes in its file's dtype
    except Exception as error:  # a library's reader raises whatever a damaged file leads it to
        raise Mistakes(f"{field}: {name or folder!r} cannot be loaded: {reason(error)}") from error
    _read_at_most(model, max_length)
    return model


def _is_no_default_prompt(record: LogRecord) -> bool:
    """Leave out that a default prompt applies: here none does, and which prompts are used is said in a line of ours."""
    return not record.getMessage().startswith("Default prompt name is set to")


def _read_at_most(model: "SentenceTransformer", wanted: int | None) -> None:
    """Let it read as many tokens as wanted, else as are saved, but never more than it has positions for."""
    transformer: Any = model.transformers_model
    positions = positions_in(transformer.config.to_dict()) if transformer is not None else None
    length = wanted or (model.max_seq_length if transformer is not None else None)
    if length is not None:
        model.max_seq_length = length if positions is None else min(length, positions)


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


def check_loads_meanwhile(folder: str, read: Callable[[], Reading] | None = None, **given: Any) -> None:
    """Begin `check_loads` in a thread; what it finds is told to who calls `check_loads` then.

    The process waits for it at its end: torch, half imported, would print tracebacks there.
    """

    def check() -> None:
        with suppress(Mistakes):
            check_loads(folder, read, **given)

    threading.Thread(target=check).start()


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
        try_model(model, folder, field, name, reading)
    except Mistakes as mistakes:
        return mistakes
    return None
