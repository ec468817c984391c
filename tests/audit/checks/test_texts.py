"""Test faults of single values, and values that only look like faults."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from audit.limits import OVERSIZED_CHARACTERS
from tests.audit.cases import codes, found, plan, rows

SOUND = rows(9, [0.0, 1.0])


def with_first(value: Any) -> list[dict[str, Any]]:
    """Return sound rows and one whose first text is the value."""
    return [*SOUND, {"sentence1": value, "sentence2": "a second", "label": 1.0}]


def test_sound_pairs_have_no_finding(tmp_path: Path) -> None:
    assert codes(tmp_path, SOUND, "contrastive") == {}


@pytest.mark.parametrize("value", [{"page_name": "Law", "text": "You read."}, ["You", "read."]])
def test_a_record_or_a_list_is_no_text(tmp_path: Path, value: Any) -> None:
    train = [{**row, "sentence1": value} for row in SOUND]
    finding = found(plan(tmp_path, {"train": train}, "contrastive"))["record_as_text"]
    assert (finding.severity, finding.count, finding.share) == ("error", 9, 1.0)
    assert "You" in finding.examples[0]["sentence1"]


@pytest.mark.parametrize("value", [datetime.date(2024, 1, 2), True, float("inf"), b"caf\xe9", [], {"a": None}])
def test_what_is_no_text_is_found_as_preparing_refuses_it(tmp_path: Path, value: Any) -> None:
    train = [{**row, "sentence1": value} for row in SOUND]
    assert codes(tmp_path, train, "contrastive")["record_as_text"] == "error"


def test_bytes_of_utf8_are_texts(tmp_path: Path) -> None:
    train = [{**row, "sentence1": row["sentence1"].encode()} for row in SOUND]
    assert codes(tmp_path, train, "contrastive") == {}


def test_a_text_that_looks_like_a_record_is_a_text(tmp_path: Path) -> None:
    assert codes(tmp_path, with_first('{"page_name": "Law"}'), "contrastive") == {}


@pytest.mark.parametrize(
    ("value", "code"), [(None, "null_value"), (" \n\t ", "empty_text"), (" \u200b\ufeff", "empty_text")]
)
def test_nothing_in_place_of_a_text(tmp_path: Path, value: Any, code: str) -> None:
    finding = found(plan(tmp_path, {"train": SOUND, "dev": with_first(value)}, "contrastive", apart=()))[code]
    assert (finding.severity, finding.count, finding.statistic) == ("error", 1, {"dev": 1})
    assert finding.examples == ({"split": "dev", "row": 10, "sentence1": value, "sentence2": "a second", "label": 1.0},)


def test_not_a_number_stands_for_nothing(tmp_path: Path) -> None:
    train = [{**row, "sentence1": float("nan")} for row in SOUND]
    assert found(plan(tmp_path, {"train": train}, "contrastive"))["null_value"].count == 9


@pytest.mark.parametrize("value", ["nan", "None", "N/A", " null ", "-", "#N/A", "\u3164", "\ufe0f\u200b", "\x00\x01"])
def test_a_text_that_says_there_is_none(tmp_path: Path, value: str) -> None:
    finding = found(plan(tmp_path, {"train": with_first(value)}, "contrastive"))["missing_as_text"]
    assert (finding.severity, finding.count, finding.statistic) == ("warning", 1, {"train": 1})


@pytest.mark.parametrize("value", ["0", "no", "none of these", "Nan's bread", "e\u0301", "\u2764\ufe0f"])
def test_the_shortest_texts_are_texts(tmp_path: Path, value: str) -> None:
    assert codes(tmp_path, with_first(value), "contrastive") == {}


def test_a_missing_label_is_a_missing_value_where_a_loss_reads_labels(tmp_path: Path) -> None:
    train = [*SOUND, {"sentence1": "a", "sentence2": "b", "label": None}]
    assert codes(tmp_path, train, "contrastive") == {"null_value": "error"}


@pytest.mark.parametrize(("more", "expected"), [(0, {}), (1, {"oversized_text": "warning"})])
def test_a_text_is_oversized_beyond_the_limit(tmp_path: Path, more: int, expected: dict[str, str]) -> None:
    assert codes(tmp_path, with_first("a" * (OVERSIZED_CHARACTERS + more)), "contrastive") == expected


def test_a_label_in_words_is_of_no_type_that_a_loss_takes(tmp_path: Path) -> None:
    train = [{**row, "label": word} for row, word in zip(SOUND, ["1", "0", "entailment"] * 3, strict=True)]
    finding = found(plan(tmp_path, {"train": train}, "contrastive"))["label_type"]
    assert (finding.severity, finding.count) == ("error", 3)
    assert finding.examples[0]["row"] == 3


def test_labels_as_digits_or_truth_values_are_numbers(tmp_path: Path) -> None:
    assert codes(tmp_path, [{**row, "label": str(int(row["label"]))} for row in SOUND], "contrastive") == {}
    assert codes(tmp_path, [{**row, "label": bool(row["label"])} for row in SOUND], "contrastive") == {}
