"""Test how a guard set is read: its columns, its labels as grades, what is refused, and what it shares with train."""

from pathlib import Path

import pyarrow as pa
import pytest

from common.mistakes import Mistakes
from pairs import guard, prepared
from pairs.guard import read_guard, shared_with_train
from pairs.prepared import PreparedPairs, fingerprint


def written(folder: Path, *labels: object, name: str = "sts.csv", header: str = "a,b,score") -> str:
    rows = [f"first {number},second {number},{label}" for number, label in enumerate(labels)]
    (folder / name).write_text("\n".join([*([header] if header else []), *rows]) + "\n")
    return str(folder / name)


def test_scores_of_any_scale_are_grades_and_keep_their_order(tmp_path: Path) -> None:
    found = read_guard(written(tmp_path, 0.0, 5.0, 2.5, 4.75), seed=0)
    assert (found.kind.name, found.rows, found.columns, found.name) == ("graded", 4, ("a", "b", "score"), "sts.csv")
    assert found.table["label"].to_pylist() == pytest.approx([0.0, 1.0, 0.5, 0.95])


def test_labels_0_and_1_are_binary(tmp_path: Path) -> None:
    found = read_guard(written(tmp_path, 0, 1, 1), seed=0)
    assert (found.kind.name, found.table["label"].to_pylist()) == ("binary", [0.0, 1.0, 1.0])


def test_columns_are_named_or_numbered_behind_the_file(tmp_path: Path) -> None:
    numbered = read_guard(written(tmp_path, 0, 0.5, header="") + ":2,1,3", seed=0)
    assert numbered.table["sentence1"].to_pylist() == ["second 0", "second 1"]
    named = read_guard(written(tmp_path, 0, 0.5, header="a,b,c") + ":b,a,c", seed=0)
    assert named.columns == ("b", "a", "c")


def test_a_colon_in_the_name_of_a_file_is_no_column(tmp_path: Path) -> None:
    assert read_guard(written(tmp_path, 0, 0.5, name="sts:1,2.csv"), seed=0).rows == 2


@pytest.mark.parametrize(
    ("labels", "columns", "said"),
    [
        ((1.0, 1.0), "", "keep: score: every row of .* has 1"),
        ((0.5, "high"), "", "keep: score: row 2 of .* has 'high'; allowed in a guard set: a number in every row"),
        ((0.5, ""), "", "keep: score: row 2 of .* has ''"),
        ((0, 1, 2), "", "can be something else .*three classes"),
        ((0.5, 1), ":a,b", "keep: columns: a,b of .* hold no label; .* such as FILE:question,answer,label"),
        ((0.5, 1), ":a,b,grade", "keep: columns: 'grade' is not in .*sts.csv"),
        ((), "", "keep: .*sts.csv"),
    ],
)
def test_what_cannot_be_graded_is_refused(tmp_path: Path, labels: tuple[object, ...], columns: str, said: str) -> None:
    with pytest.raises(Mistakes, match=said):
        read_guard(written(tmp_path, *labels) + columns, seed=0)


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="keep: file: .*none.csv does not exist"):
        read_guard(f"{tmp_path}/none.csv", seed=0)


def test_of_many_pairs_some_are_drawn_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MOST_PAIRS", 10)
    file = written(tmp_path, *(number / 40 for number in range(40)))
    one, again, other = (read_guard(file, seed) for seed in (1, 1, 2))
    assert (len(one.table), one.rows) == (10, 40)
    assert one.table.equals(again.table)
    assert not one.table.equals(other.table)
    assert "10 of 40 pairs, drawn with seed 1, by spearman_cosine" in one.lines(0.01, 1)[0]


def test_pairs_with_a_text_of_train_are_counted_and_warned_of(tmp_path: Path) -> None:
    found = read_guard(written(tmp_path, 0.0, 0.5, 1.0), seed=0)
    train = {"sentence1": ["x", "SECOND  1"], "sentence2": ["first 2", "y"], "group": ["x", "y"]}
    tables = dict.fromkeys(("train", "dev"), pa.table(train))
    manifest = {"task": "t", "fingerprint": fingerprint(tables), "declaration": {"kind": "graded"}}
    prepared.write(str(tmp_path / "data"), tables, manifest)
    assert shared_with_train(found, PreparedPairs.open(str(tmp_path / "data"))) == 2
