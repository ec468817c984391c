"""Options that say what columns and labels of a file of pairs mean, for jobs.prepare and jobs.audit."""

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
    from pairs.inferred import FileOptions


def one_of(names: Iterable[str]) -> str:
    """Names as a choice: 'a, b or c'."""
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
    str | None, typer.Option(help="Pairs only: keep 'texts' or only 'first-text' from standing in two splits.")
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
"""Option that is advised -> options of the user's that it takes the place of."""


def asked(
    given: Sequence[str],
    job: str,
    loss: str | None,
    kind: str | None,
    scale: str | None,
    labels: str | None,
    drop_label: Sequence[str] | None,
) -> "FileOptions":
    """What the options say.

    Args:
        given: the words of the command line, for messages.
        job: the module that is run.

    Raises:
        Mistakes: all words that say nothing.
    """
    from pairs.inferred import FileOptions  # here: --help needs no pyarrow

    checks = Checks()
    rule = checks.run(label_rule, scale, labels, drop_label or [])
    found = checks.run(FileOptions, loss=loss, kind=kind, command=partial(command_line, job, given))
    checks.finish()
    assert rule is not None
    assert found is not None
    return FileOptions(loss=loss, kind=kind, rule=rule, command=found.command)


def command_line(job: str, given: Sequence[str], options: Sequence[str]) -> str:
    """The user's command with these options, in the place of those that they contradict."""
    gone = {name for option in options for name in INSTEAD.get(option, ())}
    kept, skipped = [], False
    for word in given:
        skipped, now = word in gone, skipped
        if not (now or skipped or word.partition("=")[0] in gone):
            kept.append(word)
    return shlex.join(["python", "-m", job, *kept, *options])
