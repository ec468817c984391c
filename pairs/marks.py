"""Read what a row of ready pairs says beside its texts: the group that no split tears apart, and its date."""

import math
import re
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from common.mistakes import Mistakes
from tasks.common.declaration import Row
from tasks.common.label_rule import number_in
from tasks.common.plain import PairColumns

MONTH = re.compile(r"\d{4}-\d{2}")
"""A date of ISO 8601 that Python cannot read."""
YEAR_FIRST = re.compile(r"(\d{4})/(\d\d?)/(\d\d?)(?!\d)")
DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?!\d)")
"""31.01.2024; with slashes, day and month cannot be told apart."""
ALLOWED = (
    "a date such as 2024-01-31, 31.01.2024 or 2024-01-31T09:30:00Z, or a number that grows with time, "
    "as seconds since 1970"
)


class Moment(NamedTuple):
    """The date of a row."""

    at: float
    """Seconds since 1970 for a date; a number as it is."""
    shown: str
    """The date as the file writes it."""


class Marks:
    """Reads group and date of the shaped rows of one file.

    Args:
        shape: the shape of the rows; unless it is that of a file of ready pairs, the rows stay as they are.
    """

    def __init__(self, shape: Any) -> None:
        used = shape if isinstance(shape, PairColumns) else None
        self.group, self.time = (used.group, used.time) if used else (None, None)
        self.numbers: bool | None = None
        """True if the dates of earlier rows are numbers; None before the first row."""

    def read(self, shaped: Row, position: str) -> Row:
        """Return the row with a Moment for its date.

        Args:
            shaped: the row.
            position: the row in words, for messages.

        Raises:
            Mistakes: the group is empty or nested, the date cannot be read, or numbers and dates are mixed.
        """
        if self.group and _is_no_group(shaped["group"]):
            raise Mistakes(f"group: {position} has {shaped['group']!r} in {self.group}; allowed: a value in every row")
        return {**shaped, "time": self._moment(shaped["time"], position)} if self.time else shaped

    def _moment(self, value: Any, position: str) -> Moment:
        number = _number(value)
        at = _seconds(value) if number is None else number
        if at is None:
            raise Mistakes(f"time: {position} has {value!r} in {self.time}; allowed: {ALLOWED}")
        if self.numbers not in (None, number is not None):
            before = "numbers" if self.numbers else "dates"
            raise Mistakes(
                f"time: {position} has {value!r} in {self.time}, and earlier rows have {before}; allowed: one of them"
            )
        self.numbers = number is not None
        return Moment(at, str(value).strip())


def _is_no_group(value: Any) -> bool:
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return absent or isinstance(value, list | dict) or not str(value).strip()


def _number(value: Any) -> float | None:
    """Return a finite number, or None; digits alone are one, too, such as 20240131, which grows with time."""
    return None if isinstance(value, bool) else number_in(value)


def _seconds(value: Any) -> float | None:
    """Return a date as seconds since 1970, or None; a date without a time zone is in UTC."""
    try:
        if isinstance(value, str):
            text = _iso(value.strip())
            value = datetime.fromisoformat(f"{text}-01" if MONTH.fullmatch(text) else text)
        elif isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)
        if not isinstance(value, datetime):
            return None
        seconds = (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):  # pandas' NaT is a datetime, too
        return None
    return seconds if math.isfinite(seconds) else None


def _iso(text: str) -> str:
    """Turn '31.1.2024 10:00' and '2024/1/31 10:00' into '2024-01-31 10:00'; leave other texts as they are."""
    if match := YEAR_FIRST.match(text):
        year, month, day = match.groups()
    elif match := DAY_FIRST.match(text):
        day, month, year = match.groups()
    else:
        return text
    return f"{year}-{month:0>2}-{day:0>2}{text[match.end() :]}"
