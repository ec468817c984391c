"""Read from a model's folder how it reads texts: length, positions, prompts and tokenizer."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from common.mistakes import Mistakes
from models.positions import positions_in
from models.soundness import SAMPLES, reason, transformer_prefix
from tokens.reading import NO_PROMPTS, Prompts, Reading

LONGEST = 512
"""Most tokens of a text by default: a model may read 32,768, at sixty times the cost."""
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""A surrogate: Python reads it from bytes on a command line that are not UTF-8, and from half an escape in JSON."""
SECOND_PROMPTS = ("document", "passage", "corpus")
"""Names of the prompt of second texts, in the order of the library's `encode_document`."""


def max_length_of(folder: Path, given: int | None, declared: int | None) -> int:
    """Decide how many tokens of a text are read.

    Args:
        folder: of the model.
        given: number that the user gave.
        declared: number in the task's declaration; it is lowered to the model's positions.

    Returns:
        The given number, else the declared one, else the smaller of the model's own length and LONGEST.

    Raises:
        Mistakes: the user's number is above the model's positions: the first long text would end the run.
    """
    positions = positions_of(folder)
    if given is not None and positions is not None and given > positions:
        raise Mistakes(f"max_length: {given} is more than the {positions} positions of the base model; allowed: fewer")
    wanted = given or declared or min(_own_max_length(folder) or LONGEST, LONGEST)
    return wanted if positions is None else min(wanted, positions)


def prompts_of(folder: Path, first: str | None = None, second: str | None = None) -> Prompts:
    """Decide which prompts are put before the texts: the given ones, else the model's own.

    The model's own are `query` for first texts and `document`, `passage` or `corpus` for second ones; a model with
    neither may have a default prompt for all its texts.

    Args:
        folder: of the model.
        first: prompt of first texts; None: the model's own; empty: none.
        second: prompt of second texts, in the same way.

    Raises:
        Mistakes: a prompt is not UTF-8, or the model's pooling leaves prompts out, which training does not.
    """
    own = _own_prompts(folder)
    prompts = Prompts(own.first if first is None else first, own.second if second is None else second)
    if torn := [prompt for prompt in prompts if HALF_CHARACTER.search(prompt)]:
        raise Mistakes(f"prompts: {', '.join(map(repr, torn))}, with half a character; allowed: text in UTF-8")
    if any(prompts) and any(config.get("include_prompt") is False for config in _module_configs(folder)):
        raise Mistakes(
            f"prompts: {prompts.first!r} and {prompts.second!r}, but the model's pooling leaves prompts out "
            "(include_prompt false), which only plain encode does; allowed: in training and audit --prompt1 '' "
            "--prompt2 '', else a copy of it without prompts in its config_sentence_transformers.json"
        )
    return prompts


def store_prompts(model: Any, prompts: Prompts) -> None:
    """Store in a SentenceTransformer the prompts that it was trained with, under the library's names."""
    names = ["document", *(name for name in SECOND_PROMPTS if name in model.prompts)]
    had_default = model.default_prompt_name is not None
    model.prompts |= {"query": prompts.first} | dict.fromkeys(names, prompts.second)
    everywhere = prompts.first == prompts.second
    model.default_prompt_name = "query" if prompts.first and (everywhere or had_default) else None


@lru_cache(maxsize=2)
def reading_of(
    folder: Path, max_length: int, prompts: Prompts = NO_PROMPTS, trust_remote_code: bool = False
) -> Reading:
    """Load the tokenizer of a model's folder as the library does.

    Args:
        folder: of the model.
        max_length: tokens of a text, the prompt included.
        prompts: of first and second texts.
        trust_remote_code: whether the model's own code may run.

    Raises:
        Mistakes: it cannot be loaded, is no fast tokenizer, or cannot read a text.
    """
    from transformers import AutoTokenizer

    inner = transformer_folder(folder)
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(
            str(inner), **_tokenizer_options(folder), local_files_only=True, trust_remote_code=trust_remote_code
        )
    except Exception as error:  # a damaged file may raise anything
        raise Mistakes(f"base-model: the tokenizer in {inner} cannot be loaded: {reason(error)}") from error
    if not tokenizer.is_fast:
        raise Mistakes(f"base-model: {inner} has no fast tokenizer (tokenizer.json); a model with one is needed")
    content = json.loads(tokenizer.backend_tokenizer.to_str())
    if _transformer_config(folder).get("do_lower_case"):
        content["normalizer"] = _lowered(content["normalizer"])
    reading = Reading(
        tokenizer=json.dumps({**content, "truncation": None, "padding": None}),
        max_length=max_length,
        prompts=prompts,
        truncation_side=tokenizer.truncation_side,
    )
    try:
        reading.whole_ids(SAMPLES)
    except Exception as error:  # the library raises a bare one if the vocabulary lacks its token for the unknown
        raise Mistakes(f"base-model: the tokenizer in {inner} cannot read a text: {reason(error)}") from error
    return reading


def _lowered(normalizer: dict[str, Any] | None) -> dict[str, Any]:
    """Return a normalizer that lowers letters first, as the library's Transformer does for do_lower_case."""
    steps: list[dict[str, Any]] = [normalizer] if normalizer else []
    if normalizer and normalizer["type"] == "Sequence":
        steps = normalizer["normalizers"]
    if any(step["type"] == "Lowercase" for step in steps):
        return {"type": "Sequence", "normalizers": steps}
    return {"type": "Sequence", "normalizers": [{"type": "Lowercase"}, *steps]}


def transformer_folder(folder: Path) -> Path:
    """Return the folder of the first module: the model's own, or one in it such as 0_Transformer."""
    return folder / transformer_prefix(_json(folder / "modules.json"))


def _own_max_length(folder: Path) -> int | None:
    """Return the length as the library does: the saved one, else the smaller of the tokenizer's and the positions."""
    if saved := _transformer_config(folder).get("max_seq_length"):
        return int(saved)
    inner = transformer_folder(folder)
    tokenizer, config = _json(inner / "tokenizer_config.json") or {}, _json(inner / "config.json") or {}
    lengths = [tokenizer.get("model_max_length"), config.get("max_position_embeddings")]
    known = [int(length) for length in lengths if length and length > 0]
    return min(known) if known else None


def positions_of(folder: Path) -> int | None:
    """Return the tokens that a model has positions for; None as in `positions_in`."""
    return positions_in(_json(transformer_folder(folder) / "config.json") or {})


def _own_prompts(folder: Path) -> Prompts:
    config = _json(folder / "config_sentence_transformers.json") or {}
    prompts: dict[str, str] = {name: text or "" for name, text in (config.get("prompts") or {}).items()}
    second = next((prompts[name] for name in SECOND_PROMPTS if prompts.get(name)), "")
    if prompts.get("query") or second:
        return Prompts(prompts.get("query", ""), second)
    return Prompts(*[prompts.get(str(config.get("default_prompt_name")), "")] * 2)


def _transformer_config(folder: Path) -> dict[str, Any]:
    """Return the settings saved beside the transformer, such as max_seq_length and do_lower_case."""
    files = sorted(transformer_folder(folder).glob("sentence_*_config.json"))
    return dict(_json(files[0]) or {}) if files else {}


def _tokenizer_options(folder: Path) -> dict[str, Any]:
    """Return the saved options of the tokenizer, under their present or former name; without leave to run code."""
    config = _transformer_config(folder)
    options: dict[str, Any] = config.get("tokenizer_args") or config.get("processor_kwargs") or {}
    return {name: value for name, value in options.items() if name not in ("trust_remote_code", "local_files_only")}


def _module_configs(folder: Path) -> Sequence[dict[str, Any]]:
    modules = _json(folder / "modules.json") or []
    configs = (_json(folder / str(module.get("path", "")) / "config.json") for module in modules[1:])
    return [config for config in configs if isinstance(config, dict)]


def _json(file: Path) -> Any:
    """Return the value of a JSON file; None if it is missing. `check_files` has refused a damaged one before."""
    return json.loads(file.read_text(encoding="utf8")) if file.is_file() else None
