"""Make a task from a file of ready pairs: its loss and its kind of evaluation follow from the labels."""

import re
from collections.abc import Sequence
from dataclasses import fields, replace

from common import storage
from common.mistakes import Mistakes, raise_if
from files.batches import Table
from files.columns import layout_of
from files.formats.parquet import is_parts
from files.labelled import LabelledTable
from files.lists import UnfoldedTable
from pairs.labels.inferred import FileOptions, infer
from pairs.negatives import NEGATIVES
from tasks.common.baseline import CARDS_FIT
from tasks.common.declaration import AgainstCategory, Given, Layout, Number, Task
from tasks.common.label_rule import LabelRule
from tasks.common.loading import load, names
from tasks.common.plain import CategoryColumns, PairColumns

INFERRED = FileOptions()
"""No options: loss and kind are inferred."""


def is_data_file(name: str) -> bool:
    """Check whether a name given as a task is a file of pairs: it has another extension than .py, or holds parts."""
    if "." in storage.name_of(name):
        return not name.endswith(".py")
    return name not in names() and is_parts(name)


def task_of(
    name: str, source: str | None, columns: str | None, options: FileOptions = INFERRED, **further: str | None
) -> Task:
    """Return the task of that name, or of that file of pairs.

    Args:
        name: of a task, or the path of a file of pairs.
        source: the task's raw file; a file of pairs has none beside itself.
        columns: of a file of pairs, as a,b or a,b,label or a,b,negative.
        options: of a file of pairs.
        further: negatives, group, time of a file of pairs, see `layout_of`.

    Raises:
        Mistakes: an option belongs to files of pairs alone, or to tasks alone; or see `load` and `task_from_file`.
    """
    if not is_data_file(name):
        declared = load(name)
        own = {"columns": columns, **further}
        wrong = [
            f"{option}: {value}: {name} declares its columns; allowed: only with a file of pairs"
            for option, value in own.items()
            if value is not None
        ]
        if options.names:
            given = ", ".join(options.names)
            wrong.append(f"{given}: {name} declares its loss and its labels; allowed: only with a file of pairs")
        raise_if(wrong)
        return declared
    if source is not None:
        raise Mistakes(f"source: {source}: {name} is the source itself; allowed: no --source with a file of pairs")
    return task_from_file(name, columns.split(",") if columns else [], options, **further)


def task_from_file(
    location: str,
    columns: Sequence[str],
    options: FileOptions = INFERRED,
    *,
    name: str | None = None,
    **further: str | None,
) -> Task:
    """Make the task of a file of pairs.

    Args:
        location: of the file.
        columns: two text columns and perhaps a label or negatives, by name; by number, from 1, for a file without a
            header; none where the file has no others, see `usual_columns`.
        options: loss, kind and rule for labels; a loss or kind that is not given is inferred from the labels.
        name: of the task; by default the file's.
        further: negatives, group, time, see `layout_of`.

    Raises:
        Mistakes: the file or the columns do not exist, or see `infer`.
    """
    name, layout = name or name_from(location), layout_of(location, columns, **further)
    used = layout.shape
    assert isinstance(used, PairColumns)
    inferred = infer(table_of(location, layout), used, options)
    by_category = inferred.kind.categories is not None and used.label is None
    given = {field.name: getattr(used, field.name) for field in fields(used)}
    shape = CategoryColumns(**given) if by_category else replace(used, rule=options.rule)
    layout = replace(layout, shape=shape)
    return Task(
        name=name,
        about=f"pairs of {storage.name_of(location)}: {', '.join(used.columns)}",
        source=f"the file {storage.name_of(location)}",
        loss=inferred.loss.name,
        baseline={**CARDS_FIT, **inferred.own},
        kind=inferred.kind.name,
        label=inferred.label,
        recipe=AgainstCategory(negatives_per_text=Number(1, "as on the tickets card")) if by_category else Given(),
        layouts=(layout,),
        group=_group(used, layout.header),
        shares=(0.6, 0.2, 0.2),  # ours, as for the tasks that come without a test file
        inferred_from=inferred.inferred_from,
    )


def _group(used: PairColumns, header: bool) -> str:
    """Name, in words, the rows that always stay in one split."""
    if header:
        return f"the same {used.group or used.first}"
    return f"the same value in column {used.group}" if used.group else "the same first text"


def table_of(location: str, layout: Layout, rule: LabelRule | None = None) -> Table:
    """Return the table of a file's columns, under the names that they have in pairs.

    Args:
        location: of the file.
        layout: its columns.
        rule: turns its labels into labels of pairs; None: they are read as they are.
    """
    used = layout.shape
    assert isinstance(used, PairColumns)
    named = {"sentence1": used.first, "sentence2": used.second}
    named |= {"label": used.label} if used.label is not None else {}
    named |= {"group": used.group} if used.group is not None else {}
    named |= {f"{NEGATIVES} {name}": name for name in used.negatives}
    names = () if layout.header else layout.columns
    if rule and "label" in named:
        return LabelledTable(location=location, columns=named, names=names, rule=rule)
    return UnfoldedTable(location=location, columns=named, names=names)


def name_from(location: str) -> str:
    """Return the file's name without extension, as a task's name.

    Raises:
        Mistakes: no letter or digit remains, or a task in tasks/ has that name.
    """
    stem = storage.name_of(location).rsplit(".", 1)[0]
    name = re.sub(r"\W+", "_", stem).strip("_").lower()
    if not name or name in names():
        reason = "is the name of a task in tasks/" if name else "is no name"
        raise Mistakes(f"file: the task made of {location} would be called {name!r}, which {reason}; rename the file")
    return name
