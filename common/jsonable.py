"""What JSON can hold."""

import math
from typing import Any


def finite(value: Any) -> Any:
    """The same value with None for every float that is not finite."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
