"""Texts as a model reads them: two texts with equal token ids are the same to it, whatever else tells them apart."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=2)
def _tokenizer(files: str) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_str(files)


def token_ids(texts: Sequence[str], tokenizer: str, max_length: int) -> list[list[int]]:
    """Of each text, special tokens included, cut off after max_length.

    Args:
        tokenizer: the text of a tokenizer.json.
    """
    encode = _tokenizer(tokenizer)
    encode.enable_truncation(max_length)
    encode.no_padding()
    return [text.ids for text in encode.encode_batch_fast(list(texts))]
