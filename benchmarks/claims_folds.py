"""Measure how often folds over train and dev call a search a gain that is none, and how often one that is.

python -m benchmarks.claims_folds --searches 1500

The searches are those of benchmarks/claims.py, whose sampler and scheduler see dev alone, a fifth of the items. The
baseline and the two best trials are then trained in five folds. How much of a trial's luck on an item comes back in
another training with the same settings is not known, so both ends are simulated:

fresh    the part that depends on the settings alone comes back, the rest is drawn anew
same     everything comes back, also what the search has liked on dev
dev      the verdict without folds, for comparison
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Annotated

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # there is a process for each processor

import numpy as np
import typer

from benchmarks import claims
from benchmarks.claims import Cell, Search, simulate, upper, value
from benchmarks.measure import progress, report
from evaluation import selection
from evaluation.comparison import SplitVerdict, compare
from evaluation.folds import pooled
from evaluation.metrics import Floats, Indices
from evaluation.predictions import Predictions
from evaluation.selection import States
from evaluation.verdict import choose, in_folds_of
from workflows.folds import FOLDS, MOST_SETTINGS

WAYS = ("dev", "fresh", "same")
LEVEL, LEARNT, POWER = "level, nothing learns", "level, the baseline learns", "power"
NOISE = 0.5
"""Part of a state's skill that does not depend on its settings (benchmarks/claims.py)."""


def cells() -> Iterator[tuple[str, Cell]]:
    """Yield the cells: the groups are those of train and dev together."""
    nothing = [Cell(metric="mrr", groups=groups, trials=trials) for groups in (60, 150, 500) for trials in (3, 15)]
    nothing += [Cell(metric=metric, groups=150, trials=15) for metric in ("ap", "f1")]
    yield from ((LEVEL, cell) for cell in nothing)
    learnt = [replace(cell, base_behind=2.0) for cell in nothing if cell.trials == 15]
    yield from ((LEARNT, cell) for cell in learnt)
    yield from ((POWER, replace(cell, gain=4.0 / (cell.groups / 5) ** 0.5)) for cell in learnt)


def decide(cell: Cell, seed: int) -> dict[str, bool]:
    """Return whether each way claims more than the level of its cell: a gain at all, or one over the baseline."""
    rng = np.random.default_rng(seed)
    folds = rng.permutation(np.arange(cell.groups) % FOLDS)
    items_of = [np.flatnonzero(np.isin(_groups(cell), np.flatnonzero(folds == fold))) for fold in range(FOLDS)]
    search = simulate(cell, rng, items_of[0])
    dev = _on_dev(search, cell, items_of[0], seed)
    choices = {"dev": choose(dev)}
    for way in WAYS[1:]:
        choices[way] = choose(dev, folds=_in_folds(search, cell, items_of, way, seed, rng))
    if cell.base_behind:
        return {way: "best against baseline: better" in choice.reason for way, choice in choices.items()}
    return {way: choice.chosen != "base" for way, choice in choices.items()}


def _groups(cell: Cell) -> Indices:
    return claims.Items(cell, np.random.default_rng(0)).groups


def _on_dev(search: Search, cell: Cell, items: Indices, seed: int) -> SplitVerdict:
    trials = [[state.of_items(items) for state in trial] for trial in search.states]
    others = [state for trial in trials[1:] for state in trial]
    models = {
        "base": search.base.of_items(items),
        "baseline": max(trials[0], key=value),
        "best": max(others, key=value),
    }
    states = States(
        baseline=[state.predictions for state in trials[0]],
        others=[state.predictions for state in others],
        trials=cell.trials,
    )
    return compare(models, seed, states.standard_errors(models, seed))


def _in_folds(
    search: Search, cell: Cell, items_of: list[Indices], way: str, seed: int, rng: np.random.Generator
) -> SplitVerdict:
    dev, order = items_of[0], np.concatenate(items_of)
    ranked = sorted(
        range(1, len(search.states)),
        key=lambda trial: max(value(state.of_items(dev)) for state in search.states[trial]),
        reverse=True,
    )
    few = [0, *ranked[: MOST_SETTINGS - 1]]
    trainings = {
        str(trial): [
            [_judged(state, items_of, fold) for state in _again(search, cell, trial, way, rng)] for fold in range(FOLDS)
        ]
        for trial in few
    }
    sizes = [len(items) for items in items_of]
    folded = pooled({"base": search.base.of_items(order)}, sizes, trainings, "0", seed)
    return in_folds_of(folded, States(trials=cell.trials), seed)


def _again(search: Search, cell: Cell, trial: int, way: str, rng: np.random.Generator) -> list[Predictions]:
    """Return the states of a training with a trial's settings, in one fold."""
    assert search.items is not None
    if way == "same":
        return search.states[trial]
    gain = cell.gain if trial else 0.0
    return [search.items.predictions(_fresh(skill, rng) + gain) for skill in search.skills[trial]]


def _fresh(skill: Floats, rng: np.random.Generator) -> Floats:
    """Return a skill that shares with another one what the settings explain, and has its variance."""
    shared = 1 / (1 + NOISE**2)
    noise: Floats = rng.normal(size=len(skill)) * skill.std() * (1 - shared**2) ** 0.5
    return shared * skill + noise


def _judged(state: Predictions, items_of: list[Indices], fold: int) -> Floats:
    choosing = items_of[(fold + 1) % FOLDS]
    predictions: Floats = np.concatenate([state.predictions[choosing], state.predictions[items_of[fold]]])
    return predictions


def claimed(cell: Cell, seeds: range) -> list[int]:
    """Count, for each way, the searches in which it claims a gain: a false one, or with power a true one."""
    selection.FLIPS = claims.FLIPS
    decided = [decide(cell, seed) for seed in seeds]
    return [sum(own[way] for own in decided) for way in WAYS]


def main(
    searches: Annotated[int, typer.Option(help="Simulated searches a cell.")] = 1500,
    only: Annotated[str, typer.Option(help="Cells whose name or values hold this.")] = "",
) -> None:
    """Measure how often folds call a search a gain that is none, and how often one that is."""
    table = []
    with ProcessPoolExecutor() as pool:
        for name, cell in cells():
            if only not in f"{name} {cell}":
                continue
            parts = [range(start, min(start + 25, searches)) for start in range(0, searches, 25)]
            counts = np.sum(list(pool.map(claimed, [cell] * len(parts), parts)), axis=0).tolist()
            shown = {
                f"{way} %": f"{100 * count / searches:.1f} ({100 * upper(count, searches):.1f})"
                for way, count in zip(WAYS, counts, strict=True)
            }
            about = {"": name, "metric": cell.metric, "groups": cell.groups, "trials": cell.trials}
            table.append({**about, **shown})
            progress(" ".join(map(str, table[-1].values())))
    report("claims_folds", f"How often folds call a search a gain, of {searches:,} searches", table)


if __name__ == "__main__":
    typer.run(main)
