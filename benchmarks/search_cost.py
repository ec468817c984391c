"""Wall time of whole searches of equal trials: ours, Ray's documented way, and a plain Optuna loop; each a process.

python -m benchmarks.search_cost [--pairs 50 --pairs 500] [--trials 8] [--rounds 1]

Invoices, one epoch at a global batch of 16, dev judged four times a trial, every trial to its end, the best model
kept. Ours is shown with the start of its worker groups, which is paid once a search, and without; it alone audits the
pairs first and judges three models on dev and test in the end, which is what its seconds hold beside its search.
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
"""Generated invoices for each training pair of the task."""


def prepared(folder: Path, pairs: int) -> PreparedPairs:
    """Invoices with about so many training pairs."""
    rows = str(round(pairs * ROWS_PER_PAIR))
    called(["jobs.prepare", "invoices", "--rows", rows, "--data", str(folder)])
    return PreparedPairs.open(str(folder))


def begun(command: list[str]) -> subprocess.Popen[str]:
    """A module of this project, running; it says one line at its end."""
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        env={**os.environ, "RAY_AUTH_MODE": "disabled"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def called(command: list[str]) -> str:
    """Standard output of a module of this project.

    Raises:
        RuntimeError: with what it said, where it failed.
    """
    environment = {**os.environ, "RAY_AUTH_MODE": "disabled"}
    done = subprocess.run([sys.executable, "-m", *command], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


def timed(command: list[str], run: Path, results: list[dict[str, Any]]) -> Callable[[], float]:
    """A way: the command's wall time; what it says at its end goes to `results`."""

    def way() -> float:
        shutil.rmtree(run, ignore_errors=True)
        began = time.perf_counter()
        said = called(command)
        seconds = time.perf_counter() - began
        results.append(json.loads(said.splitlines()[-1]))
        return seconds

    return way


def measured(folder: Path, pairs: int, trials: int, rounds: int, rivals: list[str]) -> list[dict[str, Any]]:
    """Rows of the table: ours, and each rival beside it."""
    data = prepared(folder / "data", pairs)
    results: list[dict[str, Any]] = []
    tune = ["jobs.tune", "invoices", "--data", data.folder, "--run", str(folder / "ours"), "--trials", str(trials)]
    tune += ["--set", "epochs=1", "--set", f"global_batch_size={BATCH_SIZE}", "--scheduler", "fifo", "--json"]
    ways = {"ours": timed(tune, folder / "ours", results)}
    for rival in rivals:
        command = ["benchmarks.rivals", rival, data.folder, str(folder / rival), str(trials), "1", "0"]
        ways[rival] = timed(command, folder / rival, [])
    seconds = in_turns(ways, rounds, lambda what: progress(f"{pairs} pairs, {what}"))
    starts = [max(times["starting"] for times in each["group_times"].values()) for each in results]
    warm = [whole - start for whole, start in zip(seconds["ours"], starts, strict=True)]
    case = f"{trials} trials of {data.num_rows('train')} pairs"
    return [
        {
            "search": case,
            "way": way,
            "seconds": found,
            "of it first start": starts if way == "ours" else None,
            "of it search": [each["wall_s"] for each in results] if way == "ours" else None,
            "times ours": ratios(found, seconds["ours"]),
            "times ours without start": ratios(found, warm),
        }
        for way, found in seconds.items()
    ]


def main(
    pairs: Annotated[list[int] | None, typer.Option(help="Training pairs, about.")] = None,
    trials: int = 8,
    rounds: int = 1,
    rival: Annotated[list[str] | None, typer.Option(help="torch-trainer, optuna; both by default.")] = None,
) -> None:
    """Print a row per size and way."""
    rows: list[dict[str, Any]] = []
    for count in pairs or (50, 500):
        with tempfile.TemporaryDirectory() as folder:
            rows += measured(Path(folder), count, trials, rounds, rival or ["torch-trainer", "optuna"])
    report("search_cost", "whole searches", rows)


if __name__ == "__main__":
    typer.run(main)
