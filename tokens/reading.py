"""Read a text as a model does: with its prompt, its tokenizer and its length.

One reading serves training, audit, dev, test and score; else a metric would not describe the trained model.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from common.mistakes import Mistakes, raise_if


class Prompts(NamedTuple):
    """The prompts before the first and the second text of a pair; empty for none."""

    first: str = ""
    second: str = ""

    @property
    def lines(self) -> list[str]:
        """The prompts as one line for a user; no line if there are none."""
        line = f"prompts: {self.first!r} before each first text, {self.second!r} before each second"
        return [line] if any(self) else []


NO_PROMPTS = Prompts()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Turn texts into token ids exactly as the model's own `encode` does.

    Attributes:
        tokenizer: the tokenizer as JSON, with the library's additions on loading, such as lower-casing.
        max_length: tokens of a text that the model reads, special ones included.
        prompts: the texts before first and second texts.
        truncation_side: the end of a longer text that is cut off, 'left' or 'right'.
    """

    tokenizer: str
    max_length: int
    prompts: Prompts = NO_PROMPTS
    truncation_side: str = "right"

    def ids(self, texts: Sequence[str], prompt: str = "") -> list[list[int]]:
        """Return the token ids of each text with the prompt before it, cut off after `max_length`."""
        tokenizer = _tokenizer(self.tokenizer)
        tokenizer.enable_truncation(self.max_length, direction=self.truncation_side)
        return [encoding.ids for encoding in tokenizer.encode_batch_fast([prompt + text for text in texts])]

    def whole_ids(self, texts: Sequence[str], prompt: str = "") -> list[list[int]]:
        """Return the token ids of each text with the prompt before it, nothing cut off."""
        tokenizer = _tokenizer(self.tokenizer)
        tokenizer.no_truncation()
        return [encoding.ids for encoding in tokenizer.encode_batch_fast([prompt + text for text in texts])]

    @property
    def unknown_id(self) -> int | None:
        """The id of the unknown token; None if the vocabulary lacks nothing, such as one of bytes."""
        model = json.loads(self.tokenizer)["model"]
        if "unk_id" in model:
            return None if model["unk_id"] is None else int(model["unk_id"])
        return _tokenizer(self.tokenizer).token_to_id(model.get("unk_token") or "")  # type: ignore[no-any-return]


@lru_cache(maxsize=2)
def _tokenizer(content: str) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(content)
    tokenizer.no_padding()
    return tokenizer


def refuse_long_prompts(reading: Reading) -> None:
    """Refuse prompts that leave no token for a text: with them, all texts would be the same.

    Raises:
        Mistakes: a prompt leaves no token for a text.
    """
    lengths = {prompt: len(reading.whole_ids([""], prompt)[0]) for prompt in dict.fromkeys(reading.prompts) if prompt}
    raise_if(
        [
            f"prompts: {prompt[:60]!r} has {length} tokens, and {reading.max_length} are read, so no token of a text is"
            "; allowed: a shorter one, or a greater --set max_length=N"
            for prompt, length in lengths.items()
            if length >= reading.max_length
        ]
    )


def refuse_other_tokens(reading: Reading, model: Any, texts: Sequence[str]) -> None:
    """Compare the reading with the loaded model's own, token by token.

    Args:
        reading: the reading to check.
        model: a SentenceTransformer that reads at most `reading.max_length` tokens.
        texts: the texts to compare.

    Raises:
        Mistakes: the model reads a text in another way.
    """
    for prompt in dict.fromkeys(reading.prompts):
        for text, ours in zip(texts, reading.ids(texts, prompt), strict=True):
            features = model.preprocess([text], prompt=prompt)
            theirs = features["input_ids"][0].tolist() if "input_ids" in features else []
            if ours != theirs:
                raise Mistakes(
                    f"base-model: it reads {text[:60]!r} as the tokens {theirs[:8]}, its tokenizer alone as {ours[:8]}"
                    "; allowed: a model that reads texts with a fast tokenizer and no chat template"
                )
