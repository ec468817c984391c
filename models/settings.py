"""What a model's JSON files have to hold where training reads them: its lengths, its prompts."""

import math
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

Allowed = tuple[Callable[[Any], bool], str]
"""Whether a value fits, and what does."""


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < math.inf


def _prompts(value: Any) -> bool:
    return isinstance(value, dict) and all(each is None or isinstance(each, str) for each in value.values())


WHOLE: Allowed = (_whole, "a whole number")
LENGTH: Allowed = (_positive, "a number of at least 1")
PROMPTS: Allowed = (_prompts, 'names and their texts, such as {"query": "query: "}')
ONE_LENGTH: Allowed = (lambda value: False, "null, as first and second texts are read to one length")
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
"""Pattern of a file's name -> setting -> what is allowed; null always is, and stands for none."""


def wrong_settings(content: Mapping[str, Any]) -> Iterator[str]:
    """Name every setting that a training, an audit or a score would stumble over.

    Args:
        content: relative name -> value of the .json files.
    """
    for file, held in content.items():
        for known in (SETTINGS[pattern] for pattern in SETTINGS if fnmatch(PurePosixPath(file).name, pattern)):
            if not isinstance(held, dict):
                yield f"{file} is no JSON object"
                continue
            wrong = [name for name, (fits, _) in known.items() if held.get(name) is not None and not fits(held[name])]
            yield from (f"{file}: {name}: {held[name]!r}; allowed: {known[name][1]}" for name in wrong)
