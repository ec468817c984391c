"""Share what every job needs: the app, common options, exit code 2 for mistakes, the line of --json."""

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
"""The error for an unknown option or a wrong type; typer does not export it by name."""


GIVEN = "jobs.common.given"
"""Key of the command line's words in `ctx.meta`."""


class _App(typer.Typer):
    def command(self, *args: Any, **kwargs: Any) -> Any:
        return super().command(*args, **{"cls": _Command, **kwargs})


class _Command(typer.core.TyperCommand):
    """Report a command line that cannot be parsed without its secrets, and with --json as JSON, too."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        args = modern(args, {option for parameter in self.params for option in parameter.opts})
        given = tuple(args)  # parsing takes them out of the list
        ctx.meta[GIVEN] = given
        try:
            return super().parse_args(ctx, args)
        except UsageError as error:
            for word in given:
                with suppress(Mistakes):  # a mistake in an address matters less than the word that cannot be parsed
                    taken_out(word)
            message = scrubbed(error.format_message())
            if "--json" in given:
                print_json({"errors": [message]})
            raise UsageError(message, ctx) from None


def new_app(about: str | None) -> typer.Typer:
    """Return a typer app with plain tracebacks.

    Args:
        about: its help text, which is the module's docstring.
    """
    return _App(
        help=about, add_completion=False, pretty_exceptions_enable=False, context_settings={"max_content_width": 110}
    )


def reporting_mistakes(command: Callable[Parameters, None]) -> Callable[Parameters, None]:
    """Turn a user's mistakes into text on standard error and exit code 2; other errors keep traceback and code 1.

    With --json, both also print {"errors": [...]} on standard output. Neither shows the keys or secrets of an address.
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
            trace = traceback.format_exc()
            if kwargs.get("json"):
                print_json({"errors": [scrubbed(f"internal error: {type(error).__name__}: {error}")]})
            if scrubbed(trace) == trace:
                raise
            print(scrubbed(trace), file=sys.stderr)
            raise typer.Exit(1) from None

    return run


def _without_secrets(given: Any) -> Any:
    """Return the options without keys and secrets, which common/credentials.py keeps for opening the stores.

    Raises:
        Mistakes: --run has some; Ray opens that address itself and writes it into its own files.
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
        return [_cleaned(item) for item in value]
    return taken_out(value) if isinstance(value, str) else value


def print_json(result: dict[str, Any]) -> None:
    """Print one line of JSON on standard output; NaN and infinity become null, as JSON has neither."""

    def plain(value: Any) -> Any:
        return finite(value.tolist()) if hasattr(value, "tolist") else str(value)  # numpy's own numbers

    print(json.dumps(finite(result), default=plain, allow_nan=False), flush=True)


def print_outcome(as_json: bool, result: dict[str, Any]) -> None:
    """Print the result of a run as one line of JSON, if requested.

    Args:
        as_json: whether to print it.
        result: content of result.json; a run that trained nothing has no model, and an error.

    Raises:
        typer.Exit: code 1, if the run trained nothing.
    """
    if as_json:
        print_json(result)
    if result["model"] is None:
        raise typer.Exit(1)


TaskName = Annotated[
    str, typer.Argument(metavar="TASK", help="Name of a task, or path of a Python file that declares one.")
]
Data = Annotated[str | None, typer.Option(help=HELP["data"])]


def _no_empty_name(name: str | None) -> str | None:
    """Refuse an empty name, such as that of an unset shell variable: the task's own model would be used instead."""
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
    """Print values as one line of JSON, or lines of text."""
    print_json(values) if as_json else print_lines(lines)


def print_lines(lines: list[str]) -> None:
    """Print plain text on standard output."""
    print("\n".join(lines), flush=True)
