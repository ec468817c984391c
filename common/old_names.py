"""Translate names of the previous version; they are understood for one release, with a note on standard error."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

SETTINGS = {"warmup_share": "warmup_ratio"}
"""Settings: in a task's baseline, in --set, in the files of a run and of prepared pairs."""
OPTIONS = {"--seeds": "--repeat-seeds", "--best": "--top-k", "--untuned": "--base"}
"""Options of a command line."""
MODELS = {"winner": "best", "untuned": "base"}
"""Models: in --export, and in the files of a run."""

Value = TypeVar("Value")


def renamed(values: Mapping[str, Value], names: Mapping[str, str], *, note: bool = False) -> dict[str, Value]:
    """Return the same values under their new names, in their order.

    Args:
        values: name -> value.
        names: old name -> new name.
        note: whether to print a note for each old name, because the user wrote it.
    """
    return {_new(name, names) if note else names.get(name, name): value for name, value in values.items()}


def modern_names(value: Any) -> Any:
    """Return the value of a run's JSON file with new names of settings and models, at any depth.

    A key may name two models ('winner - baseline'). A model is also a value of `chosen`, `kept` and `export`.
    """
    if isinstance(value, list):
        return [modern_names(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {_key(name): _model(name, modern_names(item)) for name, item in value.items()}


def _key(name: str) -> str:
    return " - ".join((SETTINGS | MODELS).get(part, part) for part in name.split(" - "))


def _model(name: str, value: Any) -> Any:
    return MODELS.get(value, value) if name in ("chosen", "kept", "export") and isinstance(value, str) else value


def tell(old: str, new: str) -> None:
    """Print a note on standard error that an old name was used."""
    print(f"note: {old} is called {new} now; the old name goes with the next release", file=sys.stderr)


def modern(words: Iterable[str], options: Collection[str]) -> list[str]:
    """Return the words of a command line with new names for old ones, and print a note for each.

    Args:
        words: of the command line.
        options: those that the command has; an old option is left alone if the command lacks the new one.
    """
    modern_words: list[str] = []
    for word in words:
        option, mark, value = word.partition("=")
        before = modern_words[-1] if modern_words else ""
        if before in VALUES:
            word = VALUES[before](word)
        elif mark and option in VALUES:
            word = f"{option}={VALUES[option](value)}"
        elif option not in options and OPTIONS.get(option) in options:
            word = _new(option, OPTIONS) + mark + value
        modern_words.append(word)
    return modern_words


def _override(word: str) -> str:
    name, mark, value = word.partition("=")
    return _new(name, SETTINGS) + mark + value


def _new(name: str, names: Mapping[str, str]) -> str:
    if name not in names:
        return name
    tell(name, names[name])
    return names[name]


VALUES: Mapping[str, Callable[[str], str]] = {"--set": _override, "--export": lambda word: _new(word, MODELS)}
"""Option -> function that translates its value."""
