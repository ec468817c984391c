"""What a row of ready pairs says beside its texts: the group that no split may tear apart, and its date."""

import math
import re
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from common.mistakes import Mistakes
from tasks.common.declaration import Row
from tasks.common.label_rule import number_in
from tasks.common.plain import PairColumns

MONTH = re.compile(r"\d{4}-\d{2}")
"""A date of ISO 8601 that Python does not read."""
YEAR_FIRST = re.compile(r"(\d{4})/(\d\d?)/(\d\d?)(?!\d)")
DAY_FIRST = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})(?!\d)")
"""31.01.2024; with slashes nobody can tell day and month apart."""
ALLOWED = (
    "a date such as 2024-01-31, 31.01.2024 or 2024-01-31T09:30:00Z, or a number that grows with time, "
    "as seconds since 1970"
)


class Moment(NamedTuple):
    """When a row is from."""

    at: float
    """Seconds since 1970 where it is a date; of numbers these themselves."""
    shown: str
    """As the file has it."""


class Marks:
    """Reads group and date of the shaped rows of one file.

    Args:
        shape: what shaped them; of any but the columns of a file of ready pairs the rows stay as they are.
    """

    def __init__(self, shape: Any) -> None:
        used = shape if isinstance(shape, PairColumns) else None
        self.group, self.time = (used.group, used.time) if used else (None, None)
        self.numbers: bool | None = None
        """Whether the dates of the rows before are numbers; None before the first row."""

    def read(self, shaped: Row, place: str) -> Row:
        """The row with a Moment for its date.

        Raises:
            Mistakes: the group is empty or nested, or the date is none, or numbers and dates are mixed.
        """
        if self.group and _is_no_group(shaped["group"]):
            raise Mistakes(f"group: {place} has {shaped['group']!r} in {self.group}; allowed: a value in every row")
        return {**shaped, "time": self._moment(shaped["time"], place)} if self.time else shaped

    def _moment(self, value: Any, place: str) -> Moment:
        number = _number(value)
        at = _seconds(value) if number is None else number
        if at is None:
            raise Mistakes(f"time: {place} has {value!r} in {self.time}; allowed: {ALLOWED}")
        if self.numbers not in (None, number is not None):
            before = "numbers" if self.numbers else "dates"
            raise Mistakes(
                f"time: {place} has {value!r} in {self.time}, and rows before have {before}; allowed: one of them"
            )
        self.numbers = number is not None
        return Moment(at, str(value).strip())


def _is_no_group(value: Any) -> bool:
    absent = value is None or (isinstance(value, float) and math.isnan(value))
    return absent or isinstance(value, list | dict) or not str(value).strip()


def _number(value: Any) -> float | None:
    """A finite number, or None; also of digits alone, so 20240131 is one, and grows with time as it should."""
    return None if isinstance(value, bool) else number_in(value)


def _seconds(value: Any) -> float | None:
    """A date as seconds since 1970, or None; one without a time zone is read as UTC."""
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
    """'31.1.2024 10:00' and '2024/1/31 10:00' -> '2024-01-31 10:00'; any other as it is."""
    if found := YEAR_FIRST.match(text):
        year, month, day = found.groups()
    elif found := DAY_FIRST.match(text):
        day, month, year = found.groups()
    else:
        return text
    return f"{year}-{month:0>2}-{day:0>2}{text[found.end() :]}"
