"""Check that a loaded model is whole: its weights, its vocabulary, its embedding of a text."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.mistakes import Mistakes
from tokens.reading import Reading, refuse_other_tokens

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


FEWEST_TOKENS = 0.5
"""Least tokens of a tokenizer as a fraction of the rows of the token embeddings.

Some models pad the rows by a few. If most rows have no token, the tokenizer's file is damaged.
"""

SAMPLES = ("A text of SOME words.", "\u00c4rger na\u00efve \u5b57 4711 (again)!", "#1 - 50 % [off]")
"""Texts that two tokenizers may split differently: case, accents, other scripts, numbers, marks."""


def try_model(model: "SentenceTransformer", folder: str, field: str, name: str, reading: Reading | None = None) -> None:
    """Check that a model's files hold all its weights, and that it encodes a short text and the longest one.

    Its tokens have to be those of training.

    Args:
        model: loaded from `folder`; its max_seq_length is that of `reading`.
        folder: path of this machine.
        field: option that gave the model, for the message.
        name: value of the option, for the message.
        reading: how training reads texts; None if the model will not be trained.

    Raises:
        Mistakes: weights are missing, the tokenizer is of another model, encoding fails, an embedding is not finite or
            zero, or the tokens differ from those of training.
    """
    import numpy as np

    if missing := random_weights(model, folder):
        named = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise Mistakes(
            f"{field}: {name!r} lacks {len(missing)} weights that its config.json asks for ({named}): they would be "
            "random; weights and configuration of one model are needed"
        )
    tokens, rows = vocabulary(model)
    if tokens > rows or tokens < FEWEST_TOKENS * rows:
        raise Mistakes(
            f"{field}: {name!r} has a tokenizer of {tokens:,} tokens and embeddings for {rows:,}; "
            "tokenizer and weights of one model are needed"
        )
    texts = ["a text", *(["word " * reading.max_length] if reading else [])]
    try:
        vector = np.asarray(model.encode(texts, prompt="", show_progress_bar=False))
    except Exception as error:  # a wrong value in a module's configuration may raise anything
        raise Mistakes(f"{field}: {name!r} cannot read a text: {reason(error)}") from error
    if reading:
        ends = f"the first {'word ' * reading.max_length}the last"  # too long, so that one end is cut off
        refuse_other_tokens(reading, model, [*SAMPLES, ends])
    if not np.isfinite(vector).all() or not vector.any():
        raise Mistakes(f"{field}: {name!r} gives embeddings that are not finite, or zero; its weights are damaged")


def random_weights(model: "SentenceTransformer", folder: str) -> list[str]:
    """Return the names of the transformer's weights that are in no file; transformers draws them at random.

    The library names them only in its log. A pooler is left out: many models lack it, and sentence-transformers does
    not use it.
    """
    import torch

    if (transformer := model.transformers_model) is None:
        return []
    modules = Path(folder, "modules.json")
    inner = Path(folder, transformer_prefix(json.loads(modules.read_text()) if modules.is_file() else None))
    kind: Any = type(transformer)
    try:
        _, loading = kind.from_pretrained(
            str(inner), config=transformer.config, dtype=torch.float32, local_files_only=True, output_loading_info=True
        )
    except Exception:  # the model's own class may lack this option; it has loaded already
        return []
    return sorted(name for name in loading["missing_keys"] if "pooler" not in name)


def vocabulary(model: "SentenceTransformer") -> tuple[int, int]:
    """Return the tokens of the tokenizer and the rows of the token embeddings; 0 and 0 if they are not known.

    Tokens added to the vocabulary are left out: some models add one for images, which no text contains and which has
    no row.
    """
    transformer, tokenizer = model.transformers_model, getattr(model.tokenizer, "backend_tokenizer", None)
    rows = getattr(transformer.get_input_embeddings(), "num_embeddings", 0) if transformer is not None else 0
    if not rows or tokenizer is None:
        return 0, 0
    return int(tokenizer.get_vocab_size(with_added_tokens=False)), int(rows)


def transformer_prefix(modules: Any) -> str:
    """Return the prefix of the first module's files in the model's folder, such as '0_Transformer/'; mostly ''.

    Args:
        modules: value of modules.json.
    """
    first = modules[0] if isinstance(modules, list) and modules else None
    path = first.get("path") if isinstance(first, dict) else None
    return f"{path.strip('/')}/" if isinstance(path, str) and path.strip("/") else ""


def reason(error: Exception) -> str:
    """Return a library's error in one line.

    If weights have other shapes, transformers names them only in its log, and its advice misleads.
    """
    if "ignore_mismatched_sizes" in str(error):
        return "its weights have other shapes than its config.json asks for; both of one model are needed"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"[:400]
