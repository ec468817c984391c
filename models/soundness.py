"""Whether a model that the library has loaded is whole: its weights, its words, its embedding of a text."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.mistakes import Mistakes
from pairs.reading import Reading, refuse_other_tokens

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


FEWEST_WORDS = 0.5
"""Of the rows of the word embeddings: some are padded, by a few; where only few have a word, the file is damaged."""


SAMPLES = ("A text of SOME words.", "\u00c4rger na\u00efve \u5b57 4711 (again)!", "#1 - 50 % [off]")
"""What one reading may take apart otherwise than another: case, accents, other scripts, numbers, marks."""


def try_model(model: "SentenceTransformer", folder: str, field: str, name: str, reading: Reading | None = None) -> None:
    """See whether its files hold all weights of a model that was loaded from `folder`, and let it read texts.

    They are a short one and the longest, and their tokens have to be those of training.

    Args:
        model: it reads as many tokens as `reading` says.
        reading: None: it is not to be trained.

    Raises:
        Mistakes: weights are missing, the tokenizer is of another model, it fails, an embedding is not finite, or its
            tokens are others than in training.
    """
    import numpy as np

    if missing := random_weights(model, folder):
        named = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise Mistakes(
            f"{field}: {name!r} lacks {len(missing)} weights that its config.json asks for ({named}): they would be "
            "random; weights and configuration of one model are needed"
        )
    words, rows = vocabulary(model)
    if words > rows or words < FEWEST_WORDS * rows:
        raise Mistakes(
            f"{field}: {name!r} has a tokenizer of {words:,} words and word embeddings for {rows:,}; "
            "tokenizer and weights of one model are needed"
        )
    texts = ["a text", *(["word " * reading.max_length] if reading else [])]
    try:
        vector = np.asarray(model.encode(texts, prompt="", show_progress_bar=False))
    except Exception as error:  # what stands in a module's configuration may lead anywhere
        raise Mistakes(f"{field}: {name!r} cannot read a text: {reason(error)}") from error
    if reading:
        ends = f"the first {'word ' * reading.max_length}the last"  # of which one is cut off
        refuse_other_tokens(reading, model, [*SAMPLES, ends])
    if not np.isfinite(vector).all() or not vector.any():
        raise Mistakes(f"{field}: {name!r} gives embeddings that are not finite, or zero; its weights are damaged")


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


def vocabulary(model: "SentenceTransformer") -> tuple[int, int]:
    """Words of the tokenizer, without those added to its vocabulary, and rows of the word embeddings; else 0 and 0.

    Models are in use that add a word for images, which no text gives and which has no row.
    """
    transformer, tokenizer = model.transformers_model, getattr(model.tokenizer, "backend_tokenizer", None)
    rows = getattr(transformer.get_input_embeddings(), "num_embeddings", 0) if transformer is not None else 0
    if not rows or tokenizer is None:
        return 0, 0
    return int(tokenizer.get_vocab_size(with_added_tokens=False)), int(rows)


def transformer_place(modules: Any) -> str:
    """Folder of the first module's files below the model's; '' where it is the model's own, as nowadays."""
    first = modules[0] if isinstance(modules, list) and modules else None
    path = first.get("path") if isinstance(first, dict) else None
    return f"{path.strip('/')}/" if isinstance(path, str) and path.strip("/") else ""


def reason(error: Exception) -> str:
    """What a library says, in one line; transformers tells shapes in its log alone, and gives advice that misleads."""
    if "ignore_mismatched_sizes" in str(error):
        return "its weights have other shapes than its config.json asks for; both of one model are needed"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"[:400]
