"""Make a task from a file of ready pairs: its loss and its kind of evaluation follow from the labels."""

import difflib
import re
from collections.abc import Iterable, Sequence, Set
from typing import Any, NamedTuple

from pairs.clean import number_in
from pairs.formats.parquet import is_parts
from pairs.read import first_names, header_of, refuse_repeated, rows_of
from tasks.common import storage
from tasks.common.baseline import BASE_MODEL_LENGTH, CARDS_FIT
from tasks.common.declaration import Given, Layout, Number, Task
from tasks.common.loading import load, names
from tasks.common.mistakes import Mistakes, raise_if
from tasks.common.plain import PairColumns


class Inferred(NamedTuple):
    """What the labels say about a task."""

    loss: str
    kind: str
    label: str
    own: dict[str, Number]
    """The baseline's numbers that depend on the loss."""


RANKING = Inferred(
    "ranking",
    "retrieval",
    "none: every pair belongs together, and a second text is looked for among all second texts",
    {
        "scale": Number(20.0, "default of the library's MultipleNegativesRankingLoss, as on the job_skills card"),
        "global_batch_size": Number(16, "as on the job_skills card"),
        "epochs": Number(3, "as on the job_skills card"),
    },
)
CONTRASTIVE = Inferred(
    "contrastive",
    "binary",
    "1.0: the two belong together; 0.0: they do not",
    {
        "margin": Number(0.5, "default of the library's ContrastiveLoss, as on the invoices card"),
        "global_batch_size": Number(8, "as on the invoices card"),
        "epochs": Number(4, "as on the invoices card"),
    },
)
COSINE = Inferred(
    "cosine",
    "graded",
    "the cosine that the two should have, from -1.0 to 1.0",
    {
        "global_batch_size": Number(16, "as on the cards of pages and nli"),
        "epochs": Number(4, "ours: between the 1 of the nli card and the 10 of the tickets card"),
    },
)


LABEL_COLUMNS = ("label", "labels", "score", "scores")


def is_data_file(name: str) -> bool:
    """Whether a name given as a task is rather a file of pairs: it has an extension other than .py, or holds parts."""
    if "." in storage.name_of(name):
        return not name.endswith(".py")
    return name not in names() and is_parts(name)


def task_of(name: str, source: str | None, columns: str | None) -> Task:
    """The task of that name, or of that file of pairs.

    Args:
        source: the task's raw file; a file of pairs has none beside itself.
        columns: of a file of pairs, as a,b or a,b,label.

    Raises:
        Mistakes: an option that belongs to the other kind, or see `load` and `task_from_file`.
    """
    if not is_data_file(name):
        declared = load(name)
        if columns is not None:
            raise Mistakes(f"columns: {columns}: {name} declares its columns; allowed: only with a file of pairs")
        return declared
    if source is not None:
        raise Mistakes(f"source: {source}: {name} is the source itself; allowed: no --source with a file of pairs")
    return task_from_file(name, columns.split(",") if columns else [])


def task_from_file(location: str, columns: Sequence[str]) -> Task:
    """The task of a file of pairs; its name is the file's.

    Args:
        columns: two text columns and perhaps a label, by name; by number, from 1, for a file without a header; none
            where the file has no others, see `usual_columns`.

    Raises:
        Mistakes: the file or the columns are not there, or a label is none that a loss takes.
    """
    layout = layout_of(location, columns)
    used = layout.shape
    assert isinstance(used, PairColumns)
    label = used.label
    inferred = RANKING if label is None else _inferred(label, rows_of(location, layout, [label]), location)
    return Task(
        name=name_from(location),
        about=f"pairs of {storage.name_of(location)}: {', '.join(used.columns)}",
        source=f"the file {storage.name_of(location)}",
        loss=inferred.loss,
        baseline={**CARDS_FIT, **inferred.own},
        max_length=BASE_MODEL_LENGTH,
        kind=inferred.kind,
        label=inferred.label,
        recipe=Given(),
        layouts=(layout,),
        group=f"the same {used.first}" if layout.header else "the same first text",
        shares=(0.6, 0.2, 0.2),  # ours, as for the tasks that come without a test file
    )


def name_from(location: str) -> str:
    """The file's own name without extension, as a task's name.

    Raises:
        Mistakes: nothing is left of it, or a task in tasks/ has that name.
    """
    stem = storage.name_of(location).rsplit(".", 1)[0]
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
    used = PairColumns(**dict(zip(("first", "second", "label"), columns, strict=False)))
    found = first_names(location)
    if are_numbers(columns, found):
        return _without_header(location, found, used)
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
    if header_of(location).named:
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


def loss_of(labels: Set[float | None]) -> Inferred:
    """What all labels of a file say together."""
    return CONTRASTIVE if labels <= {0.0, 1.0} else COSINE


def _inferred(column: str, rows: Iterable[Any], location: str) -> Inferred:
    """The loss for the labels of a column; the first value that no loss takes is named with its row, from 1."""
    distinct = set()
    for place, row in enumerate(rows, 1):
        number = number_in(row[column])
        if number is None or not -1 <= number <= 1:
            raise Mistakes(_not_allowed(column, place, row[column], location))
        distinct.add(number)
    inferred = loss_of(distinct)
    if inferred is CONTRASTIVE and len(distinct) < 2:
        raise Mistakes(
            f"{column}: every row of {location} has {', '.join(map(str, distinct)) or 'nothing'}; allowed: both 0 "
            "and 1, or no label in --columns if all pairs belong together"
        )
    return inferred


def _not_allowed(column: str, place: int, value: Any, location: str) -> str:
    number = number_in(value)
    scale = "" if number is None else "; scale other scores to that range first, such as 0-5 by dividing by 5"
    return (
        f"{column}: row {place} of {location} has {value!r}; allowed: 0 or 1, or numbers from -1 to 1 "
        f"(the cosine that the pair should have){scale}"
    )
