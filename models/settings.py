"""Check the settings in a model's JSON files that training reads: lengths and prompts."""

import math
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

Allowed = tuple[Callable[[Any], bool], str]
"""Function that checks a value, and words for what is allowed."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < math.inf


def _prompts(value: Any) -> bool:
    return isinstance(value, dict) and all(text is None or isinstance(text, str) for text in value.values())


WHOLE: Allowed = (_whole, "a whole number")
LENGTH: Allowed = (_positive, "a number of at least 1")
PROMPTS: Allowed = (_prompts, 'names and their texts, such as {"query": "query: "}')
ONE_LENGTH: Allowed = (lambda _: False, "null, as first and second texts are read to one length")
NAME: Allowed = (lambda value: isinstance(value, str), "the name of a prompt")
SETTINGS: dict[str, dict[str, Allowed]] = {
    "config.json": {"max_position_embeddings": WHOLE, "pad_token_id": WHOLE},
    "tokenizer_config.json": {"model_max_length": LENGTH},
    "sentence_*_config.json": {
        "max_seq_length": LENGTH,
        "query_length": ONE_LENGTH,
        "document_length": ONE_LENGTH,
        "query_expansion": ONE_LENGTH,
    },
    "config_sentence_transformers.json": {"prompts": PROMPTS, "default_prompt_name": NAME},
}
"""Pattern of a file's name -> setting -> what is allowed. Null is always allowed, and means no value."""


def wrong_settings(content: Mapping[str, Any]) -> Iterator[str]:
    """Name every setting whose value would raise an error in training, audit or scoring.

    Args:
        content: relative name -> value of the .json files.
    """
    for file, values in content.items():
        for known in (SETTINGS[pattern] for pattern in SETTINGS if fnmatch(PurePosixPath(file).name, pattern)):
            if not isinstance(values, dict):
                yield f"{file} is no JSON object"
                continue
            wrong = [
                name for name, (fits, _) in known.items() if values.get(name) is not None and not fits(values[name])
            ]
            yield from (f"{file}: {name}: {values[name]!r}; allowed: {known[name][1]}" for name in wrong)
