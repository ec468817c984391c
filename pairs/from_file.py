"""Make a task from a file of ready pairs: its loss and its kind of evaluation follow from the labels."""

import re
from collections.abc import Sequence, Set
from typing import Any, NamedTuple

from pairs.clean import number_in
from pairs.columns import layout_of
from pairs.read import read
from tasks.common.baseline import BASE_MODEL_LENGTH, CARDS_FIT
from tasks.common.declaration import Given, Number, Task
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


def is_data_file(name: str) -> bool:
    """Whether a name given as a task is rather a file of pairs: it has an extension other than .py."""
    return "." in name.rsplit("/", 1)[-1] and not name.endswith(".py")


def task_of(name: str, source: str | None, columns: str | None, **further: str | None) -> Task:
    """The task of that name, or of that file of pairs.

    Args:
        source: the task's raw file; a file of pairs has none beside itself.
        columns: of a file of pairs, as a,b or a,b,label or a,b,negative.
        further: negatives, group, time of a file of pairs, see `layout_of`.

    Raises:
        Mistakes: an option that belongs to the other kind, or see `load` and `task_from_file`.
    """
    if not is_data_file(name):
        declared = load(name)
        own = {"columns": columns, **further}
        raise_if(
            [
                f"{option}: {value}: {name} declares its columns; allowed: only with a file of pairs"
                for option, value in own.items()
                if value is not None
            ]
        )
        return declared
    if source is not None:
        raise Mistakes(f"source: {source}: {name} is the source itself; allowed: no --source with a file of pairs")
    return task_from_file(name, columns.split(",") if columns else [], **further)


def task_from_file(location: str, columns: Sequence[str], **further: str | None) -> Task:
    """The task of a file of pairs; its name is the file's.

    Args:
        columns: two text columns and perhaps a label or negatives, by name; by number, from 1, for a file without a
            header; none where the file has no others, see `usual_columns`.
        further: negatives, group, time, see `layout_of`.

    Raises:
        Mistakes: the file or the columns are not there, or a label is none that a loss takes.
    """
    layout = layout_of(location, columns, **further)
    used = layout.shape
    assert isinstance(used, PairColumns)
    inferred = CONTRASTIVE if used.as_pairs else RANKING
    if used.label is not None:
        inferred = _inferred(used.label, read(location, [layout]).rows, location)
    return Task(
        name=name_from(location),
        about=f"pairs of {location.rsplit('/', 1)[-1]}: {', '.join(used.columns)}",
        source=f"the file {location.rsplit('/', 1)[-1]}",
        loss=inferred.loss,
        baseline={**CARDS_FIT, **inferred.own},
        max_length=BASE_MODEL_LENGTH,
        kind=inferred.kind,
        label=inferred.label,
        recipe=Given(),
        layouts=(layout,),
        group=_group(used, layout.header),
        shares=(0.6, 0.2, 0.2),  # ours, as for the tasks that come without a test file
    )


def _group(used: PairColumns, header: bool) -> str:
    """What a split may not tear apart, in words."""
    if header:
        return f"the same {used.group or used.first}"
    return f"the same value in column {used.group}" if used.group else "the same first text"


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


def loss_of(labels: Set[float | None]) -> Inferred:
    """What all labels of a file say together."""
    return CONTRASTIVE if labels <= {0.0, 1.0} else COSINE


def _inferred(column: str, rows: Sequence[Any], location: str) -> Inferred:
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
