"""Measure what each loss of a task's kind gives on dev at equal compute, with its defaults.

python -m benchmarks.losses tickets --data PATH/TO/prepared/pairs [--seconds 180] [--seed 42 --seed 43]

One epoch of each loss is timed first. Each loss is then trained for as many whole epochs as come nearest to the same
seconds of training steps, on one worker with all processors. Nothing is tuned, and test is not touched.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.measure import progress, report
from benchmarks.search_cost import called
from tasks.common.loading import load


def trained(task: str, data: str, run: Path, loss: str, epochs: int, seed: int) -> dict[str, Any]:
    """Train once, and return the content of result.json."""
    options = ["--set", f"loss={loss}", "--set", f"epochs={epochs}", "--seed", str(seed), "--refine", "none"]
    command = [
        "jobs.train",
        task,
        "--data",
        data,
        "--run",
        str(run),
        "--cpus-per-worker",
        str(os.cpu_count()),
        *options,
    ]
    result: dict[str, Any] = json.loads(called([*command, "--json"]).splitlines()[-1])
    return result


def training_s(result: dict[str, Any]) -> float:
    """Return the seconds of training steps."""
    return float(sum(times["training"] for times in result["group_times"].values()))


def main(
    task: Annotated[str, typer.Argument(help="Name of a task, or path of its file.")],
    data: Annotated[str, typer.Option(help="Folder of its prepared pairs.")],
    seconds: Annotated[float, typer.Option(help="Seconds of training steps for each loss.")] = 180.0,
    seed: Annotated[list[int] | None, typer.Option(help="Repeatable.")] = None,
) -> None:
    """Print a row for each loss after all its seeds."""
    declared, table = load(task, data), list[dict[str, Any]]()
    with tempfile.TemporaryDirectory() as folder:
        for loss in declared.declared_kind.losses:
            progress(f"{loss}: timing one epoch")
            once = training_s(trained(task, data, Path(folder, f"{loss}-once"), loss, 1, 42))
            epochs = max(1, round(seconds / once))
            results = []
            for number in seed or [42]:
                progress(f"{loss}: {epochs} epochs with seed {number}")
                results.append(trained(task, data, Path(folder, f"{loss}-{number}"), loss, epochs, number))
            table.append(
                {
                    "loss": loss,
                    "epochs": str(epochs),
                    "training, s": [training_s(result) for result in results],
                    f"{declared.metric} on dev": [result["best"] for result in results],
                    "base": results[0]["base"],
                    "whole run, s": [result["wall_s"] for result in results],
                }
            )
    report("losses", f"{task}: each loss for about {seconds:.0f} s of training steps", table)


if __name__ == "__main__":
    typer.run(main)
