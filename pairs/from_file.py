"""Make a task from a file of ready pairs: its loss and its kind of evaluation follow from the labels."""

import re
from collections.abc import Sequence

from pairs.columns import layout_of
from pairs.formats.parquet import is_parts
from pairs.inferred import CONTRASTIVE, RANKING, inferred_of
from pairs.read import rows_of
from tasks.common import storage
from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import Given, Task
from tasks.common.loading import load, names
from tasks.common.mistakes import Mistakes, raise_if
from tasks.common.plain import PairColumns


def is_data_file(name: str) -> bool:
    """Whether a name given as a task is rather a file of pairs: it has an extension other than .py, or holds parts."""
    if "." in storage.name_of(name):
        return not name.endswith(".py")
    return name not in names() and is_parts(name)


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
        inferred = inferred_of(used.label, rows_of(location, layout, [used.label]), location)
    return Task(
        name=name_from(location),
        about=f"pairs of {storage.name_of(location)}: {', '.join(used.columns)}",
        source=f"the file {storage.name_of(location)}",
        loss=inferred.loss,
        baseline={**CARDS_FIT, **inferred.own},
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
    stem = storage.name_of(location).rsplit(".", 1)[0]
    name = re.sub(r"\W+", "_", stem).strip("_").lower()
    if not name or name in names():
        reason = "is the name of a task in tasks/" if name else "is no name"
        raise Mistakes(f"file: the task made of {location} would be called {name!r}, which {reason}; rename the file")
    return name
