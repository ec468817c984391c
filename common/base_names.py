"""Name the base models of a run: in the verdict the first is 'base', another one 'base NAME'."""

from collections.abc import Sequence

SETTING = "base_model"
"""Name of the setting in a search with several base models; with one there is no such setting."""
BASE = "base"


def untuned(short: str) -> str:
    """Return the name in the verdict of another base model than the first, as it is without training."""
    return f"{BASE} {short}"


def is_untuned(model: str) -> bool:
    """Check whether a model of the verdict is a base model."""
    return model == BASE or model.startswith(untuned(""))


def short_name(name: str) -> str:
    """Return the last part of a hub name or path."""
    return name.rstrip("/").rpartition("/")[2]


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return name -> its last part, or the whole name where two end alike."""
    short = [short_name(name) for name in names]
    return {name: each if short.count(each) == 1 else name for name, each in zip(names, short, strict=True)}
