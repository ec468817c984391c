"""Read parquet as batches of plain values: one file, or a folder of parts."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from common import storage
from common.mistakes import Mistakes

READ_AT_ONCE = 2**20
"""Bytes of a column; without a limit, pyarrow reads its whole row group, often a million rows."""
SUFFIX = ".parquet"
HIDDEN = ("_", ".")
"""First characters of names that are no parts: Spark's _SUCCESS and checksums, the marks of jobs.score."""
PREPARED = "manifest.json"
"""The file that jobs.prepare writes beside its parquet files."""
SPLIT = re.compile(r"(train|validation|valid|val|dev|test)(?![a-z])", re.IGNORECASE)
"""First word of a part's name in a folder that holds all splits of a published data set."""
MOST_NAMED = 4
"""Names shown in a message."""


def is_parts(location: str) -> bool:
    """Check whether a location is a folder of parquet files that are not prepared pairs."""
    names = _visible(location)
    return any(name.endswith(SUFFIX) for name in names) and PREPARED not in names


def parts(location: str) -> list[str]:
    """Return the file itself, or the parts of a folder in the order of their names.

    Raises:
        Mistakes: there is no such location, or the folder holds other files beside its parts.
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
    """Refuse a folder whose parts belong to different splits: read as one file, its test pairs would be trained on.

    Raises:
        Mistakes: the parts belong to several splits; the message names a part of each.
    """
    part_of: dict[str, str] = {}
    for name in _visible(location):
        if name.endswith(SUFFIX) and (match := SPLIT.match(name)):
            part_of.setdefault(match[1].lower(), name)
    if len(part_of) > 1:
        raise Mistakes(
            f"file: {location} is a folder with parts of several splits: {', '.join(part_of.values())}; "
            "allowed: parts of one split, or the file of train, with those of others as --dev-source and --test-source"
        )


def names(file: Any) -> list[str]:
    """Read the names of the columns from the footer."""
    return list(pq.read_schema(file).names)


def schema(file: Any) -> pa.Schema:
    """Read the schema from the footer, without the metadata of pandas and others."""
    return pq.read_schema(file).remove_metadata()


def record_batches(file: Any, size: int) -> Iterator[pa.RecordBatch]:
    """Yield all columns in arrow's own types, at most `size` rows at a time."""
    yield from pq.ParquetFile(file, buffer_size=READ_AT_ONCE, pre_buffer=False).iter_batches(size)


def batches(file: Any, columns: Sequence[str], size: int) -> Iterator[tuple[dict[str, list[Any]], float]]:
    """Yield (column -> values, fraction of the rows read so far), at most `size` rows at a time.

    Raises:
        ValueError: a column is missing, or a value cannot be converted; the message names its row.
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
        return [_value(scalar, f"row {start + number}: {name}") for number, scalar in enumerate(column, 1)]


def _value(scalar: Any, position: str) -> Any:
    try:
        return scalar.as_py()
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise ValueError(f"{position} holds a value that cannot be read: {error}") from None


def _visible(location: str) -> list[str]:
    """Return the names in a folder; none if the location is a file or does not exist."""
    if storage.is_file(location):
        return []
    return [name for name in storage.file_names(location) if not name.startswith(HIDDEN)]
