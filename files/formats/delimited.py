"""Read CSV, TSV and tab-separated text as rows of cells."""

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from files.formats.lines import lines

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}
OTHER_DELIMITERS = ";\t|"
"""Delimiters of a .csv whose first line has no comma: with a decimal comma, spreadsheets write semicolons."""
NAMED = re.compile('"?sep=(.)"?\\s*', re.DOTALL)
"""A line at the beginning of a .csv that names the delimiter for a spreadsheet."""
LONGEST_CELL = 2**31 - 1
"""Characters. The csv module's own limit is 131,072, and a page of text may be longer."""
csv.field_size_limit(LONGEST_CELL)

CHANGED = re.compile('"(?:[^"]*"")+[^"]*"')
"""A cell with quotes around it, and inside it quotes that are all doubled."""
ESCAPED = re.compile(r'\\"(?=[^",;\t|\r\n])')
"""A quote after a backslash that neither closes a cell nor is doubled."""
CAUSES = {
    "unexpected end": "a quote opens a cell and is never closed",
    "expected after": 'a quoted cell goes on after its closing quote; a quote inside it is written twice ("")',
}
"""Words of the csv module's message -> the fault in plain words."""


def rows(file: Any, extension: str, *, header: bool = True) -> Iterator[list[str]]:
    """Yield the cells of each row, all of one length; skip lines without cells.

    In TSV and text a quote is a letter, as in the files of this field (GLUE, STS, PAWS-X, entity matching), and a
    line is a row. There is one exception: if a CSV writer has quoted a cell because it holds quotes, the quotes around
    it are removed, and those inside, which are all doubled, become single.

    Args:
        file: the file, open for reading bytes.
        extension: one of DELIMITERS.
        header: whether the first row is a header and messages do not count it.

    Raises:
        ValueError: the first row that cannot be read, with the line where it begins.
    """
    rest = _unescaped(lines(file)) if extension == ".csv" else lines(file)
    begin, before = _begin(rest), 1
    named = NAMED.fullmatch(begin[-1]) if begin and extension == ".csv" else None
    if named:
        begin, before = _begin(rest), 1 + len(begin)
    delimiter = named[1] if named else _delimiter(extension, begin)
    quoting: Any = csv.QUOTE_MINIMAL if extension == ".csv" else csv.QUOTE_NONE
    reader = csv.reader(chain(begin, rest), delimiter=delimiter, quoting=quoting, strict=True)
    width, number = 0, 0 if header else 1
    while True:
        position = f"row {number}, line {reader.line_num + before}" if number else f"line {reader.line_num + before}"
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{position}: {_cause(str(error))}") from None
        if row is None:
            return
        if not row or (width != 1 and len(row) == 1 and not row[0].strip()):
            continue
        width = width or len(row)
        if len(row) != width:
            raise ValueError(
                f"{position}: {len(row)} cells, the first row has {width}; {_advice(extension, delimiter, begin)}"
            )
        yield row if extension == ".csv" else [_as_written(cell) for cell in row]
        number += 1


def _unescaped(lines: Iterator[str]) -> Iterator[str]:
    r"""Yield the lines, and refuse one with a quote written as \", since its other backslashes are ambiguous."""
    for number, line in enumerate(lines, 1):
        if '\\"' in line and ESCAPED.search(line):
            raise ValueError(f'line {number}: a quote is written as \\"; allowed: two quotes ("") inside a quoted cell')
        yield line


def _begin(lines: Iterator[str]) -> list[str]:
    """Take the lines up to the first that is not empty."""
    begin = []
    for line in lines:
        begin.append(line)
        if line.strip():
            break
    return begin


def _delimiter(extension: str, begin: list[str]) -> str:
    first = begin[-1] if begin else ""
    own = DELIMITERS[extension]
    if extension != ".csv" or own in first:
        return own
    return max(OTHER_DELIMITERS, key=first.count) if any(delimiter in first for delimiter in OTHER_DELIMITERS) else own


def _as_written(cell: str) -> str:
    """Undo a CSV writer's quoting: '"a ""b"" c"' -> 'a "b" c'; any other cell stays as it is."""
    return cell[1:-1].replace('""', '"') if '""' in cell and CHANGED.fullmatch(cell) else cell


def _cause(message: str) -> str:
    return next((cause for words, cause in CAUSES.items() if words in message), message)


def semicolons(first: str) -> str:
    """Return advice for a .csv whose first line has commas and more semicolons; else an empty text."""
    if first.count(";") <= first.count(","):
        return ""
    return "; if cells end at ';' although the first line has a comma, add a first line: sep=;"


def _advice(extension: str, delimiter: str, begin: list[str]) -> str:
    if extension != ".csv":
        return (
            f"in {extension} files a quote is a letter, and a cell holds neither a tab nor a line break; "
            "allowed for such cells: .csv, .parquet or .jsonl"
        )
    if delimiter == "\t":
        return "the first line has no comma, so cells end at a tab; in a .tsv, unlike in a .csv, a quote is a letter"
    if delimiter != ",":
        return f"the first line has no comma, so cells end at {delimiter!r}; put a cell that holds one in quotes"
    return "put a cell that holds a comma or a line break in quotes" + semicolons(begin[-1])
