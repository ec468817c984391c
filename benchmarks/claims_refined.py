"""Measure how often a verdict calls a model a gain that was refined after a search without a gain.

python -m benchmarks.claims_refined --searches 1500

The searches are those of benchmarks/claims.py. A mixture of weights has the mixture of the models' skills, scaled to
the spread of one trial's: it is another model, and in truth no better. Dev chooses as after a real search.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated, NamedTuple

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # there is a process for each processor

import numpy as np
import typer

from benchmarks import claims
from benchmarks.claims import Cell, Search, simulate, upper, value
from benchmarks.measure import progress, report
from evaluation import selection
from evaluation.comparison import compare
from evaluation.metrics import Floats
from evaluation.predictions import Predictions
from evaluation.selection import States
from evaluation.verdict import ORDER, choose
from trainers.search.retention import BEST_TRIALS
from workflows.refine import BASE_FRACTIONS

PARTS = (1.0, 1 / 2, 1 / 3)
"""Parts of the chance of a false claim that refined models may have (evaluation/selection.py: REFINED)."""
CELLS = (
    Cell(metric="mrr", groups=30, trials=3),
    Cell(metric="mrr", groups=100, trials=15),
    Cell(metric="mrr", groups=100, trials=15, base_behind=2.0),
    Cell(metric="mrr", groups=300, trials=15),
    Cell(metric="mrr", groups=100, trials=63),
)


class Refined(NamedTuple):
    """The models of a search with those that dev keeps of the refined ones, and all states that dev has seen."""

    models: dict[str, Predictions]
    states: States


def refined(search: Search, cell: Cell) -> Refined:
    """Refine a simulated search's models as workflows/refine.py does."""
    assert search.items is not None
    items, judged = search.items, list[Predictions]()
    pairs = [list(zip(*trial, strict=True)) for trial in zip(search.skills, search.states, strict=True)]
    trials = sorted((max(trial, key=_score) for trial in pairs), key=_score, reverse=True)[:BEST_TRIALS]
    best_skill, best = max((pair for trial in pairs[1:] for pair in trial), key=_score)
    spread = best_skill.std()

    def mixed(skill: Floats, behind: float = 0.0) -> Predictions:
        judged.append(items.predictions(skill / skill.std() * spread - behind))
        return judged[-1]

    models = {"base": search.base, "baseline": max(search.states[0], key=value), "best": best}
    mixtures = [
        mixed((1 - part) * best_skill + part * search.base_skill, part * cell.base_behind) for part in BASE_FRACTIONS
    ]
    if value(chosen := max(mixtures, key=value)) > value(best):
        models["interpolated"] = chosen
    joined, score = [trials[0][0]], value(trials[0][1])
    for skill, _ in trials[1:]:
        soup = mixed(np.mean([*joined, skill], axis=0))
        if value(soup) >= score:
            joined, score, models["soup"] = [*joined, skill], value(soup), soup
    others = [state.predictions for trial in search.states[1:] for state in trial]
    states = States(baseline=[state.predictions for state in search.states[0]], others=others, trials=cell.trials)
    return Refined(models, states.with_others([each.predictions for each in judged]))


def _score(pair: tuple[Floats, Predictions]) -> float:
    return value(pair[1])


def wrong(cell: Cell, seeds: range) -> list[int]:
    """Count the searches that are called a gain without refined models, and with them for each of PARTS."""
    selection.FLIPS = claims.FLIPS
    true, counts = ("base", "baseline") if cell.base_behind else ("base",), [0] * (1 + len(PARTS))
    for seed in seeds:
        models, states = refined(simulate(cell, np.random.default_rng(seed)), cell)
        extra = [name for name in models if name not in ORDER]
        for number, part in enumerate((0.0, *PARTS)):
            shown = models if part else {name: models[name] for name in ORDER}
            selection.REFINED = part
            errors = states.standard_errors(shown, seed, refined=extra if part else ())
            counts[number] += choose(compare(shown, seed, errors)).chosen not in true
    return counts


def rows(pool: ProcessPoolExecutor, searches: int) -> Iterator[dict[str, object]]:
    """Yield a row for each cell: percentages, and the upper end of their one-sided 95 % interval."""
    for cell in CELLS:
        parts = [range(start, min(start + 50, searches)) for start in range(0, searches, 50)]
        counts = np.sum(list(pool.map(wrong, [cell] * len(parts), parts)), axis=0).tolist()
        names = ["without %", *(f"{part:.2g} %" for part in PARTS)]
        shown = {
            name: f"{100 * count / searches:.1f} ({100 * upper(count, searches):.1f})"
            for name, count in zip(names, counts, strict=True)
        }
        yield {"groups": cell.groups, "trials": cell.trials, "base behind": cell.base_behind, **shown}


def main(searches: Annotated[int, typer.Option(help="Simulated searches a cell.")] = 1500) -> None:
    """Measure how often a refined model is called a gain that is none."""
    table = []
    with ProcessPoolExecutor() as pool:
        for row in rows(pool, searches):
            table.append(row)
            progress(" ".join(map(str, row.values())))
    report("claims_refined", f"How often a refined model is called a gain, of {searches:,} searches", table)


if __name__ == "__main__":
    typer.run(main)
