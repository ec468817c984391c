"""Measure leaks and the cost of a clean split where pairs are connected by shared texts, as duplicate questions are.

python -m benchmarks.leaks
"""

import csv
import random
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from audit.plan import plan_of_folder
from audit.run import audit
from benchmarks.measure import report
from pairs import prepared
from pairs.from_file import task_of
from pairs.prepare import prepare
from reporting.findings import leaked

WAYS = {"first-text (as 15ea790 split)": "first-text", "texts": "texts", "default": None}


def questions(pairs: int, texts: int, seed: int) -> list[tuple[str, str, int]]:
    """Draw pairs of different texts evenly; every other one is labelled 1."""
    rng = random.Random(seed)
    drawn: dict[frozenset[int], tuple[int, int]] = {}
    while len(drawn) < pairs:
        first, second = rng.sample(range(texts), 2)
        drawn.setdefault(frozenset((first, second)), (first, second))
    return [(f"question {a}", f"question {b}", row % 2) for row, (a, b) in enumerate(drawn.values())]


def split(file: Path, way: str | None) -> dict[str, object]:
    """Count the pairs that remain, and name the leaks that the audit finds."""
    pairs = prepare(task_of(str(file), None, None), {"train": str(file)}, seed=42, way=way)
    prepared.write(str(file.parent / "data"), pairs.tables, pairs.manifest)
    result = audit(plan_of_folder(str(file.parent / "data")), lambda *_: None, None)
    findings = [(finding.severity, leaked(finding.to_dict())) for finding in result.findings]
    leaks = [f"{severity}: {leak}" for severity, leak in findings if leak]
    sizes = "/".join(str(pairs.tables[name].num_rows) for name in prepared.SPLITS)
    return {
        "pairs": f"{sum(pairs.manifest['table']['pairs'].values())} ({sizes})",
        "split_leak": "; ".join(leaks) or "-",
    }


def main(
    pairs: Annotated[int, typer.Option(help="Pairs of the file.")] = 600,
    texts: Annotated[int, typer.Option(help="Texts that they are drawn from.")] = 300,
) -> None:
    """Split the same pairs in each way."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "questions.csv")
        with file.open("w", newline="") as lines:
            csv.writer(lines).writerows([("first", "second", "label"), *questions(pairs, texts, seed=0)])
        for name, way in WAYS.items():
            rows.append({"--split": name, **split(file, way)})
    report("leaks", f"{pairs} pairs over {texts} texts (train/dev/test)", rows)


if __name__ == "__main__":
    typer.run(main)
