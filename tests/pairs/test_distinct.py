"""Test that equal training rows become one weighted row."""

from dataclasses import replace

import pyarrow as pa
import pytest

from pairs.distinct import without_repeats
from pairs.reading import Prompts
from tests.word_tokenizer import word_reading

ROWS = pa.table(
    {
        "sentence1": ["b", "a", "b", "b", "b"],
        "sentence2": ["x", "x", "x", "y", "x"],
        "label": pa.array([1.0, 1.0, 1.0, 1.0, 0.0], pa.float32()),
        "group": ["g1", "g2", "g3", "g4", "g5"],
    }
)
WORDS = word_reading("a b x y us US", 8, cased=True)


def test_the_first_of_equal_rows_stays_in_the_tables_order() -> None:
    found = without_repeats(ROWS, WORDS)
    assert found.select(["sentence1", "sentence2", "label", "group"]).to_pydict() == {
        "sentence1": ["b", "a", "b", "b"],
        "sentence2": ["x", "x", "y", "x"],
        "label": [1.0, 1.0, 1.0, 0.0],  # another label is another row: what contradicts is not averaged away
        "group": ["g1", "g2", "g4", "g5"],
    }


def test_weights_are_the_numbers_of_repeats_and_one_on_average() -> None:
    assert without_repeats(ROWS, WORDS)["weight"].to_pylist() == pytest.approx([1.6, 0.8, 0.8, 0.8])
    assert without_repeats(ROWS, WORDS)["repeats"].to_pylist() == [2.0, 1.0, 1.0, 1.0]


def test_pairs_without_labels_are_compared_by_their_texts() -> None:
    found = without_repeats(ROWS.drop_columns("label"), WORDS)
    assert found["sentence2"].to_pylist() == ["x", "x", "y"]
    assert found["weight"].to_pylist() == pytest.approx([9 / 5, 3 / 5, 3 / 5])


@pytest.mark.parametrize(("cased", "seconds"), [(True, ["US x", "us x", "us x y"]), (False, ["US x", "us x y"])])
def test_texts_are_equal_where_the_model_reads_the_same_tokens(cased: bool, seconds: list[str]) -> None:
    rows = pa.table({"sentence1": ["a"] * 4, "sentence2": ["US x", "us x", "us  x", "us x y"], "group": list("1234")})
    assert without_repeats(rows, word_reading("a x y us US", 8, cased=cased))["sentence2"].to_pylist() == seconds


def test_what_the_model_does_not_read_tells_no_texts_apart() -> None:
    rows = pa.table({"sentence1": ["a", "a"], "sentence2": ["b x", "b y"], "group": ["1", "2"]})
    assert without_repeats(rows, replace(WORDS, max_length=1))["weight"].to_pylist() == [1.0]
    assert without_repeats(rows, replace(WORDS, max_length=2))["weight"].to_pylist() == [1.0, 1.0]


def test_a_pair_in_the_other_order_repeats_to_a_symmetric_loss() -> None:
    rows = pa.table({"sentence1": ["a", "x", "x"], "sentence2": ["x", "a", "b"], "group": list("123")})
    assert without_repeats(rows, WORDS, symmetric=True)["weight"].to_pylist() == pytest.approx([4 / 3, 2 / 3])
    assert without_repeats(rows, WORDS)["weight"].to_pylist() == [1.0, 1.0, 1.0]


def test_the_same_text_is_another_one_behind_another_prompt() -> None:
    rows = pa.table({"sentence1": ["a", "x"], "sentence2": ["x", "a"], "group": list("12")})
    prompted = replace(WORDS, prompts=Prompts("us ", ""))
    assert without_repeats(rows, prompted, symmetric=True)["weight"].to_pylist() == [1.0, 1.0]
    assert without_repeats(rows, replace(WORDS, prompts=Prompts("us ", "us ")), symmetric=True).num_rows == 1
