"""Test lists of positives and given negatives in files: one pair per positive, dropped rows, refused values."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.mistakes import Mistakes
from pairs.clean import clean
from pairs.from_file import task_from_file
from pairs.lists import UnfoldedTable
from pairs.prepare import Preparation, prepare
from tasks.common.declaration import Row

ROWS = [{"query": f"q{n}", "pos": [f"p{n}", f"pp{n}"], "neg": [f"n{n}", f"nn{n}"] if n % 2 else []} for n in range(30)]


def written(folder: Path, rows: list[dict[str, Any]], name: str = "lists.jsonl") -> str:
    (folder / name).write_text("\n".join(map(json.dumps, rows)))
    return str(folder / name)


def made(folder: Path, rows: list[dict[str, Any]], columns: str = "", **options: Any) -> Preparation:
    file = written(folder, rows)
    return prepare(task_from_file(file, columns.split(",") if columns else [], **options), {"train": file}, seed=1)


def pairs_of(preparation: Preparation) -> dict[tuple[str, str], list[str]]:
    """Return the negatives of each first and second text, over all splits."""
    rows = [row for name in ("train", "dev", "test") for row in preparation.tables[name].to_pylist()]
    return {(row["sentence1"], row["sentence2"]): row.get("negatives", []) for row in rows}


@pytest.mark.parametrize("parquet", [False, True])
def test_a_list_of_positives_is_a_pair_for_each_with_the_rows_negatives(tmp_path: Path, parquet: bool) -> None:
    file = written(tmp_path, ROWS)
    if parquet:
        file = str(tmp_path / "lists.parquet")
        pq.write_table(pa.Table.from_pylist(ROWS), file)
    preparation = prepare(task_from_file(file, []), {"train": file}, seed=1)
    negatives = {f"q{n}": [f"n{n}", f"nn{n}"] if n % 2 else [] for n in range(30)}
    assert pairs_of(preparation) == {
        (f"q{n}", text): negatives[f"q{n}"] for n in range(30) for text in (f"p{n}", f"pp{n}")
    }
    assert "pos: 30 rows held lists, 60 pairs" in preparation.manifest["table"]["notes"]
    splits = [set(preparation.tables[name]["sentence1"].to_pylist()) for name in ("train", "dev", "test")]
    assert sum(map(len, splits)) == 30  # pairs of one query stay in one split


def test_candidates_of_a_ranking_hold_the_negatives(tmp_path: Path) -> None:
    tables = made(tmp_path, ROWS).tables
    wanted = {text for row in ROWS for text in (*row["pos"], *row["neg"])}
    assert set(tables["candidates"]["text"].to_pylist()) == wanted
    assert "negatives" in tables["train"].column_names


def test_without_negatives_there_is_no_column_of_them(tmp_path: Path) -> None:
    tables = made(tmp_path, ROWS, "query,pos").tables
    assert tables["train"].column_names == ["sentence1", "sentence2", "group"]


def test_what_is_empty_repeats_or_contradicts_is_dropped_and_counted(tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        {"query": "empty", "pos": [], "neg": ["x"]},
        {"query": "blank", "pos": [" ", None], "neg": ["x"]},
        {"query": "one", "pos": "a", "neg": "b"},
        {"query": "one", "pos": "A", "neg": ["c", None, ""]},
        {"query": "one", "pos": "a", "neg": "b"},
        {"query": "wrong", "pos": ["right", "true"], "neg": ["TRUE", "Wrong", "x", "X"]},
    ]
    preparation = made(tmp_path, [*ROWS, *odd])
    found = pairs_of(preparation)
    assert found["one", "a"] == ["b", "c"]
    assert found["wrong", "right"] == found["wrong", "true"] == ["x"]
    assert preparation.manifest["table"]["dropped"] == {
        "empty text": 3,
        "negative that is its own first text or a positive of it": 4,
        "negative that repeats in its row": 2,
        "repeat": 1,
        "repeat, its negatives added to the first": 1,
    }


def test_as_pairs_makes_labelled_pairs_of_them(tmp_path: Path) -> None:
    preparation = made(tmp_path, ROWS, negatives="as-pairs")
    declaration = preparation.manifest["declaration"]
    assert (declaration["loss"], declaration["kind"]) == ("contrastive", "binary")
    rows = [row for table in preparation.tables.values() for row in table.to_pylist()]
    labels = {(row["sentence1"], row["sentence2"]): row["label"] for row in rows}
    positives = {(row["query"], text): 1.0 for row in ROWS for text in row["pos"]}
    assert labels == positives | {(row["query"], text): 0.0 for row in ROWS for text in row["neg"]}
    assert "negatives" not in preparation.tables["train"].column_names


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"query": ["a"]}, "query: row 31 of lists.jsonl has a list; allowed where a text belongs"),
        ({"query": {"a": "b"}}, "query: row 31 of lists.jsonl has a record; allowed where a text belongs"),
        (
            {"pos": {"a": "b"}},
            "pos: row 31 of lists.jsonl has a record; allowed where a text belongs",
        ),
        ({"pos": ["a", ["b"]]}, "pos: row 31 of lists.jsonl has a list in its list; allowed where a text belongs"),
        ({"neg": ["a", {"b": 1}]}, "neg: row 31 of lists.jsonl has a record in its list"),
    ],
)
def test_other_nested_values_are_refused_by_column_row_and_kind(
    tmp_path: Path, row: dict[str, Any], message: str
) -> None:
    with pytest.raises(Mistakes, match=message):
        made(tmp_path, [*ROWS, {"query": "q", "pos": "p", "neg": "n", **row}])


def test_a_table_with_lists_is_read_as_the_pairs_that_they_make(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"query": "a", "pos": ["b", "c"]},
        {"query": "d", "pos": []},
        {"query": "e", "pos": "f"},
    ]
    table = UnfoldedTable(location=written(tmp_path, rows), columns={"sentence1": "query", "sentence2": "pos"})
    ((batch, _),) = table.batches()
    assert batch == {"sentence1": ["a", "a", "d", "e"], "sentence2": ["b", "c", "", "f"], "row": [1, 1, 2, 3]}


def test_rows_that_code_shapes_may_have_lists_too(tmp_path: Path) -> None:
    ranking = task_from_file(written(tmp_path, ROWS), ["query", "pos"])
    raw = [{"a": "x"}, {"a": "y"}]

    def shape(row: Row) -> Row:
        return {"sentence1": row["a"], "sentence2": ["p", "q"], "group": row["a"], "negatives": [" n  1", ""]}

    rows = clean(ranking, raw, shape, "raw.csv").rows
    assert [(row["sentence1"], row["sentence2"], row["negatives"]) for row in rows] == [
        (first, second, ["n 1"]) for first in "xy" for second in "pq"
    ]
    contrastive = task_from_file(written(tmp_path, ROWS), [], negatives="as-pairs")
    assert clean(contrastive, raw, shape, "raw.csv").rows == rows
