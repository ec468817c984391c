"""Read a cell as text; refuse a value that is no text instead of writing it the way Python does."""

import datetime
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from numbers import Real
from typing import Any

ALLOWED = "text, a number, bytes of UTF-8, or nothing"


class NotTextError(ValueError):
    """A value that is no text; the message says what it is, such as 'a list'."""


def as_text(value: Any) -> str:
    """Return a value as text: None and NaN are empty, bytes are UTF-8, a number is written as such.

    Raises:
        NotTextError: the value is a list, a record, a date, true or false, infinite, or bytes that are no UTF-8.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise NotTextError("bytes that are no UTF-8") from None
    if isinstance(value, Real | Decimal) and not isinstance(value, bool):
        return _number(value)
    raise NotTextError(_kind(value))


def no_text(column: str, place: str, kind: NotTextError) -> str:
    """Return the message of a mistake: 'answer: row 3 of pairs.jsonl has a list; ...'."""
    return f"{column}: {place} has {kind}; allowed where a text belongs: {ALLOWED}"


def _number(value: Any) -> str:
    if math.isnan(value):
        return ""
    if math.isinf(value):
        raise NotTextError("an infinite number")
    return str(value)


def _kind(value: Any) -> str:
    kinds = (
        (Mapping, "a record"),
        (bool, "true or false"),
        ((datetime.date, datetime.time), "a date or a time"),
        (datetime.timedelta, "a length of time"),
        (Iterable, "a list"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), f"a value of type {type(value).__name__}")
