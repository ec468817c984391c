"""Which columns of a file of ready pairs hold what: by name, by number, or the usual ones."""

import difflib
from collections.abc import Iterable, Sequence

from pairs.read import DELIMITERS, extension_of, first_names, refuse_repeated
from tasks.common.declaration import Layout
from tasks.common.mistakes import Mistakes, raise_if
from tasks.common.plain import PairColumns

LABEL_COLUMNS = ("label", "labels", "score", "scores")


def layout_of(location: str, columns: Sequence[str]) -> Layout:
    """How the columns named, or else the usual ones, are read from the file.

    Raises:
        Mistakes: not two texts and perhaps a label, or columns that the file has not.
    """
    columns = columns or usual_columns(first_names(location))
    if len(columns) not in (2, 3) or len(set(columns)) != len(columns):
        raise Mistakes(
            f"columns: {','.join(columns) or 'nothing'}; allowed: two different text columns and perhaps a label, "
            f"such as --columns question,answer,label; {_shown(first_names(location))}"
        )
    used = PairColumns(**dict(zip(("first", "second", "label"), columns, strict=False)))
    found = first_names(location)
    if are_numbers(columns, found):
        return _without_header(location, found, used)
    if extension_of(location) == ".txt":
        raise Mistakes(f"columns: {','.join(columns)}: a .txt file has no header; allowed: 1 to {len(found)}")
    raise_if([_missing(location, column, found) for column in columns if column not in found])
    refuse_repeated(location, columns, found)
    return Layout(columns=used.columns, shape=used)


def are_numbers(columns: Sequence[str], found: Sequence[str]) -> bool:
    """Whether columns are meant by their numbers, as the file has no names."""
    return all(column.isdecimal() for column in columns) and not set(columns) <= set(found)


def usual_columns(found: Sequence[str]) -> list[str]:
    """Two texts and perhaps a label, where a file has nothing else and its names can be no cells; else nothing.

    As sentence-transformers reads a dataset: a column called label, labels, score or scores is the label, the others
    are texts in their order (its Training Overview, "Dataset Format").
    """
    labels = [name for name in found if name in LABEL_COLUMNS]
    texts = [name for name in found if name not in labels]
    usual = len(texts) == 2 and len(labels) < 2 and all(map(str.isidentifier, texts))
    return [*texts, *labels] if usual else []


def _without_header(location: str, found: list[str], used: PairColumns) -> Layout:
    if extension_of(location) not in DELIMITERS:
        raise Mistakes(f"columns: {','.join(used.columns)}: {location} names its columns; {_shown(found)}")
    numbers = tuple(str(number) for number in range(1, len(found) + 1))
    outside = [column for column in used.columns if column not in numbers]
    raise_if([f"columns: {column} is not in {location}; allowed: numbers from 1 to {len(found)}" for column in outside])
    return Layout(columns=numbers, shape=used, header=False)


def _missing(location: str, column: str, found: list[str]) -> str:
    close = difflib.get_close_matches(column, found)
    meant = f" (did you mean {' or '.join(close)}?)" if close else ""
    return (
        f"columns: {column!r} is not in {location}{meant}; {_shown(found)}; "
        "for a file without a header give numbers: --columns 1,2,3"
    )


def _shown(found: Iterable[str]) -> str:
    return "it has " + ", ".join(name if len(name) <= 40 else name[:37] + "..." for name in found)
