"""Make values fit for JSON, which has neither NaN nor infinity."""

import math
from typing import Any


def finite(value: Any) -> Any:
    """Return the same value with None for every float that is not finite, at any depth."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
