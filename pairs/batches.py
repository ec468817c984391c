"""Any table as batches of plain Python values, whatever its columns hold; never more than one batch in memory."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from common import storage
from pairs.formats import delimited, json_rows, parquet
from pairs.formats.delimited import DELIMITERS
from pairs.formats.first_row import LOOKED_AT, is_header
from pairs.formats.lines import Hashed
from pairs.formats.source import extension_of, opened, sha256

ROWS_AT_ONCE = 8_192
Batch = dict[str, list[Any]]
"""Column -> its values; all of one length."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file of pairs, by the names that its columns are read under.

    Attributes:
        location: a path or an address; parquet or a folder of its parts, CSV, TSV, JSON or tab separated text.
        columns: name here -> name in the file; sentence1, sentence2 and perhaps label and group.
        texts: columns that have to hold whole texts, in JSON; all, unless some are named.
        names: all names of a file whose rows have none, in order: CSV, TSV, text or JSON arrays without a header;
            empty where the file has one.
    """

    location: str
    columns: Mapping[str, str]
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def batches(self, digest: Any = None) -> Iterator[tuple[Batch, float]]:
        """The rows in their order, and the share of the file read so far.

        Args:
            digest: of hashlib; gets every byte of a file that is read from its beginning to its end, so not of parquet.

        Raises:
            Mistakes: the file is not there, a column is not in it, or a row cannot be read.
        """
        read = _parquet(self) if self._is_parquet else _text(self, digest)
        for batch, share in read:
            yield {name: batch[own] for name, own in self.columns.items()}, share

    def rows(self) -> tuple[list[dict[str, Any]], str]:
        """All rows, and the SHA-256 of the file, of which the file is read once if it is no parquet.

        Raises:
            Mistakes: see `batches`.
        """
        digest = hashlib.sha256()
        found = [
            dict(zip(batch, values, strict=True))
            for batch, _ in self.batches(digest)
            for values in zip(*batch.values(), strict=True)
        ]
        return found, self.sha256() if self._is_parquet else digest.hexdigest()

    @property
    def _is_parquet(self) -> bool:
        return extension_of(self.location) == ".parquet"

    def sha256(self) -> str:
        """Of the file, see `pairs.formats.source`."""
        return sha256(self.location)

    def notes(self) -> tuple[str, ...]:
        """What has to be said of how it is read: that a first row is taken for a header where none was promised."""
        if not self.names or self._is_parquet:
            return ()
        with opened(self.location) as file:
            begin = list(islice(_rows(file, self), LOOKED_AT))
        if not is_header(begin):
            return ()
        return (f"the first row of {storage.name_of(self.location)} is a header, no pair: {', '.join(begin[0])}",)


def _parquet(table: Table) -> Iterator[tuple[Batch, float]]:
    parts, wanted = parquet.parts(table.location), list(dict.fromkeys(table.columns.values()))
    for place, part in enumerate(parts):
        with opened(part) as file:
            for batch, share in parquet.batches(file, wanted, ROWS_AT_ONCE):
                yield batch, (place + share) / len(parts)


def _text(table: Table, digest: Any) -> Iterator[tuple[Batch, float]]:
    with opened(table.location) as file:
        found = _rows(file if digest is None else Hashed(file, digest), table)
        records = isinstance((first := next(found, None)), dict)
        every = iter(()) if first is None else chain([first], found)
        read = _of_records(every, table) if records else _of_cells(every, table)
        for batch in read:
            yield batch, min(1.0, file.tell() / max(1, file.size()))  # what is read ahead included


def _rows(file: Any, table: Table) -> Iterator[Any]:
    extension = extension_of(table.location)
    if extension in DELIMITERS:
        return delimited.rows(file, extension, header=not table.names)
    return json_rows.rows(file, table.texts or list(table.columns.values()))


def _of_records(rows: Iterator[dict[str, Any]], table: Table) -> Iterator[Batch]:
    """A key that a row lacks is None there."""
    wanted = list(table.columns.values())
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield {name: [row.get(name) for row in some] for name in wanted}


def _of_cells(rows: Iterator[Sequence[Any]], table: Table) -> Iterator[Batch]:
    if table.names:
        names, begin = list(table.names), list(islice(rows, LOOKED_AT))
        rows = chain(begin[1:] if is_header(begin) else begin, rows)
    else:
        names = [str(cell) for cell in next(rows, ())]
    places = {name: names.index(name) for name in table.columns.values() if name in names}
    if missing := [name for name in table.columns.values() if name not in places]:
        raise ValueError(f"it has no column {', '.join(missing)}; it has {', '.join(names) or 'nothing'}")
    while some := list(islice(rows, ROWS_AT_ONCE)):
        yield {name: [row[place] for row in some] for name, place in places.items()}
