"""Compare the best metric on dev of the same training in fp32 and in bf16, seed by seed.

python -m benchmarks.precision DATA [DATA ...] [--seed 0 --seed 1 --seed 2] [--epochs 1]

DATA are folders of jobs.prepare. A processor without bf16 emulates it: the results are the same, only slower.
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
    """Train with one worker of one thread, and return the best metric on dev."""
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
    for pairs in map(PreparedPairs.open, data):
        task = str(pairs.manifest["task"])
        best: dict[str, list[float]] = {"fp32": [], "bf16": []}
        for number in seed or (0, 1, 2):
            for precision, values in best.items():
                values.append(best_on_dev(pairs, precision, number, epochs))
                progress(f"{task}, seed {number}, {precision}: {values[-1]:.4f}")
        differences = [bf16 - fp32 for bf16, fp32 in zip(best["bf16"], best["fp32"], strict=True)]
        rows.append(
            {
                "task": task,
                "pairs": str(pairs.num_rows("train")),
                **best,
                "bf16 - fp32": differences,
                "seeds' deviation, fp32": statistics.stdev(best["fp32"]) if len(best["fp32"]) > 1 else None,
            }
        )
    report("precision", f"best dev metric, {epochs} epochs", rows)


if __name__ == "__main__":
    typer.run(main)
