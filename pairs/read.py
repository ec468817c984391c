"""Read a raw file of a task: parquet, CSV, TSV, JSON lines or the tab separated text of entity matching.

Every value of a CSV, TSV or text file is a string; parquet and JSON lines keep the types that they have.
"""

import csv
import difflib
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tasks.common import storage
from tasks.common.declaration import Layout, Row
from tasks.common.mistakes import Mistakes


@dataclass(frozen=True, kw_only=True)
class Raw:
    """The rows of one file, as they stand there."""

    name: str
    """The file's own name, without its folder."""
    sha256: str
    """Of the file's bytes, in hex."""
    layout: Layout
    """The layout of the task that fits the file."""
    rows: list[Row]


def read(location: str, layouts: Sequence[Layout]) -> Raw:
    """The rows of a file, at a path or an address, with the first of the layouts that fits it.

    Raises:
        Mistakes: no such file, an unknown extension, a damaged file, or columns that no layout fits.
    """
    extension = extension_of(location)
    content = storage.read_bytes(location)
    first_row = first_names(location, content)
    layout = next((layout for layout in layouts if _fits(layout, first_row, extension)), None)
    if layout is None:
        raise Mistakes(_misfit(location, layouts, first_row))
    if layout.header:
        refuse_repeated(location, layout.columns, first_row)
    table = _parse(location, content, layout)
    rows = table if isinstance(table, list) else table.select(list(layout.columns)).to_pylist()
    return Raw(name=location.rsplit("/", 1)[-1], sha256=hashlib.sha256(content).hexdigest(), layout=layout, rows=rows)


def extension_of(location: str) -> str:
    """The extension, one of EXTENSIONS.

    Raises:
        Mistakes: it is another one.
    """
    name = location.rsplit("/", 1)[-1]
    extension = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if extension not in EXTENSIONS:
        raise Mistakes(f"file: {location} has the extension {extension!r}; allowed: {', '.join(EXTENSIONS)}")
    return extension


def first_names(location: str, content: bytes | None = None) -> list[str]:
    """The column names of a file; for CSV, TSV and text: what its first row holds, be it a header or not."""
    content = storage.read_bytes(location) if content is None else content
    extension = extension_of(location)
    try:
        if extension == ".parquet":
            return list(pa.parquet.read_schema(pa.BufferReader(content)).names)
        text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
        if extension in DELIMITERS:
            return next(csv.reader(text, **_dialect(extension)), [])
        return list(json_object(next((line for line in text if line.strip()), "{}")))
    except (pa.ArrowInvalid, ValueError, csv.Error) as error:
        raise Mistakes(f"file: {location} is not a readable {extension} file: {error}") from None


def json_object(line: str) -> dict[str, Any]:
    """A row of JSON lines.

    Raises:
        ValueError: it is something else.
    """
    try:
        row = json.loads(line)
    except RecursionError:
        raise ValueError("a line is nested too deeply") from None
    if not isinstance(row, dict):
        raise ValueError(f"a line is not an object with the columns' names: {line.strip()[:80]}")
    return row


def refuse_repeated(location: str, columns: Sequence[str], found: Sequence[str]) -> None:
    """Refuse columns that a file has twice: which of the two is meant cannot be told.

    Raises:
        Mistakes: naming them.
    """
    if repeated := [column for column in columns if found.count(column) > 1]:
        raise Mistakes(f"columns: {location} has {', '.join(repeated)} more than once; allowed: names that differ")


def _dialect(extension: str) -> dict[str, Any]:
    # Entity matching writes inches as a bare quote, so there a quote is a letter like any other.
    quoting = csv.QUOTE_NONE if extension == ".txt" else csv.QUOTE_MINIMAL
    return {"delimiter": DELIMITERS[extension], "quoting": quoting}


def _fits(layout: Layout, first_row: list[str], extension: str) -> bool:
    if layout.header:
        return extension != ".txt" and set(layout.columns) <= set(first_row)
    return extension in DELIMITERS and len(first_row) == len(layout.columns)


def _misfit(location: str, layouts: Sequence[Layout], found: list[str]) -> str:
    wanted = [column for layout in layouts if layout.header for column in layout.columns]
    missing = [column for column in dict.fromkeys(wanted) if column not in found]
    close = [f"{name} ({match[0]}?)" if (match := difflib.get_close_matches(name, found)) else name for name in missing]
    allowed = " or ".join(
        ", ".join(layout.columns) if layout.header else f"{len(layout.columns)} columns without a header"
        for layout in layouts
    )
    lacking = f" lacks {', '.join(close)};" if close else ""
    shown = ", ".join(name if len(name) <= 40 else name[:37] + "..." for name in found) or "nothing"
    return f"columns: {location}{lacking} has {shown}; allowed: {allowed}"


def _parse(location: str, content: bytes, layout: Layout) -> pa.Table | list[Row]:
    extension = extension_of(location)
    try:
        return EXTENSIONS[extension](content, layout, extension)
    except (pa.ArrowInvalid, UnicodeDecodeError, ValueError) as error:
        raise Mistakes(f"file: {location} cannot be read as {extension}: {error}") from None


def _parquet(content: bytes, layout: Layout, _: str) -> pa.Table:
    return pa.parquet.read_table(pa.BufferReader(content), columns=list(layout.columns))


def _delimited(content: bytes, layout: Layout, extension: str) -> pa.Table:
    names = None if layout.header else layout.columns
    return delimited_reader(pa.BufferReader(content), extension, names).read_all()


def delimited_reader(file: Any, extension: str, names: Sequence[str] | None) -> Any:
    """A CSV, TSV or text file as batches of columns of strings.

    Args:
        names: of the columns of a file without a header.
    """
    return pa.csv.open_csv(
        file,
        read_options=pa.csv.ReadOptions(
            column_names=None if names is None else list(names),
            block_size=2**24,  # bytes; a row must fit into one block, and a page of text may be long
        ),
        parse_options=pa.csv.ParseOptions(
            delimiter=DELIMITERS[extension],
            quote_char=False if extension == ".txt" else '"',
            newlines_in_values=extension != ".txt",
        ),
        # Nothing is guessed: "1" stays text, and labels are read where the task is known.
        convert_options=pa.csv.ConvertOptions(default_column_type=pa.string()),
    )


def _json_lines(content: bytes, layout: Layout, _: str) -> list[Row]:
    # Not pyarrow.json: it turns texts that look like dates into dates.
    rows: list[Row] = []
    for number, line in enumerate(content.decode("utf-8-sig").split("\n"), 1):
        if line.strip():
            try:
                row = json_object(line)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None
            if not set(layout.columns) <= set(row):
                raise ValueError(f"line {number} is not an object with {', '.join(layout.columns)}: {line[:80]}")
            rows.append({name: row[name] for name in layout.columns})
    return rows


DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
EXTENSIONS: dict[str, Callable[[bytes, Layout, str], pa.Table | list[Row]]] = {
    ".parquet": _parquet,
    ".csv": _delimited,
    ".tsv": _delimited,
    ".txt": _delimited,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
}
