"""Test the columns of a file: texts, labels, negatives and the usual names."""

import json
from pathlib import Path

import pytest

from common.mistakes import Mistakes
from pairs.columns import layout_of
from pairs.from_file import task_from_file
from tasks.common.plain import PairColumns


def file_of(folder: Path, header: str, *rows: str, name: str = "pairs.csv") -> str:
    (folder / name).write_text("\n".join([header, *rows]) + "\n")
    return str(folder / name)


def used_of(location: str, columns: str = "", negatives: str | None = None) -> PairColumns:
    shape = layout_of(location, columns.split(",") if columns else [], negatives=negatives).shape
    assert isinstance(shape, PairColumns)
    return shape


TRIPLETS = [f"a{n},p{n},n{n},m{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("columns", "negatives"),
    [("anchor,positive,third", ("third",)), ("anchor,positive,third,fourth", ("third", "fourth"))],
)
def test_further_columns_of_texts_are_negatives(tmp_path: Path, columns: str, negatives: tuple[str, ...]) -> None:
    used = used_of(file_of(tmp_path, "anchor,positive,third,fourth", *TRIPLETS), columns)
    assert (used.first, used.second, used.label, used.negatives) == ("anchor", "positive", None, negatives)
    shaped = used({name: name[0] for name in used.columns})
    assert shaped
    assert shaped["negatives"] == [name[0] for name in negatives]


def test_without_a_header_they_go_by_number(tmp_path: Path) -> None:
    file = file_of(tmp_path, "a,p,n,m", *TRIPLETS)
    assert used_of(file, "1,2,4").negatives == ("4",)


@pytest.mark.parametrize(
    "cells",
    [
        *(["0", "1", "1"], ["0.5", "", "2"], ["0", "1", "yes"], ["", "", ""]),
        *(["0,2", "0,75", "1,0"], ["20%", "75 %", "n/a"], ["1/5", "4 / 5", "5/5"]),  # as people write scores
    ],
)
def test_a_third_column_of_numbers_is_the_label(tmp_path: Path, cells: list[str]) -> None:
    rows = [f'a{n},p{n},"{cell}"' for n, cell in enumerate(cells)]
    assert used_of(file_of(tmp_path, "a,b,same", *rows), "a,b,same").label == "same"


@pytest.mark.parametrize(
    "words",
    [
        ["yes", "no"],
        ["true", "false"],
        ["not relevant", "partly relevant", "relevant"],
        ["is a duplicate", "is not a duplicate"],
        ["equal", "cover", "forward", "reverse", "negation", "other"],
    ],
)
def test_a_third_column_of_a_few_words_is_the_label(tmp_path: Path, words: list[str]) -> None:
    rows = [f"a{n},p{n},{words[n % len(words)]},far off" for n in range(12)]
    file = file_of(tmp_path, "a,b,same,negative", *rows)
    assert used_of(file, "a,b,same").label == "same"
    assert used_of(file, "a,b,negative").negatives == ("negative",)
    with pytest.raises(Mistakes, match=f"same: row 1 of .* has '{words[0]}'; allowed: 0 or 1"):
        task_from_file(file, ["a", "b", "same"])


@pytest.mark.parametrize(("value", "name"), [("0.5", "fit"), ("yes", "fit"), ("far off", "score")])
def test_labels_beside_negatives_are_refused(tmp_path: Path, value: str, name: str) -> None:
    file = file_of(tmp_path, f"a,b,negative,{name}", *(f"a{n},b{n},n{n},{value}" for n in range(9)))
    message = rf"columns: {name} of .* holds labels, such as \['{value}'\]; .*a label must be the only third column"
    with pytest.raises(Mistakes, match=message):
        layout_of(file, ["a", "b", "negative", name])


def test_wrong_categories_are_negatives(tmp_path: Path) -> None:
    rows = [f"a{n},topic {n % 3},topic {(n + 1) % 3}" for n in range(12)]
    assert used_of(file_of(tmp_path, "a,b,wrong", *rows), "a,b,wrong").negatives == ("wrong",)


@pytest.mark.parametrize(
    ("negatives", "columns"), [("as-pairs", "anchor,positive"), ("pairs", "anchor,positive,third")]
)
def test_pairs_of_negatives_need_negatives(tmp_path: Path, negatives: str, columns: str) -> None:
    file = file_of(tmp_path, "anchor,positive,third,fourth", *TRIPLETS)
    with pytest.raises(Mistakes, match=f"negatives: '{negatives}'.*allowed: as-pairs, with --columns a,b,negative"):
        layout_of(file, columns.split(","), negatives=negatives)
    assert used_of(file, "anchor,positive,third", "as-pairs").as_pairs


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Question,Answer,Label", ("Question", "Answer", "Label")),
        ("sentence 1,sentence 2,score", ("sentence 1", "sentence 2", "score")),
        ("anchor,positive,negative", ("anchor", "positive", "negative")),
        ("negative_2,query,pos,Hard Negative", ("query", "pos", "negative_2", "Hard Negative")),
    ],
)
def test_a_file_of_nothing_else_needs_no_columns(tmp_path: Path, header: str, columns: tuple[str, ...]) -> None:
    assert layout_of(file_of(tmp_path, header), []).columns == columns


@pytest.mark.parametrize(
    "header", ["anchor,positive,neg,label", "a b,c d", "a b c d,e,score", "anchor,other,negotiated"]
)
def test_columns_are_asked_for_where_they_could_be_others(tmp_path: Path, header: str) -> None:
    with pytest.raises(Mistakes, match="columns: nothing; allowed: two different text columns"):
        layout_of(file_of(tmp_path, header), [])


def test_in_json_lines_every_key_is_a_name(tmp_path: Path) -> None:
    row = json.dumps({"What is asked?": "a", "What is said, in full": "b", "score": 1})
    file = file_of(tmp_path, row, name="pairs.jsonl")
    assert layout_of(file, []).columns == ("What is asked?", "What is said, in full", "score")
