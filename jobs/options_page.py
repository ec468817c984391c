"""Generate docs/reference/options.md, the page about every option of every job, for `make docs`."""

import importlib
from typing import Any

import typer

JOBS = ("prepare", "audit", "train", "tune", "evaluate", "score")
PAGE = """# Options

`make docs` writes this page from the code. Each job shows its own options with `--help`. A mistake ends with exit
code 2, and `--json` then prints `{"errors": [...]}`.
"""


def page() -> str:
    """Return the content of docs/reference/options.md."""
    return PAGE + "".join(map(_section, JOBS))


def _section(job: str) -> str:
    command: Any = typer.main.get_command(importlib.import_module(f"jobs.{job}").app)
    arguments = [param.metavar or param.name.upper() for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option" and param.name != "help"]
    lines = [
        f"\n## jobs.{job}\n",
        f"    python -m jobs.{job} {' '.join(arguments)} [OPTIONS]\n",
        "| Option | Default | What it does |",
        "|---|---|---|",
        *(
            f"| `{option.opts[0]}{_value(option)}` | {_shown(option.default)} | {_escaped(option.help)} |"
            for option in options
        ),
    ]
    return "\n".join(lines) + "\n"


def _value(option: Any) -> str:
    """Return the placeholder of an option's value, such as NAME=VALUE."""
    return (
        "" if option.is_flag else f" {_escaped(option.metavar or option.type_descriptor.annotation.__name__.upper())}"
    )


def _shown(default: Any) -> str:
    return "" if default in (None, False, ()) else f"`{default}`"


def _escaped(text: str | None) -> str:
    return (text or "").replace("|", "\\|")
