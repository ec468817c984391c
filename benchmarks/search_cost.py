"""Measure the wall time of whole searches of equal trials: ours, Ray's documented way, and a plain Optuna loop.

python -m benchmarks.search_cost [--pairs 50 --pairs 500] [--trials 8] [--rounds 1]

Each search is a process. It trains on invoices, one epoch at a global batch of 16, evaluates every trial on dev four
times, runs every trial to its end and saves the best model. Ours is shown with and without the start of its worker
groups, which is paid once a search. Ours alone audits the pairs first and evaluates three models on dev and test at the
end: its seconds include both.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.measure import in_turns, progress, ratios, report
from benchmarks.rivals import BATCH_SIZE
from pairs.prepared import PreparedPairs

ROWS_PER_PAIR = 2.8
"""Generated invoices per training pair of the task."""


def prepared(folder: Path, pairs: int) -> PreparedPairs:
    """Prepare invoices with about `pairs` training pairs."""
    rows = str(round(pairs * ROWS_PER_PAIR))
    called(["jobs.prepare", "invoices", "--rows", rows, "--data", str(folder)])
    return PreparedPairs.open(str(folder))


def started(command: list[str]) -> subprocess.Popen[str]:
    """Start a module of this project, which prints one line at its end."""
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def called(command: list[str]) -> str:
    """Run a module of this project and return its standard output.

    Raises:
        RuntimeError: it failed; the message holds its standard error.
    """
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled"}
    done = subprocess.run([sys.executable, "-m", *command], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def timed(command: list[str], run: Path, results: list[dict[str, Any]]) -> Callable[[], float]:
    """Return a function that measures the command's wall time; its last line of output is added to `results`."""

    def way() -> float:
        shutil.rmtree(run, ignore_errors=True)
        began = time.perf_counter()
        output = called(command)
        seconds = time.perf_counter() - began
        results.append(json.loads(output.splitlines()[-1]))
        return seconds

    return way


def measured(folder: Path, pairs: int, trials: int, rounds: int, rivals: list[str]) -> list[dict[str, Any]]:
    """Measure the rows of the table: ours, and each rival beside it."""
    data = prepared(folder / "data", pairs)
    results: list[dict[str, Any]] = []
    tune = ["jobs.tune", "invoices", "--data", data.folder, "--run", str(folder / "ours"), "--trials", str(trials)]
    tune += ["--set", "epochs=1", "--set", f"global_batch_size={BATCH_SIZE}", "--scheduler", "fifo", "--json"]
    ways = {"ours": timed(tune, folder / "ours", results)}
    for rival in rivals:
        command = ["benchmarks.rivals", rival, data.folder, str(folder / rival), str(trials), "1", "0"]
        ways[rival] = timed(command, folder / rival, [])
    seconds = in_turns(ways, rounds, lambda line: progress(f"{pairs} pairs, {line}"))
    starts = [max(times["starting"] for times in result["group_times"].values()) for result in results]
    warm = [whole - start for whole, start in zip(seconds["ours"], starts, strict=True)]
    case = f"{trials} trials of {data.num_rows('train')} pairs"
    return [
        {
            "search": case,
            "way": way,
            "seconds": own,
            "of it first start": starts if way == "ours" else None,
            "of it search": [result["wall_s"] for result in results] if way == "ours" else None,
            "times ours": ratios(own, seconds["ours"]),
            "times ours without start": ratios(own, warm),
        }
        for way, own in seconds.items()
    ]


def main(
    pairs: Annotated[list[int] | None, typer.Option(help="Training pairs, about.")] = None,
    trials: int = 8,
    rounds: int = 1,
    rival: Annotated[list[str] | None, typer.Option(help="torch-trainer, optuna; both by default.")] = None,
) -> None:
    """Print a row for each size and way."""
    rows: list[dict[str, Any]] = []
    for count in pairs or (50, 500):
        with tempfile.TemporaryDirectory() as folder:
            rows += measured(Path(folder), count, trials, rounds, rival or ["torch-trainer", "optuna"])
    report("search_cost", "whole searches", rows)


if __name__ == "__main__":
    typer.run(main)
