"""Test how numbers and times are written."""

import math

import pytest

from reporting import formats


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.0e-05, "2e-05"),
        (3.14159e-05, "3.142e-05"),
        (0.512345, "0.5123"),
        (16.0, "16"),
        (16384, "16384"),
        (0.0, "0"),
        (-1.5, "-1.5"),
        (1e9, "1e+09"),
        (None, "-"),
        (math.nan, "-"),
        (math.inf, "inf"),
    ],
)
def test_numbers_have_at_most_four_significant_digits(value: float | None, expected: str) -> None:
    assert formats.number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.75, "0.7500"), (0.7123456, "0.7123456"), (-0.25, "-0.2500"), (1e-5, "1e-05"), (0.30000000000000004,) * 2],
)
def test_an_exact_number_reads_the_same_again(value: float, expected: str | float) -> None:
    assert formats.exact(value) == str(expected)
    assert float(formats.exact(value)) == value


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0s"), (59.4, "59s"), (59.6, "1:00"), (187, "3:07"), (3723, "1:02:03"), (None, "-"), (math.inf, "-")],
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert formats.duration(seconds) == expected


def test_settings_keep_their_order() -> None:
    assert formats.settings({"margin": 0.5, "learning_rate": 2e-5}) == "margin=0.5 learning_rate=2e-05"


@pytest.mark.parametrize(("value", "expected"), [(0.5, "0.5000"), (None, "-"), (math.nan, "-")])
def test_scores_have_four_decimals(value: float | None, expected: str) -> None:
    assert formats.score(value) == expected


def test_a_base_model_is_shown_by_its_last_part() -> None:
    assert formats.settings({"base_model": "org/mini", "epochs": 2}) == "base_model=mini epochs=2"
    assert formats.setting_of("schedule", "a/b") == "a/b"
    assert [formats.base_model(name) for name in ("base", "base mini")] == ["base model", "base model mini"]
