"""Test a folder of prepared pairs as each loss reads it, and what is refused."""

import shlex
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from common.mistakes import Mistakes
from pairs import prepared
from pairs.prepared import PreparedPairs
from pairs.train_view import counts_of, view_of
from pairs.views import View
from tasks.common.loading import load
from tasks.common.losses import LOSSES
from tests.word_tokenizer import word_reading
from tokens.distinct import distinct

DEV = {"sentence1": ["d", "e"], "sentence2": ["D", "E"], "group": ["d", "e"]}


def folder(at: Path, labels: list[float] | None = None, negatives: list[list[str]] | None = None, **more: Any) -> str:
    """Write six rows in blocks of four; dev has labels."""
    texts = {name: [f"{name[-1]} {n}" for n in range(6)] for name in ("sentence1", "sentence2", "group")}
    given = {name: column for name, column in (("label", labels), ("negatives", negatives)) if column is not None}
    schema = prepared.schema(labelled=labels is not None, negatives=negatives is not None)
    dev = pa.table({**DEV, "label": [1.0, 0.0]}, schema=prepared.schema(labelled=True))
    tables = {"train": pa.table({**texts, **given}, schema=schema), "dev": dev}
    declared = {"task": "t", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "binary"}}
    prepared.write(str(at), tables, {**declared, **more})
    return str(at)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "ROWS_PER_BLOCK", 4)


@pytest.mark.parametrize(("most", "read"), [(None, "xyzv"), (2, "xyv"), (1, "xv"), (0, "")])
def test_no_more_than_the_first_negatives_of_a_row_are_read(tmp_path: Path, most: int | None, read: str) -> None:
    given = [["x", "y", "z"], [], ["v"], [], [], []]
    pairs = PreparedPairs.open(folder(tmp_path / "data", [1, 0, 1, 0, 0, 1], given))
    ranking = view_of(pairs, LOSSES["ranking"], most)
    assert ranking.num_rows("train") == 3
    assert ranking.has_negatives("train") == bool(read)
    if read:
        assert ranking.table("train")["negatives"].to_pylist() == [given[0][:most], given[2][:most], []]
    cosine = view_of(pairs, LOSSES["cosine"], most)
    table = cosine.table("train").select(["sentence2", "label"]).to_pydict()
    assert cosine.num_rows("train") == len(table["label"]) == 6 + len(read)
    labels = dict(zip(table["sentence2"], table["label"], strict=True))
    assert [text for text in labels if text in "xyzv"] == list(read)
    assert not any(labels[text] for text in read)
    values = View.of(LOSSES["cosine"], most_negatives=most).read_values(pairs.table("train").to_pydict())
    assert values["sentence2"] == table["sentence2"]


@pytest.mark.parametrize(
    ("labels", "negatives", "rows"),
    [
        ([1, 0, 1, 0, 0, 1], None, {"ranking": 3, "cosine": 6, "contrastive": 6}),
        (None, [["x", "y"], [], ["z"], [], ["x"], []], {"ranking": 6, "cosine": 10, "contrastive": 10}),
        ([1, 0, 1, 0, 0, 1], [["x", "y"], [], [], [], ["x"], []], {"ranking": 3, "cosine": 9}),
    ],
)
def test_one_folder_serves_every_loss(
    tmp_path: Path, labels: list[float] | None, negatives: list[list[str]] | None, rows: dict[str, int]
) -> None:
    pairs = PreparedPairs.open(folder(tmp_path / "data", labels, negatives))
    for loss, count in rows.items():
        view = view_of(pairs, LOSSES[loss])
        assert view.num_rows("train") == view.table("train").num_rows == count
        assert view.columns("train") == view.table("train").column_names
        assert view.has_labels("train") == (loss != "ranking")
        assert view.has_negatives("train") == (loss == "ranking" and negatives is not None)
        assert view.table("dev").equals(pairs.table("dev"))
        assert view.num_rows("dev") == 2
        assert bool(view.lines) == (count != 6)
        again = view_of(view_of(pairs, LOSSES["ranking"]), LOSSES[loss])
        assert again.table("train").equals(view.table("train"))


def test_the_line_says_which_rows_are_read(tmp_path: Path) -> None:
    labelled = PreparedPairs.open(folder(tmp_path / "a", [1, 0, 1, 0, 0, 1]))
    given = PreparedPairs.open(folder(tmp_path / "b", None, [["x", "y"], [], ["z"], [], ["x"], []]))
    assert view_of(labelled, LOSSES["ranking"]).lines == [
        "the ranking loss reads 3 training pairs: those of 6 that are labelled 1"
    ]
    assert view_of(given, LOSSES["contrastive"]).lines == [
        "the contrastive loss reads 10 training pairs: 6 that are given, and 4 of given negatives, labelled 0"
    ]


def test_distinct_pairs_are_those_of_the_view(tmp_path: Path) -> None:
    pairs = PreparedPairs.open(folder(tmp_path / "data", None, [["x", "x"], [], ["x"], [], [], []]))
    reading = word_reading(" ".join(["x", "1", "2", *map(str, range(6))]), 8, cased=True)
    rows = distinct(view_of(pairs, LOSSES["cosine"]), reading)
    assert rows.num_rows("train") == 8  # both negatives of the first row are one
    assert rows.table("train")["label"].to_pylist() == [1, 0, 1, 1, 0, 1, 1, 1]
    assert not rows.has_negatives("train")
    assert rows.line == "8 distinct training pairs, weighted, for 9 rows"


@pytest.mark.parametrize(
    ("labels", "loss", "message"),
    [
        (
            None,
            "contrastive",
            "data: .*train.parquet has neither labels nor given negatives; the contrastive loss reads",
        ),
        ([0.5, 1, 0, 0, 0, 0], "contrastive", "label: .*train.parquet has 0.5; the contrastive loss reads 0 and 1"),
        (
            [0, 0, 0, 0, 0, 0],
            "ranking",
            "label: .*train.parquet has no 1; .* allowed: contrastive or .*, as in:",
        ),
        ([0, 0.9, 0, 0, 0, 0], "ranking", "label: .*train.parquet has no 1; .* allowed: cosine.*, as in:"),
    ],
)
def test_what_a_loss_cannot_read_is_refused_with_the_command_to_run(
    tmp_path: Path, labels: list[float] | None, loss: str, message: str
) -> None:
    pairs = PreparedPairs.open(folder(tmp_path / "data", labels))
    with pytest.raises(Mistakes, match=message) as caught:
        view_of(pairs, LOSSES[loss])
    command = shlex.split(str(caught.value).splitlines()[-1])
    assert command == ["python", "-m", "jobs.prepare", "t", "--data", str(tmp_path / "data")]


@pytest.mark.parametrize(
    ("recipe", "loss", "related"),
    [
        ("WithinGroup", "ranking", True),
        ("Blocking", "ranking", True),
        ("Given", "ranking", False),
        ("WithinGroup", "cosine", False),
    ],
)
def test_groups_are_read_where_their_texts_belong_together_and_the_loss_compares_rows(
    tmp_path: Path, recipe: str, loss: str, related: bool
) -> None:
    declared = {"kind": "binary", "recipe": {"name": recipe}}
    pairs = PreparedPairs.open(folder(tmp_path / "data", [1, 0, 1, 0, 0, 1], declaration=declared))
    assert view_of(pairs, LOSSES[loss]).view.groups == related


def test_second_texts_are_counted_as_the_loss_reads_them(tmp_path: Path) -> None:
    pairs = PreparedPairs.open(folder(tmp_path / "data", [1, 0, 1, 0, 0, 1]))
    assert counts_of(view_of(pairs, LOSSES["ranking"])) == {"2 0": 1, "2 2": 1, "2 5": 1}


OLD = {
    "name": "pairs",
    "about": "pairs of pairs.csv: a, b, label",
    "source": "the file pairs.csv",
    "loss": "ranking",
    "baseline": {
        name: {"value": value, "origin": "a card"}
        for name, value in {
            "learning_rate": 2e-05,
            "weight_decay": 0.01,
            "warmup_share": 0.1,
            "scale": 20.0,
            "global_batch_size": 16,
            "epochs": 3,
        }.items()
    },
    "max_length": None,
    "kind": "binary",
    "label": "1.0: the two belong together; 0.0: they do not",
    "recipe": {"name": "Given", "shared_texts": "join"},
    "layouts": [
        {"columns": ["a", "b", "label"], "header": True, "used": {"first": "a", "second": "b", "label": "label"}}
    ],
    "group": "the same a",
    "shares": [0.6, 0.2, 0.2],
    "rows": None,
    "dev_rows": None,
    "inferred_from": "labels 0 (30 rows), 1 (60 rows); loss as asked for",
    "base_model": "sentence-transformers/all-MiniLM-L6-v2",
    "metric": "cosine_ap",
    "made_from": "file",
}
"""The declaration of a file of pairs by a version that left labels out of train for a ranking loss."""


def test_pairs_of_a_version_that_dropped_labels_are_read_as_they_were_or_prepared_again(tmp_path: Path) -> None:
    sources = [{"split": "train", "name": "pairs.csv", "sha256": "0", "rows": 90}]
    made: dict[str, Any] = {"task": "pairs", "seed": 7, "rows": None, "sources": sources, "declaration": OLD}
    at = folder(tmp_path / "pairs", **made)
    task, pairs = load("pairs", at), PreparedPairs.open(at)
    assert task.settings["warmup_ratio"] == 0.1
    assert view_of(pairs, task.declared_loss).table("train").equals(pairs.table("train"))
    with pytest.raises(Mistakes, match="allowed: pairs prepared by this version, which keeps labels") as caught:
        view_of(pairs, LOSSES["cosine"])
    words = f"--columns a,b,label --loss cosine --kind binary --seed 7 --data {at}"
    assert str(caught.value).splitlines()[-1] == f"    python -m jobs.prepare pairs.csv {words}"
