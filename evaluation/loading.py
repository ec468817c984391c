"""The one way in which a sentence-transformers folder is loaded: in fp32, whatever dtype its files hold."""

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.common.mistakes import Mistakes

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
        ).float()  # a model without a transformer comes in its file's dtype
    except Exception as error:  # a library's reader raises whatever a damaged file leads it to
        raise Mistakes(f"{field}: {name or folder!r} cannot be loaded: {_reason(error)}") from error
    if max_length is not None:
        model.max_seq_length = max_length
    return model


def try_model(model: "SentenceTransformer", folder: str, field: str, name: str) -> None:
    """See whether its files hold all weights of a model that was loaded from `folder`, and let it read one text.

    Raises:
        Mistakes: weights are missing, it fails, or the embedding is not finite.
    """
    import numpy as np

    if missing := random_weights(model, folder):
        named = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise Mistakes(
            f"{field}: {name!r} lacks {len(missing)} weights that its config.json asks for ({named}): they would be "
            "random; weights and configuration of one model are needed"
        )
    try:
        vector = np.asarray(model.encode(["a text"], show_progress_bar=False))
    except Exception as error:  # what stands in a module's configuration may lead anywhere
        raise Mistakes(f"{field}: {name!r} cannot read a text: {_reason(error)}") from error
    if not np.isfinite(vector).all():
        raise Mistakes(f"{field}: {name!r} gives embeddings that are not finite; its weights are damaged")


def random_weights(model: "SentenceTransformer", folder: str) -> list[str]:
    """Names of the transformer's weights that stand in no file: transformers draws them, and says so in its log alone.

    A pooler is not counted: many models lack it, and sentence-transformers does not use it.
    """
    import torch

    if (transformer := model.transformers_model) is None:
        return []
    modules = Path(folder, "modules.json")
    place = Path(folder, transformer_place(json.loads(modules.read_text()) if modules.is_file() else None))
    kind: Any = type(transformer)
    try:
        _, told = kind.from_pretrained(
            str(place), config=transformer.config, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
    except Exception:  # a class of the model's own may not tell; that it loads is known by now
        return []
    return sorted(name for name in told["missing_keys"] if "pooler" not in name)


def transformer_place(modules: Any) -> str:
    """Folder of the first module's files below the model's; '' where it is the model's own, as nowadays."""
    first = modules[0] if isinstance(modules, list) and modules else None
    path = first.get("path") if isinstance(first, dict) else None
    return f"{path.strip('/')}/" if isinstance(path, str) and path.strip("/") else ""


def check_loads(folder: str, *, trust_remote_code: bool = False, field: str = "base-model", name: str = "") -> None:
    """Load a model on the CPU, let it read one text, and keep nothing of it; once in a process.

    Who asks while another thread tries the same model waits for its answer.

    Raises:
        Mistakes: it cannot be loaded, or cannot read a text.
    """
    key, name = (folder, trust_remote_code), name or folder
    with _TRYING:
        if key not in _TRIED:
            _TRIED[key] = _tried(folder, trust_remote_code, field, name)
    if (mistakes := _TRIED[key]) is not None:
        raise Mistakes(mistakes.messages)


def check_loads_meanwhile(folder: str, **given: Any) -> None:
    """Begin `check_loads` in a thread; what it finds is told to who calls `check_loads` then.

    The process waits for it at its end: torch, half imported, would print tracebacks there.
    """

    def check() -> None:
        with suppress(Mistakes):
            check_loads(folder, **given)

    threading.Thread(target=check).start()


def found_sound(folder: str, trust_remote_code: bool) -> None:
    """Remember that a model was loaded here and has read texts: it need not be tried again."""
    _TRIED[folder, trust_remote_code] = None


def _tried(folder: str, trust_remote_code: bool, field: str, name: str) -> Mistakes | None:
    try:
        model = load_folder(folder, device="cpu", trust_remote_code=trust_remote_code, field=field, name=name)
        try_model(model, folder, field, name)
    except Mistakes as mistakes:
        return mistakes
    return None


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"[:400]
