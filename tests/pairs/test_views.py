"""Test the training rows as each sort of loss reads them."""

from typing import Any

import pyarrow as pa
import pytest

from pairs import prepared
from pairs.views import View, ViewedTable
from tasks.common.losses import LOSSES
from tests.audit.cases import plan

RANKING, LABELLED = View.of(LOSSES["ranking"]), View.of(LOSSES["cosine"])
NEITHER, BOTH = View(labels=False, negatives=False), View(labels=True, negatives=True)
ROWS = {
    "sentence1": ["a", "b", "c", "d"],
    "sentence2": ["A", "B", "C", "D"],
    "label": [1.0, 0.0, None, 0.5],
    "group": ["1", "2", "3", "4"],
    "negatives": [["x", "y"], [], ["z"], None],
}
STORED = {
    "labels and negatives": [*ROWS],
    "labels": ["sentence1", "sentence2", "label", "group"],
    "negatives": ["sentence1", "sentence2", "group", "negatives"],
    "neither": ["sentence1", "sentence2", "group"],
}


def stored(names: list[str]) -> pa.Table:
    schema = prepared.schema(labelled="label" in names, negatives="negatives" in names)
    return pa.table({name: ROWS[name] for name in names}, schema=schema)


def read(view: View, held: str) -> list[tuple[Any, ...]]:
    """Return first text, second text and, if there are such columns, label and negatives."""
    names = ("sentence1", "sentence2", "label", "negatives")
    return [tuple(row[name] for name in names if name in row) for row in view.read(stored(STORED[held])).to_pylist()]


def test_a_loss_without_labels_reads_what_belongs_together_with_its_negatives() -> None:
    assert read(RANKING, "labels and negatives") == [("a", "A", ["x", "y"]), ("c", "C", ["z"])]
    assert read(RANKING, "labels") == [("a", "A"), ("c", "C")]
    assert len(read(RANKING, "negatives")) == 4
    assert read(NEITHER, "labels and negatives") == read(RANKING, "labels")


def test_to_a_loss_with_labels_a_given_negative_is_a_row_labelled_0() -> None:
    rows = [("a", "A", 1), ("a", "x", 0), ("a", "y", 0), ("b", "B", 0), ("c", "C", 1), ("c", "z", 0), ("d", "D", 0.5)]
    assert read(LABELLED, "labels and negatives") == rows
    assert read(LABELLED, "negatives") == [*rows[:3], ("b", "B", 1), *rows[4:6], ("d", "D", 1)]
    assert read(LABELLED, "labels") == [("a", "A", 1), ("b", "B", 0), ("c", "C", None), ("d", "D", 0.5)]


def test_losses_that_read_alike_share_a_view() -> None:
    assert View.of(LOSSES["contrastive"]) == View.of(LOSSES["cosine"]) != View.of(LOSSES["ranking"])


@pytest.mark.parametrize("held", STORED)
@pytest.mark.parametrize("view", [RANKING, LABELLED, NEITHER, BOTH])
def test_any_slices_give_the_rows_of_the_whole_with_the_columns_that_were_promised(view: View, held: str) -> None:
    table = stored(STORED[held])
    whole = view.read(table)
    parts = [view.read(table.slice(start, length)) for start, length in ((0, 1), (1, 1), (2, 0), (2, 2))]
    assert pa.concat_tables(parts).equals(whole)
    assert whole.column_names == view.columns(table.column_names)
    assert view.changes(table.column_names) or whole.equals(table.select(whole.column_names))
    assert all(whole.schema.field(name).type == table.schema.field(name).type for name in ("sentence2", "group"))


@pytest.mark.parametrize("held", STORED)
@pytest.mark.parametrize("view", [RANKING, LABELLED, NEITHER, BOTH])
def test_plain_values_are_read_as_prepared_ones(view: View, held: str) -> None:
    table = stored(STORED[held])
    assert view.read_values(table.to_pydict()) == view.read(table).to_pydict()


def test_negatives_of_a_file_stand_in_columns_of_texts_or_lists_and_labels_may_be_text() -> None:
    texts: dict[str, list[Any]] = {"sentence1": ["a", "b"], "sentence2": ["A", "B"]}
    columns: dict[str, list[Any]] = {"negatives n1": ["x", None], "negatives n2": [["y", ""], float("nan")]}
    found = LABELLED.read_values({**texts, **columns})
    assert found == {"sentence1": ["a", "a", "a", "b"], "sentence2": ["A", "x", "y", "B"], "label": [1, 0, 0, 1]}
    assert RANKING.read_values({**texts, "label": ["1", "nothing"]}) == {"sentence1": ["a"], "sentence2": ["A"]}


def test_a_viewed_table_tells_the_row_of_the_file_that_a_pair_comes_from(tmp_path: Any) -> None:
    rows = [{"sentence1": f"a {n}", "sentence2": f"b {n}", "label": n % 2} for n in range(1, 7)]
    source = plan(tmp_path, {"train": rows}, "cosine").tables["train"]
    ((batch, fraction),) = ViewedTable.of(source, RANKING).batches()
    assert (batch["row"], batch["sentence1"], fraction) == ([1, 3, 5], ["a 1", "a 3", "a 5"], 1.0)
