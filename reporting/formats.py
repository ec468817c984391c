"""Format numbers and times for tables and lines of output."""

import math
from collections.abc import Mapping
from typing import Any

from common.base_names import BASE, SETTING, short_name
from common.space import Setting, Settings

EXACT_BELOW = 1e7
"""Whole numbers below this are shown in full: a batch size of 16384 is not 1.638e+04."""


def number(value: float | None) -> str:
    """Return a number with at most 4 significant digits, 2.0e-05 as 2e-05; '-' for None and NaN."""
    if value is None or math.isnan(value):
        return "-"
    if float(value).is_integer() and abs(value) < EXACT_BELOW:
        return str(int(value))
    return f"{value:.4g}"


def count(value: int | None) -> str:
    """Return a whole number with commas between thousands; '-' for None."""
    return "-" if value is None else f"{value:,}"


def score(value: float | None) -> str:
    """Return a metric with 4 decimals, so that columns line up; '-' for None and NaN."""
    return "-" if value is None or math.isnan(value) else f"{value:.4f}"


def exact(value: float) -> str:
    """Return 4 decimals, or as many as it takes to read back the same number: a threshold decides by all of them."""
    short = f"{value:.4f}"
    return short if float(short) == value else repr(float(value))


def settings(values: Settings) -> str:
    """Return such as 'global_batch_size=16 learning_rate=2e-05', in the order given."""
    return " ".join(f"{name}={setting_of(name, value)}" for name, value in values.items())


def setting(value: Setting | None) -> str:
    """Return a number as `number` does, and a word as it is."""
    return value if isinstance(value, str) else number(value)


def setting_of(name: str, value: Setting | None) -> str:
    """Return a setting's value as `setting` does, but of a base model's path or hub name the last part."""
    return short_name(value) if name == SETTING and isinstance(value, str) else setting(value)


def base_model(name: str) -> str:
    """Return words for a base model of the verdict: 'base NAME' is one that the search could choose."""
    return f"base model {name.removeprefix(BASE).strip()}".strip()


def duration(seconds: float | None) -> str:
    """Return whole seconds as 42s, 3:07 or 1:02:03; '-' for an unknown time."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest}s"


def with_interval(interval: Mapping[str, Any], *, signed: bool = False) -> str:
    """Return a value with its interval, such as '0.9118 (0.8402 to 0.9640)'; without it if it is not known.

    Args:
        interval: value, low and high.
        signed: whether a value above 0 has a '+', as a difference.
    """
    value, low, high = (interval[name] for name in ("value", "low", "high"))
    shown = difference if signed else score
    if low is None or math.isnan(low):
        return shown(value)
    return f"{shown(value)} ({shown(low)} to {shown(high)})"


def difference(value: float | None) -> str:
    """Return a difference with 4 decimals and its sign; '-' for None and NaN."""
    return "-" if value is None or math.isnan(value) else f"{value:+.4f}"
