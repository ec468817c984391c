"""Make the commands jobs.train and jobs.tune from the options that workflows/options.py declares."""

import inspect
from collections.abc import Callable
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from jobs import common
from workflows.options import TrainOptions, declared, flag

Run = Callable[..., None]
"""A command's function: takes task, dry_run, json, and the options by their names."""


def command(app: typer.Typer, options: type[TrainOptions]) -> Callable[[Run], Run]:
    """Return a decorator that makes a function the app's command.

    The command takes a task, the declared options, --dry-run and --json.
    """

    def decorate(run: Run) -> Run:
        checked = common.reporting_mistakes(run)
        parameters = [
            _parameter("task", common.TaskName),
            *(_parameter(name, _annotation(name, field), _default(field)) for name, field in declared(options).items()),
            _parameter("dry_run", common.DryRun, False),
            _parameter("json", common.Json, False),
        ]
        checked.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        checked.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        app.command()(checked)
        return run

    return decorate


def _parameter(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() or field.default == () else field.default


def _annotation(name: str, field: FieldInfo) -> Any:
    """Return the annotation that typer reads. A choice becomes text, so that our own message names what is allowed."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    option = typer.Option(flag(name), help=field.description, metavar=extra.get("metavar"))  # type: ignore[arg-type]
    return Annotated[_type(field), option]


def _type(field: FieldInfo) -> Any:
    kind: Any = field.annotation
    if get_origin(kind) is Literal:
        return str
    if get_origin(kind) is tuple:
        return list[get_args(kind)[0]] | None  # type: ignore[misc]
    return kind if isinstance(kind, UnionType) or not field.is_required() else kind | None
