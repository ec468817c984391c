"""Compare training on rows that repeat with training on distinct rows with weights, which takes far fewer steps.

python -m benchmarks.repeats PATH/TO/job_descriptions_cleaned.csv [--steps 4000] [--distinct-steps 470]
    [--distinct-learning-rate 6e-5] [--workers 2]

The task is job_skills with its baseline settings. The rows are drawn with replacement from its training pairs, as often
as the file repeats them; dev and test stay as prepared. Both are evaluated on dev ten times or more, and the best
evaluation counts. Their difference has a paired 95 % interval over dev's groups.
"""

import json
import random
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer
from sentence_transformers import SentenceTransformer

from benchmarks.measure import progress, report
from benchmarks.search_cost import called
from evaluation.evaluator import Evaluator
from evaluation.jackknife import Interval
from evaluation.verdict import compare
from models.base_model import resolve_base_model
from models.encode import encode
from pairs import prepared
from pairs.clean import one_spaced
from pairs.distinct import distinct
from pairs.prepared import PreparedPairs
from pairs.read import read
from pairs.train_view import view_of
from tasks.common import loading

TASK = "job_skills"
EPOCHS = 10
"""Dev is evaluated at least once an epoch."""


def drawn(pairs: pa.Table, file: str, rows: int, seed: int) -> pa.Table:
    """Draw `rows` of these pairs with replacement, each as probable as it is frequent in the file."""
    raw = read(file, loading.load(TASK).layouts)
    shaped = filter(None, map(raw.layout.shape, raw.rows))
    counts = Counter((one_spaced(row["sentence1"]), one_spaced(row["sentence2"])) for row in shaped)
    weights = [counts[pair] for pair in zip(*(pairs[f"sentence{n}"].to_pylist() for n in "12"), strict=True)]
    return pairs.take(pa.array(random.Random(seed).choices(range(len(pairs)), weights, k=rows)))


def trained(data: str, run: Path, epochs: int, workers: int, seed: int, *options: str) -> dict[str, Any]:
    """Run jobs.train, and return its output joined with the trial's record."""
    command = ["jobs.train", TASK, "--data", data, "--run", str(run), "--workers", str(workers), "--seed", str(seed)]
    result = json.loads(called([*command, "--set", f"epochs={epochs}", "--json", *options]).splitlines()[-1])
    return {**result, **json.loads((run / "trials.jsonl").read_text().splitlines()[-1])}


def main(
    file: Annotated[str, typer.Argument(metavar="PATH/TO/FILE")],
    steps: int = 4000,
    distinct_steps: int = 470,
    distinct_learning_rate: Annotated[float | None, typer.Option(help="The task's own by default.")] = None,
    workers: int = 2,
    seed: int = 42,
) -> None:
    """Print a row for the repeated rows, and one for the distinct ones."""
    size = int(loading.load(TASK).settings["global_batch_size"])
    with tempfile.TemporaryDirectory() as folder:
        called(["jobs.prepare", TASK, "--source", file, "--data", f"{folder}/once"])
        once = PreparedPairs.open(f"{folder}/once")
        tables = {split: once.table(split) for split in ("train", "dev")}
        tables[prepared.CANDIDATES] = pa.table({"text": once.candidates()})
        tables["train"] = drawn(tables["train"], file, size * steps // EPOCHS, seed)
        manifest = {**once.manifest, "fingerprint": prepared.fingerprint(tables)}
        prepared.write(f"{folder}/repeated", tables, manifest)
        results = {}
        progress("repeated rows")
        results["repeated"] = trained(f"{folder}/repeated", Path(folder, "run"), EPOCHS, workers, seed)
        progress("distinct rows")
        task = loading.load(TASK)
        reading = resolve_base_model(task.base_model).reading(task.tokens)
        repeated = PreparedPairs.open(f"{folder}/repeated")
        rows = distinct(view_of(repeated, task.declared_loss), reading).num_rows("train")
        epochs, run = distinct_steps // (rows // size), Path(folder, "distinct")
        options = ["--set", f"learning_rate={distinct_learning_rate}"] if distinct_learning_rate else []
        results["distinct"] = trained(f"{folder}/repeated", run, epochs, workers, seed, "--distinct", *options)
        on_dev = differences(once, {"repeated": Path(folder, "run"), "distinct": run})
    report("repeats", f"{TASK}, batch {size}, {workers} workers", [row(*result) for result in results.items()])
    for name, difference in on_dev.items():
        print(f"{name}: {difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})")


def differences(pairs: PreparedPairs, runs: dict[str, Path]) -> dict[str, Interval]:
    """Return the difference on dev, under the name 'distinct - repeated'."""
    evaluator = Evaluator(loading.load(TASK).kind, pairs.table("dev"), pairs.candidates())
    predictions = {}
    for name, run in runs.items():
        model = SentenceTransformer(f"{run}/best", device="cpu")
        predictions[name] = evaluator.evaluate(partial(encode, model, on_progress=lambda *_: None))
    return compare(predictions, seed=0).differences


def row(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table."""
    return {
        "rows": name,
        "steps": str(result["steps"]),
        "base": result["base"],
        "best on dev": result["best"],
        "after epoch": result["best_epoch"],
        "seconds of steps": result["train_s"],
    }


if __name__ == "__main__":
    typer.run(main)
