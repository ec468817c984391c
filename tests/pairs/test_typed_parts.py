"""Test parts whose columns differ in type: they get one schema, and no value is lost."""

import datetime
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pairs.batches import Table
from pairs.inferred_schema import TypedTable

ROWS: list[dict[str, Any]] = [
    {"a": 1, "b": "one", "n": 1, "when": datetime.date(2024, 1, 2), "one": 1},
    {"a": "two", "b": "two", "n": 2.5, "when": "yesterday", "two": [2]},
]


def test_columns_without_a_common_type_become_json_and_texts_stay_texts(tmp_path: Path) -> None:
    for number, row in enumerate(ROWS):
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / f"part-{number}.parquet")
    columns = {name: name for row in ROWS for name in row}
    typed = TypedTable.infer(Table(location=str(tmp_path), columns=columns), ("a", "b"))
    found = pa.concat_tables(typed.pieces())
    assert typed.as_json == ("a", "when")
    assert found.schema == typed.schema
    assert found["a"].to_pylist() == ["1", "two"]
    assert found["n"].to_pylist() == [1.0, 2.5]
    assert found["when"].to_pylist() == [json.dumps("2024-01-02"), json.dumps("yesterday")]
    assert (found["one"].to_pylist(), found["two"].to_pylist()) == ([1, None], [None, [2]])
