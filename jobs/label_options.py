"""Declare the options about columns and labels of a file of pairs, for jobs.prepare and jobs.audit."""

import shlex
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from common.mistakes import Checks
from tasks.common.kinds import KINDS
from tasks.common.label_rule import label_rule
from tasks.common.losses import LOSSES

if TYPE_CHECKING:
    from pairs.labels.inferred import FileOptions


def one_of(names: Iterable[str]) -> str:
    """Return names as a choice: 'a, b or c'."""
    *others, last = names
    return f"{', '.join(others)} or {last}"


Columns = Annotated[
    str | None, typer.Option(help="FILE only: its columns, as a,b or a,b,label or a,b,negative[,negative...].")
]
Negatives = Annotated[
    str | None, typer.Option(help="FILE only: 'as-pairs' turns columns of negatives into labelled pairs.")
]
Group = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="FILE only: keep rows with the same value, such as a customer, in one split."),
]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="FILE only: split by this date column: the latest rows to test, those before to dev."
    ),
]
Split = Annotated[
    str | None,
    typer.Option(help="Pairs only: let no text ('texts') or no first text ('first-text') appear in two splits."),
]
Loss = Annotated[str | None, typer.Option(help=f"FILE only: {one_of(LOSSES)}. Default: by its labels.")]
Kind = Annotated[str | None, typer.Option(help=f"FILE only: evaluate as {one_of(KINDS)}. Default: by its labels.")]
Scale = Annotated[
    str | None, typer.Option(metavar="LOW:HIGH", help="FILE only: map scores from this range to 0..1; -1:1 stays.")
]
Labels = Annotated[
    str | None, typer.Option(metavar="LABEL=NUMBER,...", help="FILE only: what the labels mean, such as yes=1,no=0.")
]
DropLabel = Annotated[
    list[str] | None, typer.Option(metavar="LABEL", help="FILE only: leave out rows with this label. Repeatable.")
]
INSTEAD = {
    "--scale": ("--scale", "--labels"),
    "--labels": ("--scale", "--labels"),
    "--columns": ("--columns", "--scale", "--labels", "--drop-label"),
    "--drop-label": (),
}
"""Recommended option -> options of the user that it replaces."""


def file_options(
    given: Sequence[str],
    job: str,
    loss: str | None,
    kind: str | None,
    scale: str | None,
    labels: str | None,
    drop_label: Sequence[str] | None,
) -> "FileOptions":
    """Return the checked options.

    Args:
        given: the words of the command line, for the commands in messages.
        job: the module that runs, such as jobs.prepare.
        loss: --loss.
        kind: --kind.
        scale: --scale.
        labels: --labels.
        drop_label: --drop-label.

    Raises:
        Mistakes: every option with a value that is not allowed.
    """
    from pairs.labels.inferred import FileOptions  # here: --help needs no pyarrow

    checks = Checks()
    rule = checks.run(label_rule, scale, labels, drop_label or [])
    options = checks.run(FileOptions, loss=loss, kind=kind, command=partial(command_line, job, given))
    checks.finish()
    assert rule is not None
    assert options is not None
    return FileOptions(loss=loss, kind=kind, rule=rule, command=options.command)


def command_line(job: str, given: Sequence[str], options: Sequence[str]) -> str:
    """Return the user's command with these options in place of those that they contradict."""
    replaced = {name for option in options for name in INSTEAD.get(option, ())}
    words, is_replaced = [], False
    for word in given:
        is_replaced, is_its_value = word in replaced, is_replaced
        if not (is_its_value or is_replaced or word.partition("=")[0] in replaced):
            words.append(word)
    return shlex.join(["python", "-m", job, *words, *options])
