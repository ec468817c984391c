"""Describe a search space in plain values: a range, a list of choices, or one fixed value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Range:
    """Any value from low to high; `log` draws it on a logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def nearest(self, value: float) -> float:
        """Return the allowed value closest to this one."""
        return min(max(value, self.low), self.high)

    @property
    def most(self) -> float:
        """The greatest value allowed."""
        return self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", logarithmic" if self.log else "")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few values; a single value is a fixed setting."""

    values: tuple[float, ...]

    def nearest(self, value: float) -> float:
        """Return the allowed value closest to this one, by ratio."""
        return min(self.values, key=lambda choice: abs(math.log((choice or 1e-12) / (value or 1e-12))))

    @property
    def most(self) -> float:
        """The greatest value allowed."""
        return max(self.values)

    def __str__(self) -> str:
        return ", ".join(f"{value:g}" for value in self.values)


Space = Mapping[str, Range | Choice]
"""Setting name -> its allowed values."""


def different_settings(space: Space) -> float:
    """Count the different settings of a space; infinite if one has a range."""
    return math.prod(math.inf if isinstance(allowed, Range) else len(allowed.values) for allowed in space.values())


def plain_text(allowed: Mapping[str, Any]) -> str:
    """Return the text of a Range or Choice from its plain values, as in settings.json."""
    return str(Choice(values=tuple(allowed["values"])) if "values" in allowed else Range(**allowed))
