"""Equal training rows as one weighted row."""

import pyarrow as pa
import pytest

from pairs.distinct import without_repeats

ROWS = pa.table(
    {
        "sentence1": ["b", "a", "b", "b", "b"],
        "sentence2": ["x", "x", "x", "y", "x"],
        "label": pa.array([1.0, 1.0, 1.0, 1.0, 0.0], pa.float32()),
        "group": ["g1", "g2", "g3", "g4", "g5"],
    }
)


def test_the_first_of_equal_rows_stays_in_the_tables_order() -> None:
    found = without_repeats(ROWS)
    assert found.select(["sentence1", "sentence2", "label", "group"]).to_pydict() == {
        "sentence1": ["b", "a", "b", "b"],
        "sentence2": ["x", "x", "y", "x"],
        "label": [1.0, 1.0, 1.0, 0.0],  # another label is another row: what contradicts is not averaged away
        "group": ["g1", "g2", "g4", "g5"],
    }


def test_weights_are_the_numbers_of_repeats_and_one_on_average() -> None:
    assert without_repeats(ROWS)["weight"].to_pylist() == pytest.approx([1.6, 0.8, 0.8, 0.8])


def test_pairs_without_labels_are_compared_by_their_texts() -> None:
    found = without_repeats(ROWS.drop_columns("label"))
    assert found["sentence2"].to_pylist() == ["x", "x", "y"]
    assert found["weight"].to_pylist() == pytest.approx([9 / 5, 3 / 5, 3 / 5])
