"""Read any table as batches of plain Python values, with one batch in memory at a time."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from common import storage
from files.formats import delimited, json_rows, parquet
from files.formats.delimited import DELIMITERS
from files.formats.first_row import LOOKED_AT, is_header
from files.formats.lines import Hashed
from files.formats.source import extension_of, opened, sha256

ROWS_AT_ONCE = 8_192
Batch = dict[str, list[Any]]
"""Column -> its values; all columns have one length."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file of pairs, and the names under which its columns are read.

    Attributes:
        location: a path or an address; parquet or a folder of its parts, CSV, TSV, JSON or tab-separated text.
        columns: name here -> name in the file; sentence1, sentence2 and perhaps label and group.
        texts: columns of JSON whose values must not hold half a character; all if empty.
        names: names for the columns of a file without a header (CSV, TSV, text or JSON arrays), in order; empty if
            the file names its columns.
    """

    location: str
    columns: Mapping[str, str]
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def batches(self, digest: Any = None) -> Iterator[tuple[Batch, float]]:
        """Yield the rows in order, and the fraction of the file read so far.

        Args:
            digest: a hashlib digest that is updated with every byte read; parquet is not read byte by byte and leaves
                it as it is.

        Raises:
            Mistakes: the file does not exist, a column is missing, or a row cannot be read.
        """
        read = _parquet(self) if self._is_parquet else _text(self, digest)
        for batch, fraction in read:
            yield {name: batch[own] for name, own in self.columns.items()}, fraction

    def rows(self) -> tuple[list[dict[str, Any]], str]:
        """Return all rows and the SHA-256 of the file; only parquet is read again for the hash.

        Raises:
            Mistakes: see `batches`.
        """
        digest = hashlib.sha256()
        rows = [
            dict(zip(batch, values, strict=True))
            for batch, _ in self.batches(digest)
            for values in zip(*batch.values(), strict=True)
        ]
        return rows, self.sha256() if self._is_parquet else digest.hexdigest()

    @property
    def _is_parquet(self) -> bool:
        return extension_of(self.location) == ".parquet"

    def sha256(self) -> str:
        """Return the SHA-256 of the file, see `pairs.formats.source`."""
        return sha256(self.location)

    def notes(self) -> tuple[str, ...]:
        """Return a note if the first row is read as a header although none was declared."""
        if not self.names or self._is_parquet:
            return ()
        with opened(self.location) as file:
            begin = list(islice(_rows(file, self), LOOKED_AT))
        if not is_header(begin):
            return ()
        name = storage.name_of(self.location)
        return (f"the first row of {name} is read as a header, not as a pair: {', '.join(begin[0])}",)


def _parquet(table: Table) -> Iterator[tuple[Batch, float]]:
    parts, wanted = parquet.parts(table.location), list(dict.fromkeys(table.columns.values()))
    for index, part in enumerate(parts):
        with opened(part) as file:
            for batch, fraction in parquet.batches(file, wanted, ROWS_AT_ONCE):
                yield batch, (index + fraction) / len(parts)


def _text(table: Table, digest: Any) -> Iterator[tuple[Batch, float]]:
    with opened(table.location) as file:
        rest = _rows(file if digest is None else Hashed(file, digest), table)
        records = isinstance((first := next(rest, None)), dict)
        every = iter(()) if first is None else chain([first], rest)
        read = _of_records(every, table) if records else _of_cells(every, table)
        for batch in read:
            yield batch, min(1.0, file.tell() / max(1, file.size()))  # the read-ahead counts, too


def _rows(file: Any, table: Table) -> Iterator[Any]:
    extension = extension_of(table.location)
    if extension in DELIMITERS:
        return delimited.rows(file, extension, header=not table.names)
    return json_rows.rows(file, table.texts or list(table.columns.values()))


def _of_records(rows: Iterator[dict[str, Any]], table: Table) -> Iterator[Batch]:
    """Yield batches of objects; a key that a row lacks becomes None."""
    wanted = list(table.columns.values())
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield {name: [row.get(name) for row in some] for name in wanted}


def _of_cells(rows: Iterator[Sequence[Any]], table: Table) -> Iterator[Batch]:
    if table.names:
        names, begin = list(table.names), list(islice(rows, LOOKED_AT))
        rows = chain(begin[1:] if is_header(begin) else begin, rows)
    else:
        names = [str(cell) for cell in next(rows, ())]
    indices = {name: names.index(name) for name in table.columns.values() if name in names}
    if missing := [name for name in table.columns.values() if name not in indices]:
        raise ValueError(f"it has no column {', '.join(missing)}; it has {', '.join(names) or 'nothing'}")
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield {name: [row[index] for row in some] for name, index in indices.items()}
