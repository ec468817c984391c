"""Parquet as batches of plain values: one file, or a folder of parts."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from common import storage
from common.mistakes import Mistakes

READ_AT_ONCE = 2**20
"""Bytes of a column; unless told, its whole row group is read, often a million rows."""
SUFFIX = ".parquet"
HIDDEN = ("_", ".")
"""How a name begins that is no part: Spark's _SUCCESS and checksums, the marks of jobs.score."""
PREPARED = "manifest.json"
"""What jobs.prepare writes beside its files."""
SPLIT = re.compile(r"(train|validation|valid|val|dev|test)(?![a-z])", re.IGNORECASE)
"""How the name of a part begins where a folder holds all splits of a published data set."""
MOST_NAMED = 4
"""Names in a message."""


def is_parts(location: str) -> bool:
    """Whether it is a folder that holds parquet files, and is none of prepared pairs."""
    names = _visible(location)
    return any(name.endswith(SUFFIX) for name in names) and PREPARED not in names


def parts(location: str) -> list[str]:
    """The file itself, or the parts of a folder in the order of their names.

    Raises:
        Mistakes: there is neither, or the folder holds something else beside its parts.
    """
    names = _visible(location)
    if not names:
        return [location]
    if other := [name for name in names if not name.endswith(SUFFIX)]:
        raise Mistakes(
            f"file: {location} is a folder with {', '.join(other[:MOST_NAMED])}; "
            "allowed: a file, or a folder of parquet parts alone (names that begin with _ or . are left out)"
        )
    return [storage.join(location, name) for name in names]


def refuse_several_splits(location: str) -> None:
    """Refuse a folder whose parts are of different splits: as one file, what is published for test would be trained on.

    Raises:
        Mistakes: naming a part of each.
    """
    found: dict[str, str] = {}
    for name in _visible(location):
        if name.endswith(SUFFIX) and (match := SPLIT.match(name)):
            found.setdefault(match[1].lower(), name)
    if len(found) > 1:
        raise Mistakes(
            f"file: {location} is a folder with parts of several splits: {', '.join(found.values())}; "
            "allowed: parts of one split, or the file of train, with those of others as --dev-source and --test-source"
        )


def names(file: Any) -> list[str]:
    """Of the columns, from the footer."""
    return list(pq.read_schema(file).names)


def schema(file: Any) -> pa.Schema:
    """Of the columns, from the footer, without what pandas or others have noted."""
    return pq.read_schema(file).remove_metadata()


def record_batches(file: Any, size: int) -> Iterator[pa.RecordBatch]:
    """All columns in arrow's own types, so many rows at a time."""
    yield from pq.ParquetFile(file, buffer_size=READ_AT_ONCE, pre_buffer=False).iter_batches(size)


def batches(file: Any, columns: Sequence[str], size: int) -> Iterator[tuple[dict[str, list[Any]], float]]:
    """Column -> its values, so many rows at a time, and the share of the rows read so far.

    Raises:
        ValueError: a column is not there, or the first value that is not what its column promises, with its row.
    """
    parquet, start = pq.ParquetFile(file, buffer_size=READ_AT_ONCE, pre_buffer=False), 0
    if missing := [name for name in columns if name not in parquet.schema_arrow.names]:
        raise ValueError(f"it has no column {', '.join(missing)}; it has {', '.join(parquet.schema_arrow.names)}")
    for batch in parquet.iter_batches(size, columns=list(columns)):
        values = {name: _values(batch.column(name), name, start) for name in columns}
        start += batch.num_rows
        yield values, start / parquet.metadata.num_rows


def _values(column: pa.Array, name: str, start: int) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (pa.ArrowException, ValueError, OverflowError):
        return [_value(each, f"row {start + place}: {name}") for place, each in enumerate(column, 1)]


def _value(scalar: Any, place: str) -> Any:
    try:
        return scalar.as_py()
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise ValueError(f"{place} holds what cannot be read: {error}") from None


def _visible(location: str) -> list[str]:
    """Names in a folder; none where it is a file or nothing."""
    if storage.is_file(location):
        return []
    return [name for name in storage.file_names(location) if not name.startswith(HIDDEN)]
