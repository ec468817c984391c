"""Load sentence-transformers folders, always in fp32, and check once per process that a model loads."""

import threading
from collections.abc import Callable
from contextlib import suppress
from logging import LogRecord, getLogger
from typing import TYPE_CHECKING, Any

from common.mistakes import Mistakes
from models.positions import positions_in
from models.soundness import reason, try_model
from tokens.reading import Reading

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


_TRIED: dict[tuple[str, bool], Mistakes | None] = {}
"""(folder, whether its own code may run) -> its mistakes, for each model that this process has tried."""
_TRYING = threading.Lock()
"""Held while a model is tried."""


def load_folder(
    folder: str,
    *,
    device: str | None = None,
    max_length: int | None = None,
    trust_remote_code: bool = False,
    field: str = "base-model",
    name: str | None = None,
) -> "SentenceTransformer":
    """Load a model with fp32 weights: AdamW's epsilon is 0 in fp16 and would destroy them, and numpy has no bf16.

    Args:
        folder: path of this machine.
        device: name of the device, as torch has it; None: a GPU if there is one.
        max_length: tokens of a text; None: as saved with the model. Both are lowered to its positions.
        trust_remote_code: whether the model's own code may run.
        field: option that gave the model, for the message.
        name: value of the option, for the message; the folder by default.

    Raises:
        Mistakes: the library cannot load it, with the library's reason.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    getLogger("sentence_transformers.base.model").addFilter(_is_no_default_prompt)
    try:
        model = SentenceTransformer(
            folder,
            device=device,
            local_files_only=True,
            trust_remote_code=trust_remote_code,
            model_kwargs={"dtype": torch.float32},
        ).float()  # a model without a transformer has its file's dtype
    except Exception as error:  # a damaged file may raise anything
        raise Mistakes(f"{field}: {name or folder!r} cannot be loaded: {reason(error)}") from error
    _set_max_length(model, max_length)
    return model


def _is_no_default_prompt(record: LogRecord) -> bool:
    """Drop the library's line that a default prompt applies: here none does, and our own line names the prompts."""
    return not record.getMessage().startswith("Default prompt name is set to")


def _set_max_length(model: "SentenceTransformer", max_length: int | None) -> None:
    """Set the tokens of a text to the given number, else to the saved one, but not above its positions."""
    transformer: Any = model.transformers_model
    positions = positions_in(transformer.config.to_dict()) if transformer is not None else None
    length = max_length or (model.max_seq_length if transformer is not None else None)
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
    """Check, once per process, that a model can be loaded on the CPU and encodes texts; discard it then.

    A call waits while another thread tries a model.

    Args:
        folder: path of this machine.
        read: loads how training reads texts; None if the model will not be trained.
        trust_remote_code: whether the model's own code may run.
        field: option that gave the model, for the message.
        name: value of the option, for the message; the folder by default.

    Raises:
        Mistakes: it cannot be loaded, or cannot encode a text.
    """
    key, name = (folder, trust_remote_code), name or folder
    with _TRYING:
        if key not in _TRIED:
            _TRIED[key] = _mistakes(folder, read, trust_remote_code, field, name)
    if (mistakes := _TRIED[key]) is not None:
        raise Mistakes(mistakes.messages)


def check_loads_meanwhile(folder: str, read: Callable[[], Reading] | None = None, **options: Any) -> None:
    """Begin `check_loads` in a thread; a later call of `check_loads` raises its mistakes.

    The process waits for the thread at its end: a half-imported torch would print tracebacks there.
    """

    def check() -> None:
        with suppress(Mistakes):
            check_loads(folder, read, **options)

    threading.Thread(target=check).start()


def remember_sound(folder: str, trust_remote_code: bool) -> None:
    """Remember that this process has loaded a model and encoded texts, so that it is not tried again."""
    _TRIED[folder, trust_remote_code] = None


def _mistakes(
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
