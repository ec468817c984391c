"""Test the column of given negatives from a prepared folder to tokens."""

from pathlib import Path

import pyarrow as pa
import pytest

from common.mistakes import Mistakes
from pairs import prepared
from pairs.distinct import without_repeats
from pairs.negatives import flattened, nested
from pairs.prepared import PreparedPairs
from pairs.tokenized import refuse_missing, tokenize_batch
from pairs.train_view import TrainView, view_of
from tasks.common.losses import LOSSES
from tests.word_tokenizer import word_reading
from workflows.export import loss_notes

READING = word_reading("a b c d x y z", 8, cased=False)
GIVEN = [["x", "Y  z"], [], ["z"]]


def pairs_with(given: list[list[str]]) -> pa.Table:
    texts = {"sentence1": ["a", "b", "a"], "sentence2": ["c", "d", "c"], "group": ["a", "b", "a"], "negatives": given}
    return pa.table(texts, schema=prepared.schema(labelled=False, negatives=True))


def folder_with(folder: Path, train: pa.Table) -> TrainView:
    tables = {"train": train, "dev": pairs_with(GIVEN)}
    manifest = {"task": "t", "fingerprint": prepared.fingerprint(tables), "declaration": {"kind": "graded"}}
    prepared.write(str(folder), tables, manifest)
    return view_of(PreparedPairs.open(str(folder)), LOSSES["ranking"])


def test_negatives_come_back_from_a_folder_and_an_empty_list_is_nothing_missing(tmp_path: Path) -> None:
    pairs = folder_with(tmp_path / "data", pairs_with(GIVEN))
    assert pairs.table("train")["negatives"].to_pylist() == GIVEN
    assert pairs.has_negatives("train")
    refuse_missing(pairs)


def test_the_card_says_that_there_were_negatives(tmp_path: Path) -> None:
    pairs = folder_with(tmp_path / "data", pairs_with(GIVEN))
    assert any(note.startswith("Given negatives") for note in loss_notes("ranking", pairs))
    without = folder_with(tmp_path / "others", pairs_with(GIVEN).drop_columns("negatives"))
    assert not any(note.startswith("Given negatives") for note in loss_notes("ranking", without))


def test_a_column_of_other_negatives_is_refused(tmp_path: Path) -> None:
    train = pairs_with(GIVEN)
    numbers = train.set_column(3, "negatives", pa.array([[1], [], [2]], pa.list_(pa.int64())))
    with pytest.raises(Mistakes, match="negatives: list.*allowed: .*label, group2 and negatives may be absent"):
        folder_with(tmp_path / "data", numbers)


@pytest.mark.parametrize("given", [GIVEN, [[], [], []]])
def test_tokens_and_hashes_are_those_of_each_rows_negatives(given: list[list[str]]) -> None:
    found = tokenize_batch(pairs_with(given), READING)
    for own, ids, hashes in zip(given, found["negative_ids"], found["negative_hashes"], strict=True):
        wanted = tokenize_batch(pa.table({"sentence1": [*own, "a"], "sentence2": [*own, "a"]}), READING)
        assert ids.as_py() == wanted["ids2"].to_pylist()[:-1]
        assert hashes.as_py() == wanted["hash2"].to_pylist()[:-1]


def test_lists_are_flattened_from_a_slice_and_from_chunks() -> None:
    lists = pa.chunked_array([pa.array([["a"], None], pa.list_(pa.string())), pa.array([["b", "c"]]).slice(0)])
    values, lengths = flattened(lists.slice(1))
    assert (values.to_pylist(), lengths.tolist()) == (["b", "c"], [0, 2])
    assert nested(values, lengths).to_pylist() == [[], ["b", "c"]]


def test_rows_repeat_only_where_their_negatives_do() -> None:
    repeats = [GIVEN[0], [], GIVEN[0][::-1]]
    assert len(without_repeats(pairs_with(GIVEN), READING)) == 3
    assert len(without_repeats(pairs_with(repeats), READING)) == 2
