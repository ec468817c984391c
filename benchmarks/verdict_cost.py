"""Measure a verdict that covers every evaluated state: seconds of the decision, and of each state's predictions.

python -m benchmarks.verdict_cost
"""

import tempfile
import time
from typing import Annotated

import numpy as np
import typer

from benchmarks.measure import progress, report
from common.run_folder import PREDICTIONS, RunFolder
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions, QueryPredictions
from evaluation.selection import States, sample_of
from evaluation.verdict import compare
from tasks.common.kinds import KINDS, Kind
from trainers.dev_predictions import write_predictions


def model(kind: Kind, items: int, seed: int) -> Predictions:
    """Return a model's predictions on generated items, each a group of its own."""
    rng, groups = np.random.default_rng(seed), np.arange(items)
    if kind.categories:
        truth, predicted = groups % 8, (groups + (rng.uniform(size=items) < 0.3)) % 8
        names = tuple("abcdefgh")
        return CategoryPredictions(kind=kind.name, groups=groups, truth=truth, predicted=predicted, names=names)
    if kind.ranked:
        return QueryPredictions(kind=kind.name, groups=groups, per_query={kind.metric: rng.uniform(size=items)})
    labels = (groups % (2 if kind.labels == "binary" else 5)).astype(np.float64)
    cosines = np.round((labels + rng.normal(size=items)) / 5, 6)
    return PairPredictions(kind=kind.name, groups=groups, cosines=cosines, labels=labels)


def decision(kind: Kind, states: int, items: int) -> float:
    """Measure the seconds from the predictions of all states to the comparison."""
    dev = {name: model(kind, items, seed) for seed, name in enumerate(("base", "baseline", "best"))}
    sample = sample_of(dev["base"], 0)
    stored = [model(kind, items, seed).predictions[sample] for seed in range(states)]
    began = time.perf_counter()
    evaluated = States(baseline=stored[:4], others=stored[4:], trials=states // 4)
    compare(dev, 0, evaluated.standard_errors(dev, 0))
    return time.perf_counter() - began


def writing(items: int, states: int) -> float:
    """Measure the milliseconds to sample the predictions of one state and write them to this disk."""
    predictions = model(KINDS["retrieval"], items, 0)
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(folder)
        run.create_folder(PREDICTIONS)
        began = time.perf_counter()
        for step in range(states):
            write_predictions(run, "trial", step, predictions.predictions[sample_of(predictions, 0)])
        return (time.perf_counter() - began) / states * 1000


def main(
    states: Annotated[int, typer.Option(help="Evaluated states of the search.")] = 64,
    items: Annotated[int, typer.Option(help="Items of dev.")] = 10_000,
) -> None:
    """Measure the decision for each kind of evaluation, and the writing of predictions."""
    rows = []
    for kind in KINDS.values():
        for number in (items, 100 * items):
            progress(f"{kind.name}, {number:,} items")
            rows.append({"kind": kind.name, "items": f"{number:,}", "decision s": decision(kind, states, number)})
    for row in rows:
        row["predictions ms a state"] = writing(int(str(row["items"]).replace(",", "")), 20)
    report("verdict_cost", f"A verdict that covers {states} evaluated states", rows)


if __name__ == "__main__":
    typer.run(main)
