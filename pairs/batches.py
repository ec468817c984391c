"""Any table as batches of plain Python values, whatever its columns hold; never more than one batch in memory."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pairs.read import DELIMITERS, delimited_reader, extension_of, first_names, json_object
from tasks.common import storage
from tasks.common.mistakes import Mistakes

ROWS_AT_ONCE = 8_192
READ_AT_ONCE = 2**20
"""Bytes of a parquet column; unless told, its whole row group is read, often a million rows."""
Batch = dict[str, list[Any]]
"""Column -> its values; all of one length."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file of pairs, by the names that its columns are read under.

    Attributes:
        location: a path or an address; parquet, CSV, TSV, JSON lines or tab separated text.
        columns: name here -> name in the file; sentence1, sentence2 and perhaps label and group.
        names: all names of a CSV, TSV or text file without a header, in order; empty where the file has one.
    """

    location: str
    columns: Mapping[str, str]
    names: tuple[str, ...] = ()

    def batches(self) -> Iterator[tuple[Batch, float]]:
        """The rows in their order, and the share of the file read so far.

        Raises:
            Mistakes: the file is not there or cannot be read.
        """
        with opened(self.location) as file:
            for batch, share in _READERS[extension_of(self.location)](file, self):
                yield {name: batch[own] for name, own in self.columns.items()}, share


@contextmanager
def opened(location: str) -> Iterator[Any]:
    """A file that is read within; what is wrong with it is a mistake of the user.

    Raises:
        Mistakes: the file is not there or cannot be read.
    """
    file_system, path = storage.locate(location)
    try:
        with file_system.open_input_file(path) as file:
            yield file
    except Mistakes:
        raise
    except FileNotFoundError:
        raise Mistakes(f"file: {location} does not exist") from None
    except (pa.ArrowException, UnicodeDecodeError, ValueError, KeyError, OSError) as error:
        raise Mistakes(f"file: {location} cannot be read: {error}") from None


def all_names(location: str) -> list[str]:
    """The column names of a file, as they come first; of JSON lines those of every line, as a line may lack some.

    Raises:
        Mistakes: the file is not there or cannot be read.
    """
    if _READERS[extension_of(location)] is not _json_lines:
        return first_names(location)
    with opened(location) as file:
        return list(dict.fromkeys(name for rows in _json_rows(file) for row in rows for name in row))


def record_batches(file: Any, columns: list[str] | None = None) -> Iterator[tuple[pa.RecordBatch, float]]:
    """The rows of an opened parquet file (all columns, unless some are named), and the share of it read so far."""
    parquet, read = pq.ParquetFile(file, buffer_size=READ_AT_ONCE, pre_buffer=False), 0
    for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=columns):
        read += batch.num_rows
        yield batch, read / parquet.metadata.num_rows


def _parquet(file: Any, table: Table) -> Iterator[tuple[Batch, float]]:
    for batch, share in record_batches(file, list(table.columns.values())):
        yield _values(batch), share


def _delimited(file: Any, table: Table) -> Iterator[tuple[Batch, float]]:
    for batch in delimited_reader(file, extension_of(table.location), table.names or None):
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield _values(batch.slice(start, ROWS_AT_ONCE)), _read_of(file)


def _json_lines(file: Any, table: Table) -> Iterator[tuple[Batch, float]]:
    wanted = list(table.columns.values())
    for rows in _json_rows(file):
        yield {name: [row.get(name) for row in rows] for name in wanted}, _read_of(file)


def _json_rows(file: Any) -> Iterator[list[dict[str, Any]]]:
    lines = filter(str.strip, io.TextIOWrapper(file, encoding="utf-8-sig"))
    while rows := [json_object(line) for line in islice(lines, ROWS_AT_ONCE)]:
        yield rows


def _read_of(file: Any) -> float:
    """Share of its bytes, what is read ahead included."""
    return min(1.0, file.tell() / max(1, file.size()))


def _values(batch: pa.RecordBatch) -> Batch:
    return {name: column.to_pylist() for name, column in zip(batch.schema.names, batch.columns, strict=True)}


_READERS: dict[str, Any] = {
    ".parquet": _parquet,
    **dict.fromkeys(DELIMITERS, _delimited),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
