"""Test texts and groups in two splits: which are leaks, which are not, and how rows are counted."""

import random
from pathlib import Path
from typing import Any

import pytest

from audit.finding import Finding
from audit.plan import plan_of_folder
from pairs import prepared
from pairs.from_file import task_from_file
from pairs.prepare import prepare
from tests.audit.cases import found, plan, rows

TRAIN = rows(40, [0.0, 1.0])
DEV = [{**row, "sentence1": f"dev {n}", "sentence2": f"other {n}"} for n, row in enumerate(rows(60, [0.0, 1.0]))]


def leak(folder: Path, dev: list[dict[str, Any]], train: Any = TRAIN, **changes: Any) -> Finding | None:
    return found(plan(folder, {"train": train, "dev": dev}, "contrastive", **changes)).get("split_leak")


def test_splits_that_share_nothing(tmp_path: Path) -> None:
    assert leak(tmp_path, DEV) is None


@pytest.mark.parametrize(
    ("text", "equal", "alike"),
    [
        ("the 3 first", 1, 1),
        ("  the 3\tfirst ", 1, 1),
        ("THE 3 first", 0, 1),
        ("the \uff13 \ufb01rst", 0, 1),  # a full-width 3 and the ligature fi
        ("the 3\u200b fi\u00adrst", 0, 1),
        ("the \u00b3 first", 0, 0),
        ("the 41 first", 0, 0),
    ],
)
def test_equal_and_alike_are_counted_apart_and_digits_matter(tmp_path: Path, text: str, equal: int, alike: int) -> None:
    finding = leak(tmp_path, [{**DEV[0], "sentence1": text}, *DEV[1:]])
    if not alike:
        assert finding is None
        return
    assert finding is not None
    assert finding.statistic == {
        "train-dev": {
            "rows": 1,
            "of": 60,
            "equal": equal,
            "alike": alike,
            "share_with_a_text": pytest.approx(1 / 60),
            "share_with_both_texts": 0.0,
        }
    }
    assert (finding.count, finding.examples[0]["row"]) == (1, 1)


def test_a_row_that_leaks_from_two_splits_is_shown_once(tmp_path: Path) -> None:
    splits = {"train": TRAIN, "dev": [TRAIN[0], *DEV], "test": [TRAIN[0], *DEV[30:]]}
    finding = found(plan(tmp_path, splits, "contrastive"))["split_leak"]
    assert len({(each["split"], each["row"]) for each in finding.examples}) == len(finding.examples)


def test_a_text_may_leak_from_one_column_to_the_other(tmp_path: Path) -> None:
    assert leak(tmp_path, [{**DEV[0], "sentence2": "the 3 first"}, *DEV[1:]]) is not None


def test_a_group_in_two_splits(tmp_path: Path) -> None:
    train = [{**row, "group": str(number)} for number, row in enumerate(TRAIN)]
    dev = [{**row, "group": str(number + 39)} for number, row in enumerate(DEV)]
    finding = leak(tmp_path, dev, train)
    assert finding is not None
    assert finding.statistic["train-dev"]["groups"] == 1


@pytest.mark.parametrize(("apart", "severity"), [(None, "warning"), (("sentence1", "sentence2"), "error")])
def test_a_group_in_two_spellings_is_one(tmp_path: Path, apart: Any, severity: str) -> None:
    train = [{**row, "group": f"Page {number}"} for number, row in enumerate(TRAIN)]
    dev = [{**row, "group": f"PAGE \uff11{number}"} for number, row in enumerate(DEV)]
    finding = leak(tmp_path, dev, train, apart=apart)
    assert finding is not None
    assert (finding.severity, finding.statistic["train-dev"]["groups"]) == (severity, 10)


@pytest.mark.parametrize(("apart", "severity"), [(None, "warning"), (("sentence1", "sentence2"), "error")])
def test_our_own_rule_broken_is_an_error(tmp_path: Path, apart: tuple[str, ...] | None, severity: str) -> None:
    finding = leak(tmp_path, [TRAIN[0], *DEV], apart=apart)
    assert finding is not None
    assert finding.severity == severity


def test_a_text_that_our_rule_lets_be_shared_is_a_warning(tmp_path: Path) -> None:
    dev = [
        {**DEV[0], "sentence2": TRAIN[0]["sentence2"]},
        {**DEV[1], "sentence1": TRAIN[0]["sentence2"], "sentence2": TRAIN[1]["sentence1"]},
        *DEV[2:],
    ]
    finding = leak(tmp_path, dev, apart=("sentence1",), closed=())
    assert finding is not None
    assert (finding.severity, finding.count) == ("warning", 2)
    assert finding.statistic["train-dev"]["share_with_a_text"] == pytest.approx(2 / 60)
    assert finding.statistic["train-dev"]["share_with_both_texts"] == pytest.approx(1 / 60)


def test_a_first_text_that_our_rule_keeps_apart_is_an_error(tmp_path: Path) -> None:
    dev = [{**DEV[0], "sentence2": TRAIN[0]["sentence2"]}, {**DEV[1], "sentence1": TRAIN[1]["sentence1"]}, *DEV[2:]]
    finding = leak(tmp_path, dev, apart=("sentence1",), closed=())
    assert finding is not None
    assert (finding.severity, finding.count) == ("error", 2)


def test_a_group_that_our_rule_keeps_apart_is_an_error(tmp_path: Path) -> None:
    train, dev = ([{**row, "group": "g"} for row in each] for each in (TRAIN, DEV))
    finding = leak(tmp_path, dev, train, apart=("sentence1",), closed=("sentence2",))
    assert finding is not None
    assert finding.severity == "error"


def test_a_closed_set_that_the_split_knows_is_no_leak(tmp_path: Path) -> None:
    dev = [{**DEV[0], "sentence2": TRAIN[0]["sentence2"]}, *DEV[1:]]
    assert leak(tmp_path, dev, apart=("sentence1",), closed=("sentence2",)) is None


def test_a_duplicate_question_set_says_what_leaks_and_its_cut_is_clean(tmp_path: Path) -> None:
    draw = random.Random(0)
    lines = [f"q{draw.randrange(300)},r{draw.randrange(300)},{n % 2}" for n in range(600)]
    file = tmp_path / "questions.csv"
    file.write_text("\n".join(["first,second,label", *lines]))
    task = task_from_file(str(file), [])
    for way, severity in ((None, None), ("first-text", "warning")):
        made = prepare(task, {"train": str(file)}, seed=1, way=way)
        folder = tmp_path / str(way)
        prepared.write(str(folder), made.tables, made.manifest)
        finding = found(plan_of_folder(str(folder))).get("split_leak")
        assert (finding and finding.severity) == severity
        if finding:
            train, test = made.tables["train"], made.tables["test"]
            seen = {*train["sentence1"].to_pylist(), *train["sentence2"].to_pylist()}
            share = sum(text in seen for text in test["sentence2"].to_pylist()) / len(test)
            assert finding.statistic["train-test"]["share_with_a_text"] == pytest.approx(share)
            assert share > 0.6


def test_closed_categories_stand_in_every_split(tmp_path: Path) -> None:
    train, dev = ([{**row, "sentence2": f"category {n % 3}"} for n, row in enumerate(each)] for each in (TRAIN, DEV))
    assert leak(tmp_path, dev, train) is None


@pytest.mark.parametrize("kind", ["binary", "category"])
@pytest.mark.parametrize("second", [TRAIN[5]["sentence1"], "another category"])
def test_a_closed_category_leaks_where_it_is_a_first_text(tmp_path: Path, second: str, kind: str) -> None:
    train = [{**row, "sentence2": f"category {n % 3}"} for n, row in enumerate(TRAIN)]
    dev = [{**row, "sentence2": f"category {n % 3}"} for n, row in enumerate(DEV)]
    assert leak(tmp_path, dev, train, kind=kind) is None
    dev[7] = {**dev[7], "sentence1": "Category 2", "sentence2": second}  # a pair of train the other way round, or none
    finding = leak(tmp_path, dev, train, kind=kind)
    assert finding is not None
    assert [each["row"] for each in finding.examples] == [8]


def test_few_questions_that_are_paired_with_each_other_are_no_categories(tmp_path: Path) -> None:
    every = [(a, b, float((a + b) % 2)) for a in range(24) for b in range(a)]
    rows = [{"sentence1": f"q{a}", "sentence2": f"q{b}", "label": label} for a, b, label in every]
    finding = leak(tmp_path, rows[:20], rows[20:])
    assert finding is not None
    assert finding.statistic["train-dev"]["share_with_both_texts"] == 1.0


def test_many_categories_stand_in_every_split_too(tmp_path: Path) -> None:
    train, dev = ([{**row, "sentence2": f"category {n % 39}"} for n, row in enumerate(each)] for each in (TRAIN, DEV))
    assert leak(tmp_path, dev, train) is not None
    assert leak(tmp_path, dev, train, kind="category") is None
