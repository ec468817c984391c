"""Dev's best metric of the same training in fp32 and in bf16, seed by seed: how much the quicker numbers change.

python -m benchmarks.precision DATA [DATA ...] [--seed 0 --seed 1 --seed 2] [--epochs 1]

DATA are folders of jobs.prepare. A processor without bf16 computes it as exactly, only slowly.
"""

import json
import statistics
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.measure import progress, report
from benchmarks.search_cost import called
from pairs.prepared import PreparedPairs


def best_on_dev(data: PreparedPairs, precision: str, seed: int, epochs: int) -> float:
    """What one worker of one thread reaches."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["jobs.train", data.manifest["task"], "--data", data.folder, "--run", str(Path(folder, "run"))]
        command += ["--precision", precision, "--seed", str(seed), "--cpus-per-worker", "1"]
        return float(json.loads(called([*command, "--set", f"epochs={epochs}", "--json"]).splitlines()[-1])["best"])


def main(
    data: list[str],
    seed: Annotated[list[int] | None, typer.Option(help="0, 1 and 2 by default.")] = None,
    epochs: int = 1,
) -> None:
    """Print a row per task."""
    rows = []
    for each in map(PreparedPairs.open, data):
        task = str(each.manifest["task"])
        found: dict[str, list[float]] = {"fp32": [], "bf16": []}
        for number in seed or (0, 1, 2):
            for precision, values in found.items():
                values.append(best_on_dev(each, precision, number, epochs))
                progress(f"{task}, seed {number}, {precision}: {values[-1]:.4f}")
        differences = [bf16 - fp32 for bf16, fp32 in zip(found["bf16"], found["fp32"], strict=True)]
        rows.append(
            {
                "task": task,
                "pairs": str(each.num_rows("train")),
                **found,
                "bf16 - fp32": differences,
                "seeds' deviation, fp32": statistics.stdev(found["fp32"]) if len(found["fp32"]) > 1 else None,
            }
        )
    report("precision", f"best dev metric, {epochs} epochs", rows)


if __name__ == "__main__":
    typer.run(main)
