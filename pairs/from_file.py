"""Make a task from a file of ready pairs: its loss and its kind of evaluation follow from the labels."""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pairs.batches import Table
from pairs.inferred import Asked, infer
from pairs.labelled import LabelledTable
from pairs.read import DELIMITERS, extension_of, first_names, refuse_repeated
from tasks.common.baseline import BASE_MODEL_LENGTH, CARDS_FIT
from tasks.common.declaration import AgainstCategory, Given, Layout, Number, Task
from tasks.common.label_rule import LabelRule
from tasks.common.loading import load, names
from tasks.common.mistakes import Mistakes, raise_if
from tasks.common.plain import CategoryColumns, PairColumns

INFERRED = Asked()
"""Nothing said: all is inferred."""
LABEL_COLUMNS = ("label", "labels", "score", "scores")


def is_data_file(name: str) -> bool:
    """Whether a name given as a task is rather a file of pairs: it has an extension other than .py."""
    return "." in name.rsplit("/", 1)[-1] and not name.endswith(".py")


def task_of(name: str, source: str | None, columns: str | None, asked: Asked = INFERRED) -> Task:
    """The task of that name, or of that file of pairs.

    Args:
        source: the task's raw file; a file of pairs has none beside itself.
        columns: of a file of pairs, as a,b or a,b,label.
        asked: of a file of pairs, too.

    Raises:
        Mistakes: an option that belongs to the other kind, or see `load` and `task_from_file`.
    """
    if not is_data_file(name):
        declared = load(name)
        if columns is not None:
            raise Mistakes(f"columns: {columns}: {name} declares its columns; allowed: only with a file of pairs")
        if asked.options:
            given = ", ".join(asked.options)
            raise Mistakes(f"{given}: {name} declares its loss and its labels; allowed: only with a file of pairs")
        return declared
    if source is not None:
        raise Mistakes(f"source: {source}: {name} is the source itself; allowed: no --source with a file of pairs")
    return task_from_file(name, columns.split(",") if columns else [], asked)


def task_from_file(location: str, columns: Sequence[str], asked: Asked = INFERRED) -> Task:
    """The task of a file of pairs; its name is the file's.

    Args:
        columns: two text columns and perhaps a label, by name; by number, from 1, for a file without a header; none
            where the file has no others, see `usual_columns`.
        asked: loss, kind and how labels are read; inferred from the labels where it does not say.

    Raises:
        Mistakes: the file or the columns are not there, or see `infer`.
    """
    name, layout = name_from(location), layout_of(location, columns)
    used = layout.shape
    assert isinstance(used, PairColumns)
    inferred = infer(table_of(location, layout), asked)
    by_category = inferred.kind == "category" and used.label is None
    shape = CategoryColumns(first=used.first, second=used.second) if by_category else replace(used, rule=asked.rule)
    layout = replace(layout, shape=shape)
    return Task(
        name=name,
        about=f"pairs of {location.rsplit('/', 1)[-1]}: {', '.join(used.columns)}",
        source=f"the file {location.rsplit('/', 1)[-1]}",
        loss=inferred.loss,
        baseline={**CARDS_FIT, **inferred.own},
        max_length=BASE_MODEL_LENGTH,
        kind=inferred.kind,
        label=inferred.label,
        recipe=AgainstCategory(negatives_per_text=Number(1, "as on the tickets card")) if by_category else Given(),
        layouts=(layout,),
        group=f"the same {used.first}" if layout.header else "the same first text",
        shares=(0.6, 0.2, 0.2),  # ours, as for the tasks that come without a test file
        inferred_from=inferred.inferred_from,
    )


def table_of(location: str, layout: Layout, rule: LabelRule | None = None, only: float | None = None) -> Table:
    """The columns of a layout of this file, under the names that they have in pairs.

    Args:
        rule: for its labels, where it is to be read by one.
        only: see LabelledTable.
    """
    assert isinstance(layout.shape, PairColumns)
    named = dict(zip(("sentence1", "sentence2", "label"), layout.shape.columns, strict=False))
    names = () if layout.header else layout.columns
    if rule and "label" in named:
        return LabelledTable(location=location, columns=named, names=names, rule=rule, only=only)
    return Table(location=location, columns=named, names=names)


def name_from(location: str) -> str:
    """The file's own name without extension, as a task's name.

    Raises:
        Mistakes: nothing is left of it, or a task in tasks/ has that name.
    """
    stem = location.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    name = re.sub(r"\W+", "_", stem).strip("_").lower()
    if not name or name in names():
        reason = "is the name of a task in tasks/" if name else "is no name"
        raise Mistakes(f"file: the task made of {location} would be called {name!r}, which {reason}; rename the file")
    return name


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
    used = PairColumns(first=columns[0], second=columns[1], label=columns[2] if len(columns) > 2 else None)
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
