"""Declare the options of jobs.prepare about the pairs that it makes, and the negatives that it mines."""

from typing import Annotated

import typer

from tasks.common.declaration import SEEDS

Rows = Annotated[int | None, typer.Option(help="Use only this many rows, in whole groups.")]
AsPublished = Annotated[bool, typer.Option("--as-published", help="Pair as the published model did.")]
Seed = Annotated[int, typer.Option(min=0, max=SEEDS - 1, help="Random seed for generating, splitting and pairing.")]
PerPositive = Annotated[
    int | None,
    typer.Option(help="Negatives that a task's recipe draws for each positive, or each text, of train."),
]
Mine = Annotated[
    int | None,
    typer.Option(metavar="N", help="Add the N hardest negatives of each positive of train, as a model sees them."),
]
MineWith = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="Mine with this model, such as RUN/best. Default: the task's base model."),
]
MineBelow = Annotated[
    float | None,
    typer.Option(help="Leave out texts nearer than this share of the positive's cosine. Default: 0.95."),
]
