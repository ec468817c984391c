"""What every job shares at its door: the app, mistakes as exit code 2, the one line of --json."""

import functools
import json
import sys
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec

import typer

from tasks.common.mistakes import Mistakes

Parameters = ParamSpec("Parameters")


def new_app(about: str | None) -> typer.Typer:
    """A typer app with plain tracebacks; the module's docstring is its help."""
    return typer.Typer(
        help=about, add_completion=False, pretty_exceptions_enable=False, context_settings={"max_content_width": 110}
    )


def reporting_mistakes(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """A user's mistakes become text on standard error and exit code 2; anything else stays a traceback."""

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Mistakes as mistakes:
            for message in mistakes.messages:
                print(f"error: {message}", file=sys.stderr)
            raise typer.Exit(2) from None

    return run


def print_json(result: dict[str, Any]) -> None:
    """One machine-readable line on standard output; NaN becomes null, as JSON has none."""
    print(json.dumps(result, default=str, allow_nan=False), flush=True)


TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="A task's name, or the path of a file that declares one.")
]
Data = Annotated[str | None, typer.Option(help="Prepared pairs; data/TASK by default.")]
Run = Annotated[str | None, typer.Option(help="A new folder for what comes out; runs/TASK by default.")]
BaseModel = Annotated[str | None, typer.Option(help="Hub name or folder; the task's own by default.")]
Workers = Annotated[int, typer.Option(help="Workers that train one model together (DDP).")]
CpusPerWorker = Annotated[int, typer.Option(help="CPUs, and threads, of one worker.")]
Gpu = Annotated[bool, typer.Option("--gpu", help="One GPU for each worker.")]
Precision = Annotated[str, typer.Option(help="auto, bf16 or fp32; auto is bf16 where the hardware has it.")]
Optimizer = Annotated[str, typer.Option(help="auto, adamw_torch or adamw_torch_fused; auto is the fastest.")]
Distinct = Annotated[
    bool, typer.Option("--distinct", help="Train rows that the model reads alike as one row, weighted by their number.")
]
Seed = Annotated[int, typer.Option(help="Of everything random: order of rows, dropout, sampler.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting, its choices (8,16,32) or its range (0.2:0.8)."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one machine-readable line at the end, nothing else.")]
Accept = Annotated[
    list[str] | None, typer.Option(metavar="CODE", help="Let an error of the audit pass; may be given again.")
]
Seeds = Annotated[int, typer.Option(help="Train baseline and winner with so many more seeds, for the spread.")]
Export = Annotated[str, typer.Option(help="auto (by the verdict on dev), winner, baseline or base.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and do nothing.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show what Ray says, too.")]


def print_lines(lines: list[str]) -> None:
    """Plain text on standard output."""
    print("\n".join(lines), flush=True)
