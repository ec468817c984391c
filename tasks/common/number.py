"""Hold a number together with its origin."""

from typing import NamedTuple

from common.space import Setting


class Number(NamedTuple):
    """A number of a task and its origin: a model card, a default of the library, or ours with the reason."""

    value: Setting
    """A number, or a word where a setting is one of a few words."""
    origin: str
