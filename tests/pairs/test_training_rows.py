"""Test the training rows of several splits."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from pairs import prepared
from pairs.prepared import PreparedPairs
from pairs.train_view import view_of, with_rows
from pairs.training_rows import training_rows
from tasks.common.declaration import AgainstCategory, Number
from tasks.common.loading import load
from tasks.common.losses import LOSSES

CATEGORIES = ("light", "sound", "water", "wood")


def folder(path: Path, kind: str, **manifest: object) -> PreparedPairs:
    """Return pairs of texts and categories, in train with a wrong one each."""
    train = [
        (f"t{row}", CATEGORIES[(row + wrong) % 4], float(not wrong), f"t{row}") for row in range(8) for wrong in (0, 1)
    ]
    dev = [(f"d{row}", CATEGORIES[row % 2], 1.0, f"d{row}") for row in range(6)]
    names = ("sentence1", "sentence2", "label", "group")
    tables = {
        split: pa.table(
            dict(zip(names, map(list, zip(*own, strict=True)), strict=True)), prepared.schema(labelled=True)
        )
        for split, own in (("train", train), ("dev", dev))
    }
    tables["candidates"] = pa.table({"text": list(CATEGORIES)})
    about = {"task": "tickets", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": kind}, **manifest}
    prepared.write(str(path), tables, about)
    return PreparedPairs.open(str(path))


def test_texts_of_dev_get_wrong_categories_of_all_that_there_are(tmp_path: Path) -> None:
    pairs, task = folder(tmp_path, "category"), load("tickets")
    task = replace(task, recipe=AgainstCategory(negatives_per_text=Number(3, "this test")))
    made = training_rows(pairs, task, ("train", "dev"), seed=1)
    assert made.slice(0, 16).equals(pairs.table("train"))
    of_dev = made.slice(16)
    assert of_dev.num_rows == 6 * 4
    by_text = {text: set() for text in of_dev["sentence1"].to_pylist()}  # type: ignore[var-annotated]
    for row in of_dev.to_pylist():
        by_text[row["sentence1"]].add((row["sentence2"], row["label"]))
    assert by_text["d0"] == {("light", 1.0), ("sound", 0.0), ("water", 0.0), ("wood", 0.0)}


def test_the_number_of_wrong_categories_is_that_of_the_preparation(tmp_path: Path) -> None:
    pairs = folder(tmp_path, "category", negatives_per_positive=2)
    assert training_rows(pairs, load("tickets"), ("dev",), seed=1).num_rows == 6 * 3


def test_rows_of_other_recipes_stay_as_they_are(tmp_path: Path) -> None:
    pairs = folder(tmp_path, "binary")
    made = training_rows(pairs, load("pages"), ("train", "dev"), seed=1)
    assert made["sentence1"].to_pylist() == [
        text for split in ("train", "dev") for text in pairs.table(split)["sentence1"].to_pylist()
    ]


def test_a_view_reads_rows_in_memory_in_place_of_the_file(tmp_path: Path) -> None:
    pairs = folder(tmp_path, "category")
    view = view_of(pairs, LOSSES["category_softmax"])
    rows = pairs.table("train").slice(0, 6)
    other = with_rows(view, rows)
    assert (view.num_rows("train"), other.num_rows("train"), other.table("train").num_rows) == (8, 3, 3)
    assert other.columns("train") == other.table("train").column_names == view.columns("train")
    assert other.sample("train", 4, seed=0).num_rows == 4
    assert other.table("dev").equals(pairs.table("dev"))
