"""Test that a declaration refuses values that would break a training, a search or a preparation."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from common.mistakes import Mistakes
from tasks.common.declaration import TEXT_FIELDS, Blocking, Layout, Number, Task
from tasks.invoices import task as invoices
from tasks.nli import task as nli

NO_NUMBERS = (math.nan, math.inf, -math.inf, 10**400, None, "1", True, [1])


def said(task: Task, **changes: Any) -> str:
    with pytest.raises(Mistakes) as caught:
        replace(task, **changes)
    return str(caught.value)


def numbers(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each number of the invoices task with the fields that change it to this value."""
    number = Number(value, "a test")
    words = isinstance(value, str)  # which a setting of a loss may be
    for name in () if words else invoices.baseline:
        yield f"baseline.{name}", {"baseline": {**invoices.baseline, name: number}}
    yield "max_length", {"max_length": number}
    yield "recipe.negatives_per_positive", {"recipe": Blocking(negatives_per_positive=number)}


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_every_number_is_finite(value: Any) -> None:
    for name, changes in numbers(value):
        assert f"{name}: Number(value={value!r}, origin='a test') must be a Number whose value is finite" in said(
            invoices, **changes
        )


@pytest.mark.parametrize("value", [None, 5, "5"])
def test_a_number_without_an_origin_is_none(value: Any) -> None:
    if value is not None:  # the base model decides
        assert f"max_length: {value!r} must be a Number" in said(invoices, max_length=value)
    assert f"baseline: {value!r} must have a Number" in said(invoices, baseline=value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 1.5, "1.5 must be a whole number"),
        ("global_batch_size", 8.5, "8.5 must be a whole number"),
        ("learning_rate", 0, "0 must be above 0"),
        ("warmup_ratio", 1, "1 must be at least 0 and below 1"),
        ("weight_decay", -0.1, "-0.1 must be at least 0 and below 1"),
        ("margin", 2.5, "2.5 is not a number above 0 and at most 2, the largest cosine distance"),
    ],
)
def test_a_baseline_that_no_training_takes_is_named(name: str, value: float, message: str) -> None:
    baseline = {**invoices.baseline, name: Number(value, "a test")}
    assert said(invoices, baseline=baseline) == f"baseline.{name}: {message}"


@pytest.mark.parametrize("value", [None, 0, math.nan, [], "", " "])
@pytest.mark.parametrize("name", TEXT_FIELDS)
def test_a_field_of_text_has_text(name: str, value: Any) -> None:
    assert f"{name}: {value!r} must be text" in said(invoices, **{name: value})


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, 1.5, "5", True, []])
@pytest.mark.parametrize("name", ["rows", "dev_rows"])
def test_a_number_of_rows_is_whole(name: str, value: Any) -> None:
    assert said(nli, **{name: value}) == f"{name}: {value!r} must be a whole number of at least 1, or None"


@pytest.mark.parametrize("value", [(math.nan,) * 3, (1.0, 0.0), ("a", "b", "c"), 0.5, None, [0.6, 0.2, 0.2]])
def test_shares_are_three_numbers(value: Any) -> None:
    assert said(invoices, shares=value) == f"shares: {value!r} must be three numbers: train, dev, test"


@pytest.mark.parametrize("value", [1, "x", (1, 2)])
@pytest.mark.parametrize("name", ["recipe", "layouts", "generate", "published"])
def test_a_part_of_another_kind_is_named(name: str, value: Any) -> None:
    assert f"{name}: {value!r} must be" in said(invoices, **{name: value})


def test_all_of_them_are_told_at_once() -> None:
    wrong = {"rows": 0, "name": "", "recipe": None, "layouts": (Layout,)}
    assert [line.partition(":")[0] for line in said(invoices, **wrong).splitlines()] == [
        *("name", "recipe", "rows", "layouts")
    ]
