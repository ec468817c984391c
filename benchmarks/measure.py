"""Ways of doing the same, taken in turns, and what comes out of it as a table and as JSON."""

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
"""Where every benchmark leaves its JSON, under the folder it is called in."""


def in_turns(
    ways: Mapping[str, Callable[[], float]], rounds: int, say: Callable[[str], None]
) -> dict[str, list[float]]:
    """Way -> what it returned in each round; every other round goes backwards, so that a drift favours nobody."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            say(f"round {number + 1}/{rounds}: {name}")
            found[name].append(ways[name]())
    return found


def progress(what: str) -> None:
    """A line on standard error: a benchmark is silent for minutes otherwise."""
    print(what, file=sys.stderr, flush=True)


def process(variables: Mapping[str, str]) -> ProcessPoolExecutor:
    """One process with these environment variables, which some libraries read when they start only."""
    with patch.dict(os.environ, variables):
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
        pool.submit(os.getpid).result()  # it starts with its first call
    return pool


def spread(values: Sequence[float]) -> str:
    """Median, and the least and the greatest value where there are several."""
    middle = f"{statistics.median(values):.3g}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.3g}-{max(values):.3g})"


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Round by round, as both were measured side by side."""
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
    """A cell."""
    if isinstance(value, str):
        return value
    if value is None:
        return "-"
    return spread(value if isinstance(value, Sequence) else [value])
