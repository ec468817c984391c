"""Any table as batches of plain Python values, whatever its columns hold; never more than one batch in memory."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pairs.read import DELIMITERS, delimited_reader, extension_of, json_object
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
        file_system, path = storage.locate(self.location)
        try:
            with file_system.open_input_file(path) as file:
                for batch, share in _READERS[extension_of(self.location)](file, self):
                    yield {name: batch[own] for name, own in self.columns.items()}, share
        except FileNotFoundError:
            raise Mistakes(f"file: {self.location} does not exist") from None
        except (pa.ArrowInvalid, UnicodeDecodeError, ValueError, KeyError) as error:
            raise Mistakes(f"file: {self.location} cannot be read: {error}") from None


def _parquet(file: Any, table: Table) -> Iterator[tuple[Batch, float]]:
    parquet, read = pq.ParquetFile(file, buffer_size=READ_AT_ONCE, pre_buffer=False), 0
    for batch in parquet.iter_batches(ROWS_AT_ONCE, columns=list(table.columns.values())):
        read += batch.num_rows
        yield _values(batch), read / parquet.metadata.num_rows


def _delimited(file: Any, table: Table) -> Iterator[tuple[Batch, float]]:
    for batch in delimited_reader(file, extension_of(table.location), table.names or None):
        for start in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield _values(batch.slice(start, ROWS_AT_ONCE)), _read_of(file)


def _json_lines(file: Any, table: Table) -> Iterator[tuple[Batch, float]]:
    wanted = list(table.columns.values())
    lines = filter(str.strip, io.TextIOWrapper(file, encoding="utf-8-sig"))
    while rows := [json_object(line) for line in islice(lines, ROWS_AT_ONCE)]:
        yield {name: [row[name] for row in rows] for name in wanted}, _read_of(file)


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
