"""Read a raw file of a task: parquet, CSV, TSV, JSON or the tab-separated text of entity matching.

Every value of a CSV, TSV or text file is a string; parquet and JSON keep the types that they have.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from common import storage
from common.mistakes import Mistakes
from files.batches import Table
from files.formats import delimited, json_rows, parquet
from files.formats.delimited import DELIMITERS
from files.formats.source import extension_of, opened
from tasks.common.declaration import Layout, Row

ROWS_OF_NAMES = 1_000
"""Rows at the beginning of JSON lines whose keys are the columns: some rows may lack a key."""


@dataclass(frozen=True, kw_only=True)
class Raw:
    """The rows of one file, unchanged."""

    name: str
    """The file's own name, without its folder."""
    sha256: str
    """SHA-256 of the file's bytes, in hex."""
    layout: Layout
    """The layout of the task that fits the file."""
    rows: Sequence[Row]
    notes: tuple[str, ...] = ()
    """Notes on how the file was read."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """The columns of a file, as its beginning shows them."""

    names: list[str]
    """Names of the columns; if rows have none, the cells of the first row, whether it is a header or not."""
    named: bool
    """True if rows carry names (parquet and JSON objects); False for CSV, TSV, text and JSON arrays."""


def read(location: str, layouts: Sequence[Layout]) -> Raw:
    """Read the rows of a file, at a path or an address, by the first layout that fits it.

    Raises:
        Mistakes: the file does not exist, has an unknown extension, is damaged, or fits no layout.
    """
    header = header_of(location)
    layout = next((layout for layout in layouts if _fits(layout, header)), None)
    if layout is None:
        raise Mistakes(_misfit(location, layouts, header.names))
    if layout.header:
        refuse_repeated(location, layout.columns, header.names)
    table = table_of(location, layout)
    rows, sha256 = table.rows()
    return Raw(name=storage.name_of(location), sha256=sha256, layout=layout, rows=rows, notes=table.notes())


def table_of(location: str, layout: Layout, columns: Sequence[str] = ()) -> Table:
    """Return the file as a table under its own column names: those given, else all of the layout."""
    used = {name: name for name in columns or layout.columns}
    return Table(location=location, columns=used, names=() if layout.header else layout.columns)


def header_of(location: str) -> Header:
    """Read the columns from the beginning of a file, and no more of it.

    Raises:
        Mistakes: the file does not exist, has an unknown extension, or its beginning is damaged or empty.
    """
    extension = extension_of(location)
    with opened(parquet.parts(location)[0] if extension == ".parquet" else location) as file:
        if extension == ".parquet":
            return Header(names=parquet.names(file), named=True)
        rows = delimited.rows(file, extension) if extension in DELIMITERS else json_rows.rows(file)
        begin = list(islice(rows, 1 if extension in DELIMITERS else ROWS_OF_NAMES))
    if not begin:
        raise Mistakes(f"file: {location} is empty; allowed: at least one row")
    if isinstance(begin[0], list):
        return Header(names=[str(cell) for cell in begin[0]], named=False)
    return Header(names=list(dict.fromkeys(name for row in begin for name in row)), named=True)


def all_columns(location: str) -> Header:
    """Read the columns as `header_of` does, for JSON from all rows: a line may lack some names.

    Raises:
        Mistakes: see `header_of`.
    """
    header = header_of(location)
    if not header.named or extension_of(location) == ".parquet":
        return header
    with opened(location) as file:
        names = dict.fromkeys(name for row in json_rows.rows(file, wanted=None) for name in row)
    return Header(names=list(names), named=True)


def refuse_repeated(location: str, columns: Sequence[str], names: Sequence[str]) -> None:
    """Refuse columns whose name a file has twice, because it is not clear which one is meant.

    Raises:
        Mistakes: a column is repeated; the message names all of them.
    """
    repeated = [(names.count(column), column) for column in columns if names.count(column) > 1]
    if repeated:
        counted = " and ".join(
            f"{'two' if count == 2 else count} columns called {name or repr(name)}" for count, name in repeated
        )
        raise Mistakes(f"columns: {location} has {counted}; rename one")


def _fits(layout: Layout, header: Header) -> bool:
    if layout.header:
        return set(layout.columns) <= set(header.names)
    return not header.named and len(header.names) == len(layout.columns)


def _misfit(location: str, layouts: Sequence[Layout], names: list[str]) -> str:
    wanted = [column for layout in layouts if layout.header for column in layout.columns]
    missing = [column for column in dict.fromkeys(wanted) if column not in names]
    close = [f"{name} ({match[0]}?)" if (match := difflib.get_close_matches(name, names)) else name for name in missing]
    allowed = " or ".join(
        ", ".join(layout.columns) if layout.header else f"{len(layout.columns)} columns without a header"
        for layout in layouts
    )
    lacking = f" lacks {', '.join(close)};" if close else ""
    shown = ", ".join(name if len(name) <= 40 else name[:37] + "..." for name in names) or "nothing"
    return f"columns: {location}{lacking} has {shown}; allowed: {allowed}"
