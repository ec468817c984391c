"""Test which values are texts, and which are refused."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tasks.common.values import NotTextError, as_text

NO_TEXTS: Sequence[tuple[Any, str]] = [
    (["a"], "a list"),
    ([], "a list"),
    (("a", "b"), "a list"),
    (np.array(["a"]), "a list"),
    ({"text": "a"}, "a record"),
    (datetime.date(2024, 1, 2), "a date or a time"),
    (datetime.datetime(2024, 1, 2), "a date or a time"),
    (datetime.time(1), "a date or a time"),
    (datetime.timedelta(1), "a length of time"),
    (True, "true or false"),
    (float("inf"), "an infinite number"),
    (Decimal("-Infinity"), "an infinite number"),
    (b"caf\xe9", "bytes that are no UTF-8"),
    (object(), "a value of type object"),
]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(("a", "a"), ("nan", "nan"), (" a ", " a "), (None, ""), (float("nan"), ""), (np.float64("nan"), "")),
        *((Decimal("NaN"), ""), (3, "3"), (0.5, "0.5"), (np.int64(3), "3"), (Decimal("1.50"), "1.50")),
        *((b"caf\xc3\xa9", "café"), (bytearray(b"a"), "a"), (b"", "")),
    ],
)
def test_text_is_what_stands_there(value: Any, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(("value", "kind"), NO_TEXTS)
def test_what_is_no_text_is_named(value: Any, kind: str) -> None:
    with pytest.raises(NotTextError, match=f"^{kind}$"):
        as_text(value)
