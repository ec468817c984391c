"""A value of a table as the text that it stands for; what stands for none is refused with its kind."""

import math
from decimal import Decimal
from typing import Any

from pairs.clean import one_spaced


class NoText(ValueError):
    """A value that is no text, such as a list; the message names its kind."""


def text_of(value: Any) -> str:
    """A value as text, with one space wherever white space stood; null and NaN are empty text.

    Bytes are read as UTF-8, and a number as it is written.

    Raises:
        NoText: it is neither text nor number.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise NoText("bytes that are no UTF-8") from None
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
            raise NoText("text with half a character (a lone surrogate)")
    elif isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NoText(_KINDS.get(type(value), f"a value of type {type(value).__name__}"))
    return one_spaced(value)


_KINDS = {list: "a list", dict: "a record", tuple: "a list", bool: "a truth value"}
