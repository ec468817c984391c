"""Test which rows are dropped, and under which reason they are counted."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from common.mistakes import Mistakes
from pairs.clean import clean, folded
from tasks.common.declaration import Row
from tasks.common.label_rule import number_in
from tasks.common.loading import load
from tasks.common.plain import PairColumns
from tests.tasks.test_values import NO_TEXTS


def cleaned(task: str, rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    result = clean(load(task), rows, lambda row: None if row.get("skip") else row, "raw.csv")
    return result.rows, dict(result.dropped)


def pair(first: str, second: str, label: Any = 1.0) -> dict[str, Any]:
    return {"sentence1": first, "sentence2": second, "label": label, "group": first}


def test_given_pairs() -> None:
    rows = [
        pair("a", "b"),
        pair(" a\t", "b\n"),  # a repeat, white space aside
        pair("\uff21", "B"),  # and case and width aside
        pair("a", " "),
        pair("c", "d", 1.0),
        pair("C", "d", 0.0),
        pair("e", "f", "0.5"),
        {"skip": True},
    ]
    kept, dropped = cleaned("nli", rows)
    assert [(row["sentence1"], row["label"]) for row in kept] == [("a", 1.0), ("e", 0.5)]
    assert dropped == {"repeat": 2, "empty text": 1, "same pair with different labels": 2, "not usable": 1}


@pytest.mark.parametrize("code", [0xAD, 0x200B, 0x200D, 0x200E, 0x2060, 0xFEFF, 0xE0001])
def test_what_cannot_be_seen_does_not_make_another_text(code: int) -> None:
    mark = chr(code)
    assert folded(f"Hard{mark}ware{mark}") == folded("hardware")
    assert folded(f"a{mark} e{mark}\u0301") == folded("A \u00e9")  # composed as if the mark were not there
    kept, dropped = cleaned("nli", [pair("a", "b"), pair(f"{mark}a", "b"), pair("c", f" {mark}{mark} ")])
    assert (len(kept), dropped) == (1, {"repeat": 1, "empty text": 1})


@pytest.mark.parametrize(
    ("one", "other"),
    [("10\u00b2", "102"), ("CO\u2082", "co2"), ("\u2460", "1"), ("5\u00bd", "51/2"), ("x\u00b2", "x\u00b3")],
)
def test_numbers_that_are_written_in_another_place_are_others(one: str, other: str) -> None:
    assert folded(one) != folded(other)
    assert folded(f"\uff21{one}\uff22") == f"a{one}b".casefold() == folded(folded(f"a{one}B"))


@pytest.mark.parametrize("task", ["nli", "job_skills"])
def test_a_labelled_pair_is_the_same_in_either_order_whatever_the_loss(task: str) -> None:
    rows = [pair("a", "b"), pair("B", "a"), pair("c", "d", 1.0), pair("d", "c", 0.0)]
    kept, dropped = cleaned(task, rows)
    assert [row["sentence1"] for row in kept] == ["a"]
    assert dropped == {"repeat": 1, "same pair with different labels": 2}


def test_a_pair_without_a_label_is_another_question_in_the_other_order() -> None:
    kept, dropped = cleaned("job_skills", [{**pair("a", "b"), "label": None}, {**pair("b", "a"), "label": None}])
    assert (len(kept), dropped) == (2, {})


def test_a_text_of_several_groups_is_told_by_its_identity() -> None:
    rows = [
        {"text": "Fees. Pay.", "identity": "Pay.", "group": "law"},
        {"text": "Costs. Pay.", "identity": "PAY.", "group": "art"},
        {"text": "Fees. Come.", "identity": "Come.", "group": "law"},
        {"text": "Costs. Come.", "identity": "Come.", "group": "law"},
    ]
    kept, dropped = cleaned("pages", rows)
    assert [row["text"] for row in kept] == ["Fees. Come."]
    assert dropped == {"text stands in several groups": 2, "repeat": 1}


def test_groups_that_differ_only_in_case_or_width_are_one_in_all_files() -> None:
    groups: dict[str, str] = {}
    files = [[("Come.", "Law"), ("Pay.", "LAW")], [("Go.", "law"), ("Read.", "Art"), ("read.", " ART")]]
    found = [
        clean(load("pages"), [{"text": text, "group": name} for text, name in rows], lambda row: row, "raw.csv", groups)
        for rows in files
    ]
    assert [[row["group"] for row in each.rows] for each in found] == [["Law", "Law"], ["Law", "Art"]]
    assert found[1].dropped == {"repeat": 1}


def test_a_text_of_two_categories_is_dropped() -> None:
    rows = [{"text": "x", "category": category, "group": "x"} for category in ("one", "two")]
    assert cleaned("tickets", rows) == ([], {"same text in different categories": 2})


def test_a_category_in_two_spellings_is_one() -> None:
    rows = [{"text": text, "category": category, "group": text} for text, category in (("x", "One"), ("X", "one"))]
    assert cleaned("tickets", rows) == ([rows[0]], {"repeat": 1})


@pytest.mark.parametrize(
    ("task", "label", "allowed"),
    [
        ("nli", "entailment", "a number from -1 to 1"),
        ("nli", 1.5, "a number from -1 to 1"),
        ("nli", float("nan"), "a number from -1 to 1"),
        ("nli", None, "a number from -1 to 1"),
        ("job_skills", 0.5, "0 or 1"),
    ],
)
def test_a_wrong_label_is_named_with_its_row(task: str, label: Any, allowed: str) -> None:
    with pytest.raises(Mistakes) as caught:
        cleaned(task, [pair("a", "b", 1.0), pair("c", "d", label)])
    assert f"label: row 2 of raw.csv has {label!r}" in str(caught.value)
    assert allowed in str(caught.value)


def test_a_ranking_task_needs_no_label() -> None:
    row: Row = {"sentence1": "a", "sentence2": "b", "group": "g"}
    assert clean(load("job_skills"), [row], lambda row: row, "raw.csv").rows[0]["label"] is None


def test_a_shape_that_lacks_a_field_is_named() -> None:
    with pytest.raises(Mistakes, match="row 1 of raw.csv as shaped by task 'invoices' lacks group, keys; has text"):
        cleaned("invoices", [{"text": "a"}])


def of_columns(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return clean(load("nli"), rows, PairColumns(first="q", second="a", label="l"), "raw.jsonl").rows


@pytest.mark.parametrize("column", ["q", "a"])
@pytest.mark.parametrize(("value", "kind"), NO_TEXTS)
def test_what_is_no_text_is_named_with_column_row_and_kind(column: str, value: Any, kind: str) -> None:
    row = {"q": "x", "a": "y", "l": 1.0}
    value = [value] if kind == "a list" and column == "a" else value  # a list of second texts is one of positives
    kind += " in its list" * (kind == "a list" and column == "a")
    with pytest.raises(Mistakes) as caught:
        of_columns([row, row | {column: value}])
    (message,) = caught.value.messages
    assert message.startswith(f"{column}: row 2 of raw.jsonl has {kind}; allowed where a text belongs: text, a number")


def test_values_that_hold_a_text_are_read_as_it() -> None:
    nan = float("nan")
    values: list[Any] = [b"caf\xc3\xa9", 3, Decimal("1.50"), nan, None, ""]
    rows = [{"q": each, "a": "y", "l": 1.0} for each in values]
    assert [row["sentence1"] for row in of_columns([*rows])] == ["café", "3", "1.50"]


def test_a_group_may_be_a_date_but_no_list() -> None:
    kept, _ = cleaned("nli", [pair("a", "b") | {"group": datetime.date(2024, 1, 2)}, pair("c", "d") | {"group": True}])
    assert [row["group"] for row in kept] == ["2024-01-02", "True"]
    with pytest.raises(Mistakes, match="group: row 1 of raw.csv has a list"):
        cleaned("nli", [pair("a", "b") | {"group": ["a"]}])


def test_a_row_that_a_task_cannot_shape_is_named() -> None:
    def shape(row: Row) -> Row:
        return pair(row["text"].strip(), "b")

    with pytest.raises(
        Mistakes, match=r"row 2 of raw.csv cannot be shaped by task 'nli': AttributeError: .* \(NoneType\)"
    ):
        clean(load("nli"), [{"text": "a"}, {"text": None}], shape, "raw.csv")


@pytest.mark.parametrize("value", [10**400, "1e999", float("nan"), [1], {"a": 1}, None, datetime.date(2024, 1, 2)])
def test_a_label_that_is_no_finite_number_is_refused(value: Any) -> None:
    with pytest.raises(Mistakes, match="label: row 1 of raw.csv has"):
        cleaned("nli", [pair("a", "b", value)])


@pytest.mark.parametrize("value", [None, "", "one", "nan", "inf", float("nan"), [1], {"a": 1}, 10**400])
def test_what_is_no_finite_number(value: Any) -> None:
    assert number_in(value) is None
    assert number_in(" 1.50 ") == 1.5
