"""Hold a number together with its origin."""

from typing import NamedTuple


class Number(NamedTuple):
    """A number of a task and its origin: a model card, a default of the library, or ours with the reason."""

    value: float
    origin: str
