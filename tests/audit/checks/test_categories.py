"""Test categories in several spellings: which are one, and how rows are counted."""

from pathlib import Path

import pytest

from audit.finding import Finding
from tests.audit.cases import found, plan, rows

WAYS = ["Hardware", "Hardware", "hardware", "HARDWARE", "Access", "access", "Network", "Network", "Network", "Network"]


def merged(folder: Path, ways: list[str], **changes: object) -> Finding | None:
    splits = {
        split: [{**row, "sentence1": f"{split} {n}", "sentence2": ways[n % 10]} for n, row in enumerate(rows(100, 1.0))]
        for split in ("train", "dev")
    }
    return found(plan(folder, splits, "contrastive", **changes)).get("merged_categories")


def test_categories_that_are_the_same_but_for_case(tmp_path: Path) -> None:
    finding = merged(tmp_path, WAYS)
    assert finding is not None
    assert (finding.severity, finding.count) == ("warning", 60)
    assert finding.share == pytest.approx(0.3)
    assert finding.statistic["categories"] == 2
    assert sorted(finding.statistic["rows_by_spelling"].split("; ")) == ["20/20", "40/20/20"]
    assert {each["sentence2"] for each in finding.examples} <= set(WAYS[:6])


def test_a_spelling_of_another_split_is_shown_from_there(tmp_path: Path) -> None:
    train = [{**row, "sentence2": "yes"} for row in rows(50, 1.0)]
    dev = [{**row, "sentence1": f"dev {n}", "sentence2": "yes"} for n, row in enumerate(rows(50, 1.0))]
    dev[7]["sentence2"] = "Yes"
    finding = found(plan(tmp_path, {"train": train, "dev": dev}, "contrastive"))["merged_categories"]
    assert finding.count == 1
    assert {(each["split"], each["row"]) for each in finding.examples} == {("train", 1), ("dev", 8)}


def test_categories_that_differ(tmp_path: Path) -> None:
    assert merged(tmp_path, [f"Category {n}" for n in range(10)]) is None


def test_texts_that_are_no_closed_set(tmp_path: Path) -> None:
    assert merged(tmp_path, WAYS, closed=()) is None
    assert merged(tmp_path, WAYS, closed=("sentence2",)) is not None
