"""Describe a search space in plain values: a range, a list of choices, or one fixed value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Setting = float | str
"""The value of a setting: a number, or a word such as the name of a loss."""

Settings = Mapping[str, Any]
"""Setting name -> its value, each a Setting. Any, as each name has a type of its own: `epochs` is a number always."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """Any value from low to high; `log` draws it on a logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def nearest(self, value: Setting) -> Setting:
        """Return the allowed value closest to this one; the lowest one for a word."""
        return self.low if isinstance(value, str) else min(max(value, self.low), self.high)

    def including(self, value: Setting) -> "Range":
        """Return the range, widened where this number lies outside."""
        if isinstance(value, str):
            return self
        return replace(self, low=min(self.low, value), high=max(self.high, value))

    @property
    def most(self) -> float:
        """The greatest value allowed."""
        return self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", logarithmic" if self.log else "")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few values; a single value is a fixed setting."""

    values: tuple[Setting, ...]

    def nearest(self, value: Setting) -> Setting:
        """Return the allowed value closest to this one, by ratio; the first one if none is close to a word."""
        return min(self.values, key=lambda choice: distance(choice, value))

    def including(self, value: Setting) -> "Choice":
        """Return the choice with this value among its own, numbers in their order."""
        return self if value in self.values else Choice(values=tuple(sorted((*self.values, value), key=_order)))

    @property
    def most(self) -> float:
        """The greatest number allowed; 0 if none is a number."""
        return max((value for value in self.values if not isinstance(value, str)), default=0.0)

    def __str__(self) -> str:
        return ", ".join(value if isinstance(value, str) else f"{value:g}" for value in self.values)


def distance(one: Setting, other: Setting) -> float:
    """Return how far two values are apart, for numbers by their ratio; a word is infinitely far from all others."""
    if one == other:
        return 0.0
    if isinstance(one, str) or isinstance(other, str):
        return math.inf
    return abs(math.log((one or 1e-12) / (other or 1e-12)))


def _order(value: Setting) -> tuple[bool, float]:
    return (False, 0.0) if isinstance(value, str) else (True, value)


Space = Mapping[str, Range | Choice]
"""Setting name -> its allowed values."""


def is_searched(allowed: Range | Choice) -> bool:
    """Check whether a setting has more than one allowed value."""
    return isinstance(allowed, Range) or len(allowed.values) > 1


def different_settings(space: Space) -> float:
    """Count the different settings of a space; infinite if one has a range."""
    return math.prod(math.inf if isinstance(allowed, Range) else len(allowed.values) for allowed in space.values())


def plain_text(allowed: Mapping[str, Any]) -> str:
    """Return the text of a Range or Choice from its plain values, as in settings.json."""
    return str(Choice(values=tuple(allowed["values"])) if "values" in allowed else Range(**allowed))
