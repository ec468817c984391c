"""Test a task made from a file of pairs: what follows from its labels, and what is refused."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.mistakes import Mistakes
from pairs.columns import layout_of
from pairs.from_file import is_data_file, task_from_file, task_of
from pairs.inferred import FileOptions
from pairs.prepare import prepare
from pairs.read import read
from tasks.common.label_rule import label_rule


def file_with(tmp_path: Path, labels: list[str], name: str = "pairs.csv") -> str:
    rows = [f"q{number},a{number},{label}" for number, label in enumerate(labels)]
    (tmp_path / name).write_text("\n".join(["question,answer,label", *rows]) + "\n")
    return str(tmp_path / name)


@pytest.mark.parametrize(
    ("labels", "loss", "kind"),
    [
        (["0", "1", "1.0"], "contrastive", "binary"),
        (["0.2", "1", "0"], "cosine", "graded"),
        (["-0.5", "1"], "cosine", "graded"),
    ],
)
def test_labels_decide_loss_and_kind(tmp_path: Path, labels: list[str], loss: str, kind: str) -> None:
    task = task_from_file(file_with(tmp_path, labels), ["question", "answer", "label"])
    assert (task.name, task.loss, task.kind) == ("pairs", loss, kind)
    assert task.group == "the same question"
    assert all(number.origin for number in task.baseline.values())


def test_without_labels_pairs_are_ranked(tmp_path: Path) -> None:
    task = task_from_file(file_with(tmp_path, ["0", "1"]), ["question", "answer"])
    assert (task.loss, task.kind) == ("ranking", "retrieval")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["0", "yes", "maybe", "no"], r"label: row 2 of .* has 'yes'; allowed: 0 or 1, or numbers from -1 to 1 "),
        (["0", "1", ""], r"label: row 3 of .* has ''"),
        (
            ["1", "4.5"],
            r"row 2 of .* has '4.5'; .*\n  scores from 1 to 5:\n    python .* --scale 1:5\n.*\n.* --scale 0:5",
        ),
        (["1", "nan"], r"row 2 of .* has 'nan'"),
        (["1", "1"], r"label: every row of .* has 1.0; allowed: both 0 and 1, or no label"),
    ],
)
def test_a_label_that_no_loss_takes_is_named(tmp_path: Path, labels: list[str], message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        task_from_file(file_with(tmp_path, labels), ["question", "answer", "label"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ["questions", "answer"],
            r"'questions' is not in .* \(did you mean question\?\); it has question, answer, label",
        ),
        (["question"], "question; allowed: two different text columns"),
        (["question", "question"], "allowed: two different text columns"),
        (["1", "2", "9"], "columns: 9 is not in .*; allowed: numbers from 1 to 3"),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, columns: list[str], message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        task_from_file(file_with(tmp_path, ["0", "1"]), columns)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("question,answer,label", ("question", "answer", "label")),
        ("score,anchor,positive", ("anchor", "positive", "score")),
        ("anchor,positive", ("anchor", "positive")),
        (",question,answer,label", ("question", "answer", "label")),
        ("Unnamed: 0,question,answer,label", ("question", "answer", "label")),
    ],
)
def test_a_file_of_nothing_else_needs_no_columns(tmp_path: Path, header: str, columns: tuple[str, ...]) -> None:
    (tmp_path / "pairs.csv").write_text(f"{header}\n")
    assert layout_of(str(tmp_path / "pairs.csv"), []).columns == columns


@pytest.mark.parametrize(
    "header",
    [
        *("id,question,answer,label", "question,label", "A man eats.,A woman eats.,label"),
        *("id,text,label", "query-id,corpus-id,score", "qid,text"),  # as Kaggle and BEIR have them
    ],
)
def test_columns_are_asked_for_where_they_could_be_others(tmp_path: Path, header: str) -> None:
    (tmp_path / "pairs.csv").write_text(f"{header}\n")
    with pytest.raises(Mistakes, match=f"columns: nothing; allowed: two different text columns.*it has {header[:2]}"):
        layout_of(str(tmp_path / "pairs.csv"), [])


def test_every_missing_column_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        task_from_file(file_with(tmp_path, ["0", "1"]), ["left", "right"])
    assert len(caught.value.messages) == 2


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.tsv", "pairs.txt"])
def test_a_file_without_header_takes_numbers(tmp_path: Path, name: str) -> None:
    delimiter = "," if name.endswith("csv") else "\t"
    (tmp_path / name).write_text(delimiter.join(["x", "first", "second", "1"]) + "\n" + delimiter.join("xab0") + "\n")
    task = task_from_file(str(tmp_path / name), ["2", "3", "4"])
    layout = task.layouts[0]
    assert (layout.columns, layout.header) == (("1", "2", "3", "4"), False)
    assert layout.shape({"1": "x", "2": "a", "3": "b", "4": "0"}) == {
        "sentence1": "a",
        "sentence2": "b",
        "group": "a",
        "label": "0",
    }


def test_text_with_tabs_may_have_a_header(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("id\tleft\tright\tlabel\n1\ta\tb\t0\n2\tc\td\t1\n")
    task = task_from_file(str(tmp_path / "train.txt"), ["left", "right", "label"])
    assert (task.layouts[0].header, task.loss) == (True, "contrastive")
    with pytest.raises(Mistakes, match="'links' is not in .*it has id, left, right, label; for a file without"):
        task_from_file(str(tmp_path / "train.txt"), ["links", "right"])


HEADERS = [
    ("id\tleft\tright", [["1", "a b", "c"], ["2", "d", "e f"]], True),  # only the first id is no number
    ("left\tright", [["a b", "c d"], ["e f", "g h"], ["i", "j k"]], True),  # single words, as in no other row
    ("left\tright", [["a b", "c d"], ["e f", "g h"]], False),  # too few to tell
    ("dog\tHund", [["cat", "Katze"], ["good day", "guten Tag"], ["i", "j k"]], False),
    ("id\tleft\t1", [["1", "a b", "0"], ["2", "d", "1"]], False),  # a name is no number
    ("left\tleft", [["a b", "1"], ["e f", "0"]], False),  # nor is it there twice
    ("word " * 21 + "\tleft", [["a b", "1"], ["e f", "0"]], False),  # nor a text
]


@pytest.mark.parametrize(("first", "rest", "is_header"), HEADERS)
@pytest.mark.parametrize("extension", [".txt", ".tsv", ".csv", ".jsonl"])
def test_a_header_is_no_pair_where_columns_are_numbers(
    tmp_path: Path, extension: str, first: str, rest: list[list[str]], is_header: bool
) -> None:
    rows = [first.split("\t"), *rest]
    lines = [
        json.dumps(row) if extension == ".jsonl" else ("," if extension == ".csv" else "\t").join(row) for row in rows
    ]
    path = tmp_path / f"pairs{extension}"
    path.write_text("\n".join(lines) + "\n")
    raw = read(str(path), [layout_of(str(path), ["1", "2"])])
    assert [row["1"] for row in raw.rows] == [row[0] for row in rows[is_header:]]
    assert raw.notes == (
        (f"the first row of {path.name} is read as a header, not as a pair: {', '.join(rows[0])}",) * is_header
    )


@pytest.mark.parametrize("name", ["pairs.parquet", "pairs.jsonl"])
def test_where_every_row_has_names_there_are_no_numbers(tmp_path: Path, name: str) -> None:
    if name == "pairs.parquet":
        pq.write_table(pa.table({"a": ["x"], "b": ["y"]}), tmp_path / name)
    else:
        (tmp_path / name).write_text('{"a": "x", "b": "y"}\n')
    with pytest.raises(Mistakes, match="names its columns; it has a, b"):
        layout_of(str(tmp_path / name), ["1", "2"])


@pytest.mark.parametrize(("name", "task"), [("My pairs-2.csv", "my_pairs_2"), ("Paare für uns.csv", "paare_für_uns")])
def test_the_file_gives_the_name(tmp_path: Path, name: str, task: str) -> None:
    assert task_from_file(file_with(tmp_path, ["0", "1"], name), ["question", "answer"]).name == task


@pytest.mark.parametrize(("name", "reason"), [("tickets.csv", "is the name of a task"), ("---.csv", "is no name")])
def test_a_name_that_is_taken_or_none_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(Mistakes, match=reason):
        task_from_file(file_with(tmp_path, ["0", "1"], name), ["question", "answer"])


@pytest.mark.parametrize(
    ("name", "expected"), [("tickets", False), ("a/b.py", False), ("../x/pairs.csv", True), ("../tickets", False)]
)
def test_what_is_a_file_of_pairs(name: str, expected: bool) -> None:
    assert is_data_file(name) == expected


def test_a_score_outside_of_the_scale_in_a_test_file_is_named_with_its_row(tmp_path: Path) -> None:
    file, test = (file_with(tmp_path, labels, name) for labels, name in [(["0", "5"], "x.csv"), (["7"], "y.csv")])
    asked = FileOptions(rule=label_rule(scale="0:5"))
    task = task_from_file(file, ["question", "answer", "label"], asked)
    with pytest.raises(Mistakes, match=r"^row 1 of y.csv: scale: a label is 7; allowed by --scale: 0 to 5$"):
        prepare(task, {"train": file, "test": test}, seed=1)


def test_a_train_file_that_is_all_in_test_gets_no_advice_that_there_is_not(tmp_path: Path) -> None:
    file = file_with(tmp_path, ["0", "1"])
    task = task_from_file(file, ["question", "answer", "label"])
    with pytest.raises(Mistakes, match="train: no rows left of 0 groups") as caught:
        prepare(task, {"train": file, "test": file}, seed=1)
    assert "train-source" not in str(caught.value)


def test_a_file_without_an_extension_is_an_unknown_task(tmp_path: Path) -> None:
    (tmp_path / "pairs").write_text("a,b\nx,y\n")
    with pytest.raises(Mistakes, match="is unknown; allowed: "):
        task_of(str(tmp_path / "pairs"), None, None)
