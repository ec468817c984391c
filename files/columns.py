"""Find out what the columns of a file of ready pairs hold: by name, by number, or by the usual names."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from common.mistakes import Mistakes, raise_if
from files.batches import Table
from files.formats.delimited import DELIMITERS, semicolons
from files.formats.parquet import refuse_several_splits
from files.formats.source import JSON, extension_of
from files.read import Header, header_of, refuse_repeated
from files.written import refuse_written
from tasks.common.declaration import Layout
from tasks.common.label_rule import score_in
from tasks.common.plain import PairColumns

LABEL_COLUMNS = ("label", "labels", "score", "scores")
NEGATIVE = re.compile(r"(hard[\W_]*)?neg(ative)?s?(?![a-z])", re.IGNORECASE)
"""First letters of the name of a column of negatives: neg, negative_1, hard_negatives."""
INDEX = re.compile(r"Unnamed: \d+|__index_level_\d+__|")
"""The name of a column with pandas' row numbers."""
KEY = re.compile(r"(.*[\W_])?[qdpu]{0,2}(id|idx|index)\d*", re.IGNORECASE)
"""The name of a column that holds keys instead of texts."""
NAME = re.compile(r"[^\W\d]\w*([ -]\w+){0,2}")
"""A name in a header: up to three words, without punctuation between or after them."""
AS_PAIRS = "as-pairs"
MOST_LABELS = 10
"""Different values of a column that is read as labels in words, unless it is called negative."""
MOST_LABEL_WORDS = 4
"""Words of such a label, such as 'is not a duplicate'."""


def layout_of(
    location: str,
    columns: Sequence[str],
    *,
    negatives: str | None = None,
    group: str | None = None,
    time: str | None = None,
) -> Layout:
    """Return how to read the columns named, or else the usual ones, from the file.

    A third column is the label if it is called one, or holds numbers or a few words. Texts in it, and in all columns
    after it, are given negatives.

    Args:
        location: the file.
        columns: two texts, and perhaps a label or negatives; empty takes the usual columns.
        negatives: AS_PAIRS makes labelled pairs of the negatives.
        group: the column of what a split must not tear apart.
        time: the column of the date by which the rows are split.

    Raises:
        Mistakes: the columns are not two texts and a label or negatives, the file lacks one, or it is a folder of
            several splits.
    """
    refuse_several_splits(location)
    header = header_of(location)
    others = [name for name in header.names if name not in (group, time)]
    columns = list(columns) or usual_columns(others, header.named)
    if len(columns) < 2 or len(set(columns)) != len(columns):
        raise Mistakes(
            f"columns: {','.join(columns) or 'nothing'}; allowed: two different text columns and perhaps a label or "
            f"negatives, such as --columns question,answer,label or anchor,positive,negative; {_shown(header.names)}"
        )
    first, second, *further = columns
    used = PairColumns(first=first, second=second, negatives=tuple(further), group=group, time=time)
    layout = _layout(location, header, used)
    cells = _first_cells(location, layout, columns)
    label, given = _label_or_negatives(location, second, further, cells)
    refuse_written(location, {name: cells[name] for name in (first, second, *given)})
    if negatives is not None and (negatives != AS_PAIRS or not given):
        reason = "" if given else f": {','.join(columns)} has no column of negatives"
        raise Mistakes(f"negatives: {negatives!r}{reason}; allowed: {AS_PAIRS}, with --columns a,b,negative")
    used = replace(cast(PairColumns, layout.shape), label=label, negatives=given, as_pairs=bool(negatives))
    return replace(layout, shape=used)


def _layout(location: str, header: Header, used: PairColumns) -> Layout:
    names = header.names
    if are_numbers(used.columns, names):
        return _without_header(location, header, used)
    options = {used.group: "group", used.time: "time"}
    missing = [column for column in used.columns if column not in names]
    raise_if([f"{options.get(column, 'columns')}: {_missing(location, column, header)}" for column in missing])
    refuse_repeated(location, used.columns, names)
    return Layout(columns=used.columns, shape=used)


def _label_or_negatives(
    location: str, second: str, further: Sequence[str], cells: Mapping[str, Sequence[Any]]
) -> tuple[str | None, tuple[str, ...]]:
    """Tell whether the columns after the two texts are a label or negatives.

    Raises:
        Mistakes: there are labels beside other columns.
    """
    labels = [name for name in further if _is_label(name, cells[name], cells[second])]
    if len(further) == 1 and labels:
        return further[0], ()
    allowed = "allowed: texts that do not belong to the first one; a label must be the only third column"
    raise_if([f"columns: {name} of {location} holds labels, such as {cells[name][:1]}; {allowed}" for name in labels])
    return None, tuple(further)


def _is_label(name: str, values: Sequence[Any], seconds: Sequence[Any]) -> bool:
    """Check whether a column is called a label or holds numbers, scores or words such as yes and no.

    Such words are few, short and often repeated. Words that are second texts, too, are categories, and a column of them
    may hold a wrong category for each row. The majority of values decides, so that a single value that is no number is
    reported as a wrong label.
    """
    if name.lower() in LABEL_COLUMNS or 2 * sum(score_in(value) is not None for value in values) > len(values):
        return True
    distinct = {str(value) for value in values}
    few = len(distinct) <= MOST_LABELS and len(values) >= 2 * len(distinct) and distinct.isdisjoint(map(str, seconds))
    return few and all(len(value.split()) <= MOST_LABEL_WORDS for value in distinct) and not NEGATIVE.match(name)


def _first_cells(location: str, layout: Layout, names: Sequence[str]) -> dict[str, list[Any]]:
    """Read the values that are not empty in the first rows of some columns."""
    numbers = () if layout.header else layout.columns
    table = Table(location=location, columns={name: name for name in names}, names=numbers)
    batch, _ = next(table.batches(), ({name: [] for name in names}, 1.0))
    return {name: [cell for cell in batch[name] if cell not in (None, "") and cell == cell] for name in names}


def are_numbers(columns: Sequence[str], names: Sequence[str]) -> bool:
    """Check whether columns are given by number, because the file does not name them so."""
    return all(column.isdecimal() for column in columns) and not set(columns) <= set(names)


def usual_columns(names: Sequence[str], named: bool) -> list[str]:
    """Return two texts and perhaps a label or negatives, if a file has nothing else and its names cannot be cells.

    sentence-transformers reads a dataset in the same way: a column called label, labels, score or scores is the label,
    the others are texts in their order (its Training Overview, "Dataset Format"). Negatives are recognised by their
    name, and pandas' row numbers are left out.

    Args:
        names: all columns of the file.
        named: whether these are names for certain, as in parquet and JSON lines. Else the first row may be no header,
            and names of several words count only beside a column that is recognised by its name.
    """
    labels = [name for name in names if name.lower() in LABEL_COLUMNS]
    negatives = [name for name in names if NEGATIVE.match(name)]
    texts = [name for name in names if name not in (*labels, *negatives) and not INDEX.fullmatch(name)]
    usual = len(texts) == 2 and len(labels) < 2 and not (labels and negatives) and not any(map(KEY.fullmatch, texts))
    words = NAME.fullmatch if labels or negatives else str.isidentifier
    return [*texts, *labels, *negatives] if usual and (named or all(map(words, texts))) else []


def _without_header(location: str, header: Header, used: PairColumns) -> Layout:
    names = header.names
    if header.named:
        raise Mistakes(f"columns: {','.join(used.columns)}: {location} names its columns; {_shown(names)}")
    numbers = tuple(str(number) for number in range(1, len(names) + 1))
    outside = [column for column in used.columns if column not in numbers]
    raise_if([f"columns: {column} is not in {location}; allowed: numbers from 1 to {len(names)}" for column in outside])
    return Layout(columns=numbers, shape=used, header=False)


def _missing(location: str, column: str, header: Header) -> str:
    names = header.names
    close = difflib.get_close_matches(column, names)
    meant = f" (did you mean {' or '.join(close)}?)" if close else ""
    advice = "" if header.named else "; for a file without a header give numbers: --columns 1,2,3"
    if extension_of(location) in JSON and not close:
        advice += (
            "; a row of JSON is an object in its line or in one array, as pandas' to_json(orient='records') writes it"
        )
    if extension_of(location) == ".csv":
        advice += semicolons(",".join(names))
    elif extension_of(location) in DELIMITERS and len(names) == 1:
        advice += "; its cells end at tabs: a file with commas or semicolons between cells is a .csv"
    return f"{column!r} is not in {location}{meant}; {_shown(names)}{advice}"


def _shown(names: Iterable[str]) -> str:
    return "it has " + ", ".join(name if len(name) <= 40 else name[:37] + "..." for name in names)
