"""What every job shares at its door: the app, mistakes as exit code 2, the one line of --json."""

import functools
import json
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any, ParamSpec

import typer
import typer.core

from common.credentials import scrubbed, taken_out
from common.jsonable import finite
from common.mistakes import Mistakes
from common.old_names import modern
from workflows.options import HELP

Parameters = ParamSpec("Parameters")


UsageError: Any = typer.BadParameter.__base__
"""An option that does not exist or is not of its type; typer exports it under no name of its own."""


GIVEN = "jobs.common.given"
"""Key of the words of a command line in the meta of its context."""


class _App(typer.Typer):
    def command(self, *args: Any, **kwargs: Any) -> Any:
        return super().command(*args, **{"cls": _Command, **kwargs})


class _Command(typer.core.TyperCommand):
    """A command line that cannot be parsed is told without its secrets, and as JSON, too, where that was asked for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        args = modern(args, {option for parameter in self.params for option in parameter.opts})
        given = tuple(args)  # parsing takes them out of the list
        ctx.meta[GIVEN] = given
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            for word in given:
                with suppress(Mistakes):  # of the address; which word the command cannot read is told first
                    taken_out(word)
            message = scrubbed(error.format_message())
            if "--json" in given:
                print_json({"errors": [message]})
            raise UsageError(message, ctx) from None


def new_app(about: str | None) -> typer.Typer:
    """A typer app with plain tracebacks; the module's docstring is its help."""
    return _App(
        help=about, add_completion=False, pretty_exceptions_enable=False, context_settings={"max_content_width": 110}
    )


def reporting_mistakes(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """A user's mistakes become text on standard error and exit code 2; anything else stays a traceback, exit code 1.

    With --json, {"errors": [...]} is on standard output in both cases. Neither shows a key or a secret that an address
    holds.
    """

    @functools.wraps(command)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        try:
            command(*args, **_without_secrets(kwargs))
        except Mistakes as mistakes:
            messages = [scrubbed(message) for message in mistakes.messages]
            for message in messages:
                print(f"error: {message}", file=sys.stderr)
            if kwargs.get("json"):
                print_json({"errors": messages})
            raise typer.Exit(2) from None
        except typer.Exit:
            raise
        except Exception as error:
            told = traceback.format_exc()
            if kwargs.get("json"):
                print_json({"errors": [scrubbed(f"internal error: {type(error).__name__}: {error}")]})
            if scrubbed(told) == told:
                raise
            print(scrubbed(told), file=sys.stderr)
            raise typer.Exit(1) from None

    return run


def _without_secrets(given: Any) -> Any:
    """The options of a command; what opens their stores is kept aside (common/credentials.py).

    Raises:
        Mistakes: they are in --run, which Ray opens by itself and names in files of its own.
    """
    clean = {name: _cleaned(value) for name, value in given.items()}
    if clean.get("run") != given.get("run"):
        raise Mistakes(
            f"run: {clean['run']} was given with a key or secret, which Ray would write into its files there; "
            "allowed: without, with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set on every machine, or a role"
        )
    return clean


def _cleaned(value: Any) -> Any:
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    return taken_out(value) if isinstance(value, str) else value


def print_json(result: dict[str, Any]) -> None:
    """One machine-readable line on standard output; NaN and infinity become null, as JSON has neither."""

    def plain(value: Any) -> Any:
        return finite(value.tolist()) if hasattr(value, "tolist") else str(value)  # numpy's own numbers

    print(json.dumps(finite(result), default=plain, allow_nan=False), flush=True)


def print_outcome(as_json: bool, result: dict[str, Any]) -> None:
    """What a run has reached, as one line for a machine; exit code 1 where it has trained nothing, and said why."""
    if as_json:
        print_json(result)
    if result["model"] is None:
        raise typer.Exit(1)


TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="Name of a task, or path of a Python file that declares one.")
]
Data = Annotated[str | None, typer.Option(help=HELP["data"])]


def _no_empty_name(name: str | None) -> str | None:
    """Refuse an empty one, as of a variable that is not set in the shell: the task's own model would be read."""
    if name == "":
        raise typer.BadParameter("'' is no name; a hub name or a folder is needed")
    return name


BaseModel = Annotated[str | None, typer.Option(callback=_no_empty_name, help=HELP["base_model"])]
Prompt1 = Annotated[str | None, typer.Option(help=HELP["prompt1"])]
Prompt2 = Annotated[str | None, typer.Option(help=HELP["prompt2"])]
TrustRemoteCode = Annotated[bool, typer.Option("--trust-remote-code", help=HELP["trust_remote_code"])]
CpusPerWorker = Annotated[int, typer.Option(help=HELP["cpus_per_worker"])]
Gpu = Annotated[bool, typer.Option("--gpu", help=HELP["gpu"])]
Json = Annotated[bool, typer.Option("--json", help='Print one line of JSON at the end; for errors {"errors": [...]}.')]
Accept = Annotated[list[str] | None, typer.Option(metavar="CODE", help=HELP["accept"])]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and stop.")]
Verbose = Annotated[bool, typer.Option("--verbose", help=HELP["verbose"])]


def print_result(as_json: bool, values: dict[str, Any], lines: list[str]) -> None:
    """One line for a machine, or text for a person."""
    print_json(values) if as_json else print_lines(lines)


def print_lines(lines: list[str]) -> None:
    """Plain text on standard output."""
    print("\n".join(lines), flush=True)
