"""Measure alternatives in turns, and report the figures as a table and as JSON."""

import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from common.environment import environment

RESULTS = Path("build/bench")
"""The folder, under the current one, in which every benchmark writes its JSON."""


def in_turns(
    ways: Mapping[str, Callable[[], float]], rounds: int, on_progress: Callable[[str], None] | None = None
) -> dict[str, list[float]]:
    """Call every way once a round and return its values; every other round goes backwards, so drift favours none."""
    values: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            if on_progress:
                on_progress(f"round {number + 1}/{rounds}: {name}")
            values[name].append(ways[name]())
    return values


def progress(line: str) -> None:
    """Print a line on standard error, since a benchmark is otherwise silent for minutes."""
    print(line, file=sys.stderr, flush=True)


def process(variables: Mapping[str, str]) -> ProcessPoolExecutor:
    """Start one process with these environment variables, which some libraries read only when they start."""
    with patch.dict(os.environ, variables):
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        pool.submit(os.getpid).result()  # the first call starts the process
    return pool


def spread(values: Sequence[float]) -> str:
    """Write the median and, of several values, the least and the greatest."""
    middle = f"{statistics.median(values):.3g}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3g}-{max(values):.3g})"


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Divide round by round, since both were measured side by side."""
    return [above / below for above, below in zip(over, under, strict=True)]


def report(name: str, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows as a table and write them to build/bench/NAME.json with machine and versions; lists are rounds."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in rows[0]:
        table.add_column(column, justify="left" if isinstance(rows[0][column], str) else "right")
    for row in rows:
        table.add_row(*(shown(value) for value in row.values()))
    Console(width=None if Console().is_terminal else 160).print(table)
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / f"{name}.json"
    file.write_text(
        json.dumps({"title": title, "rows": [dict(row) for row in rows], "environment": environment()}, indent=2)
    )
    print(f"written to {file}")


def shown(value: Any) -> str:
    """Write a cell."""
    if isinstance(value, str):
        return value
    if value is None:
        return "-"
    return spread(value if isinstance(value, Sequence) else [value])
