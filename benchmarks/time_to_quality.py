"""Measure the seconds until 99 % of the rival's best metric on dev, with equal trials, epochs and batch; both prune.

python -m benchmarks.time_to_quality [--rows 1320] [--trials 16] [--epochs 2] [--seed 0 --seed 1 --seed 2]

The rival is a plain Optuna loop with Optuna's successive halving. Each search is a process alone on the machine, and
its time counts from the start of that process. Ours is `jobs.tune`, whose progress is read from its trials.jsonl.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.measure import progress, report
from benchmarks.rivals import BATCH_SIZE
from benchmarks.search_cost import called, started

FRACTION = 0.99
POLL_S = 0.5


def rival(data: str, run: Path, trials: int, epochs: int, seed: int) -> list[tuple[float, float]]:
    """Run the rival, and return (seconds, best so far); seconds include the imports of the process."""
    began = time.monotonic()
    out = called(["benchmarks.rivals", "optuna-pruning", data, str(run), str(trials), str(epochs), str(seed)])
    whole = time.monotonic() - began
    bests = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    starting = whole - bests[-1]["seconds"]
    return [(line["seconds"] + starting, line["best"]) for line in bests]


def ours(data: str, run: Path, trials: int, epochs: int, seed: int) -> list[tuple[float, float]]:
    """Run our search, and return (seconds, best so far)."""
    command = ["jobs.tune", "invoices", "--data", data, "--run", str(run), "--trials", str(trials), "--seed", str(seed)]
    command += ["--set", f"epochs={epochs}", "--set", f"global_batch_size={BATCH_SIZE}", "--json"]
    began, bests = time.monotonic(), [(0.0, -1.0)]
    with started(command) as process:
        while process.poll() is None:
            time.sleep(POLL_S)
            if (best := best_of(run)) > bests[-1][1]:
                bests.append((time.monotonic() - began, best))
    return [*bests, (time.monotonic() - began, bests[-1][1])]


def best_of(run: Path) -> float:
    """Return the best metric of the run's trials so far, -1 before the first."""
    try:
        lines = (run / "trials.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return -1.0
    return max((json.loads(line)["value"] or -1.0 for line in lines), default=-1.0)


def seconds_until(bests: list[tuple[float, float]], value: float) -> float | None:
    """Return the seconds until this value; None where it was never reached."""
    return next((seconds for seconds, best in bests if best >= value), None)


def main(
    rows: int = 1320, trials: int = 16, epochs: int = 2, seed: Annotated[list[int] | None, typer.Option()] = None
) -> None:
    """Print the table after every seed."""
    title = f"invoices, {rows} rows, {trials} trials of at most {epochs} epochs"
    table: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        data = str(Path(folder, "data"))
        called(["jobs.prepare", "invoices", "--rows", str(rows), "--data", data])
        for number in seed or (0, 1, 2):
            progress(f"seed {number}: the rival")
            theirs = rival(data, Path(folder, f"rival-{number}"), trials, epochs, number)
            progress(f"seed {number}: ours")
            own = ours(data, Path(folder, f"ours-{number}"), trials, epochs, number)
            wanted = FRACTION * theirs[-1][1]
            reached, needed = seconds_until(own, wanted), seconds_until(theirs, wanted)
            table.append(
                {
                    "seed": str(number),
                    "rival's best": theirs[-1][1],
                    "rival s until 99 %": needed,
                    "rival s in all": theirs[-1][0],
                    "our best": own[-1][1],
                    "our s until 99 %": reached,
                    "our s in all": own[-1][0],
                    "ours / rival": reached / needed if reached and needed else None,
                }
            )
            report("time_to_quality", title, table)  # after each seed, since one takes a quarter of an hour or more


if __name__ == "__main__":
    typer.run(main)
