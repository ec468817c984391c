"""Measure how often a verdict says "better" of a search without a gain, and how often of one with a gain.

python -m benchmarks.claims --searches 4000
python -m benchmarks.claims --few-groups    # the same for few groups, and how often an interval holds the true score

Searches are simulated, and evaluated by the code that evaluates real ones. Each trial is a point in a space of three
settings. Its score on a group of dev is a smooth random function of that point plus independent noise, so trials are
correlated as real ones are. The sampler draws nine of ten trials near the best tenth so far. Half of the trials are
stopped at their first evaluation, the others are evaluated four times. Three rules decide:

ours     intervals that hold for all evaluated states at once (evaluation/selection.py)
naive    the percentile bootstrap of the chosen states, as if they had not been chosen
anew     the bootstrap that chooses among the drawn groups and evaluates on the others (Tsamardinos et al. 2018)
"""

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from typing import Annotated, NamedTuple

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # there is a process for each processor

import numpy as np
import typer
from scipy.stats import beta

from benchmarks.measure import progress, report
from evaluation import jackknife, selection
from evaluation.comparison import compare
from evaluation.metrics import Floats, Indices
from evaluation.predictions import CategoryPredictions, PairPredictions, Predictions, QueryPredictions
from evaluation.selection import States
from evaluation.verdict import choose

EVALUATIONS = 4
WAVES, LENGTH, SETTINGS = 32, 0.4, 3
ITEMS_PER_GROUP = 3
DRAWS = 400
RULES = ("ours", "naive", "anew")
FLIPS = 999
"""Fewer than a verdict takes: over many searches, what they miss evens out."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One kind of search."""

    metric: str
    groups: int
    trials: int
    """Trials beside the baseline."""
    base_behind: float = 0.0
    """Distance of the base model behind the baseline, in standard deviations of an item."""
    gain: float = 0.0
    """Distance of the trials before the baseline, in the same unit."""


class Search(NamedTuple):
    """The result of a simulated search."""

    base: Predictions
    states: list[list[Predictions]]
    """Trial -> its evaluated states; the baseline is the first."""
    items: "Items | None" = None
    base_skill: Floats = np.empty(0)
    skills: list[list[Floats]] = []
    """The skills of the states on each item, as far as they differ between models."""


def skewed(cell: Cell, rng: np.random.Generator) -> Search:
    """Simulate a training that is a little better on most groups, much worse on few, and on the whole neither."""
    groups = np.arange(cell.groups)
    scores = (np.full(cell.groups, 0.5), 0.55 - 0.05 * rng.exponential(size=cell.groups))
    base, baseline = (
        QueryPredictions(kind="retrieval", groups=groups, per_query={"cosine_mrr@10": score}) for score in scores
    )
    return Search(base, [[baseline]])


def simulate(cell: Cell, rng: np.random.Generator, dev: Indices | None = None) -> Search:
    """Simulate one search.

    Args:
        cell: its kind.
        rng: draws everything.
        dev: the items that sampler and scheduler see; None: all.
    """

    def seen(state: Predictions) -> float:
        return value(state if dev is None else state.of_items(dev))

    if cell.metric == "skewed":
        return skewed(cell, rng)
    items = Items(cell, rng)
    waves, phases = rng.normal(size=(WAVES, SETTINGS)) / LENGTH, rng.uniform(0, 2 * np.pi, WAVES)
    early, late = (rng.normal(size=(items.number, WAVES)) * (2 / WAVES) ** 0.5 for _ in range(2))
    base_skill = rng.normal(size=items.number)
    base = items.predictions(base_skill - cell.base_behind)
    states: list[list[Predictions]] = []
    skills: list[list[Floats]] = []
    points: list[Floats] = []
    best: list[float] = []
    first: list[float] = []
    for trial in range(cell.trials + 1):
        point = sampled(points, best, rng) if trial else np.full(SETTINGS, 0.5)
        field = np.cos(waves @ point + phases)
        own, evaluated = rng.normal(size=items.number), []
        skills.append([])
        for progressed in np.arange(1, EVALUATIONS + 1) / EVALUATIONS:
            smooth = progressed**0.5 * (late @ field) + 0.7 * (1 - progressed) ** 0.5 * (early @ field)
            noise = progressed**0.5 * own + (1 - progressed) ** 0.5 * rng.normal(size=items.number)
            skills[-1].append(smooth + 0.5 * noise)
            evaluated.append(items.predictions(skills[-1][-1] + (cell.gain if trial else 0.0)))
            if len(evaluated) == 1:
                first.append(seen(evaluated[0]))
            if trial and first[-1] < np.median(first):
                break
        states.append(evaluated)
        points.append(point)
        best.append(max(map(seen, evaluated)))
    return Search(base, states, items, base_skill, skills)


def sampled(points: list[Floats], best: list[float], rng: np.random.Generator) -> Floats:
    """Draw the next point: the first four at random, then mostly near one of the best tenth, ever nearer."""
    blind: Floats = rng.uniform(size=SETTINGS)
    if len(points) < 4 or rng.uniform() < 0.1:
        return blind
    top = np.argsort(best)[::-1][: max(1, round(0.1 * len(points)))]
    near: Floats = points[rng.choice(top)] + rng.normal(size=SETTINGS) * max(0.05, 0.3 * len(points) ** -0.5)
    return near.clip(0, 1)


class Items:
    """Simulate dev's items: their difficulty, common to all models, and the predictions that follow from a skill."""

    def __init__(self, cell: Cell, rng: np.random.Generator) -> None:
        self.metric, per_group = cell.metric, 1 if cell.metric == "mrr" else ITEMS_PER_GROUP
        self.groups = np.repeat(np.arange(cell.groups), per_group)
        self.number = len(self.groups)
        self.common = rng.normal(size=cell.groups)[self.groups] + rng.normal(size=self.number)
        self.labels = (np.arange(self.number) % per_group == 0).astype(np.float64)
        self.rng = rng
        self.truth, self.other = rng.integers(4, size=self.number), rng.integers(1, 4, size=self.number)

    def predictions(self, skill: Floats) -> Predictions:
        """Return the predictions of a model with this skill on each item."""
        level = self.common + skill
        if self.metric == "mrr":
            ranks = 1 + np.floor(np.exp(1 - level))
            return QueryPredictions(kind="retrieval", groups=self.groups, per_query={"cosine_mrr@10": 1 / ranks})
        if self.metric == "ap":
            cosines = np.where(self.labels > 0, level, -level)
            return PairPredictions(kind="binary", groups=self.groups, cosines=cosines, labels=self.labels)
        predicted = np.where(level > -1, self.truth, (self.truth + self.other) % 4)
        return CategoryPredictions(
            kind="category", groups=self.groups, truth=self.truth, predicted=predicted, names=tuple("abcd")
        )

    def untrained(self) -> Predictions:
        """Return the predictions of the base model."""
        return self.predictions(self.rng.normal(size=self.number))


def value(predictions: Predictions) -> float:
    """Return the deciding score."""
    return float(predictions.weighted(np.ones((1, len(predictions.groups))))[0])


def decide(search: Search, seed: int) -> dict[str, str]:
    """Return the model that each rule selects: base, baseline or best."""
    baseline = max(search.states[0], key=value)
    models = {"base": search.base, "baseline": baseline}
    others = [state for states in search.states[1:] for state in states]
    if others:
        models["best"] = max(others, key=value)
    states = States(
        baseline=[state.predictions for state in search.states[0]],
        others=[state.predictions for state in others],
        trials=len(search.states) - 1,
    )
    return {
        "ours": choose(compare(models, seed, states.standard_errors(models, seed)))[0],
        **bootstraps(search, models, others, seed),
    }


def bootstraps(search: Search, models: dict[str, Predictions], others: list[Predictions], seed: int) -> dict[str, str]:
    """Return the model that each of the two rules beside ours selects."""
    first = search.base
    drawn = np.random.default_rng(seed).multinomial(n := first.num_groups, np.full(n, 1 / n), size=DRAWS)
    inside, outside = drawn[:, first.groups].astype(float), (drawn[:, first.groups] == 0).astype(float)
    naive = {name: predictions.weighted(inside) for name, predictions in models.items()}
    anew = {"base": first.weighted(outside)}
    for name, states in (("baseline", search.states[0]), ("best", others)):
        if states:
            chosen = np.stack([state.weighted(inside) for state in states]).argmax(axis=0)
            anew[name] = np.stack([state.weighted(outside) for state in states])[chosen, np.arange(DRAWS)]
    return {"naive": last_better(naive), "anew": last_better(anew)}


def last_better(draws: dict[str, Floats]) -> str:
    """Select along the verdict's chain of models, by percentiles."""
    chosen, *rest = draws
    for name in rest:
        if np.nanpercentile(draws[name] - draws[chosen], 2.5) > 0:
            chosen = name
    return chosen


def claims(cell: Cell, seeds: range, least_groups: int | None = None) -> dict[str, int]:
    """Count, for each rule, the searches in which it claims more than is true.

    True is the base, or the baseline where the base lies behind it.
    """
    selection.FLIPS = FLIPS
    if least_groups:
        jackknife.LEAST_GROUPS = least_groups
    selected = [decide(simulate(cell, np.random.default_rng(seed)), seed) for seed in seeds]
    true = ("base", "baseline") if cell.base_behind else ("base",)
    return {rule: sum(models[rule] not in true for models in selected) for rule in RULES}


def cells() -> Iterator[tuple[str, Cell]]:
    """Yield the cells to simulate: the level in two situations, then the power in the second."""
    wide = [*product(("mrr",), (10, 30, 100, 300), (1, 3, 15, 63)), *product(("ap", "f1"), (30, 100), (3, 15))]
    for metric, groups, trials in wide:
        yield "level, nothing learns", Cell(metric=metric, groups=groups, trials=trials)
    for groups in (10, 30, 100, 300):
        yield "level, skewed", Cell(metric="skewed", groups=groups, trials=0)
    narrow = [*product(("mrr",), (10, 30, 100, 300), (1, 15)), *product(("ap", "f1"), (100,), (15,))]
    learnt = [Cell(metric=metric, groups=groups, trials=trials, base_behind=2.0) for metric, groups, trials in narrow]
    yield from (("level, the baseline learns", cell) for cell in learnt)
    yield from (("power", replace(cell, gain=4.0 / cell.groups**0.5)) for cell in learnt)


def few_groups(pool: ProcessPoolExecutor, searches: int) -> Iterator[dict[str, object]]:
    """Measure the level without a least number of groups, and the fraction of intervals that hold the true score."""
    for metric, groups in product(("mrr", "ap", "f1"), (3, 5, 7, 10, 15, 30)):
        cell = Cell(metric=metric, groups=groups, trials=3)
        total = counted(pool, cell, searches, least_groups=2)
        true = value(Items(replace(cell, groups=30_000), np.random.default_rng(0)).untrained())
        held = sum(pool.map(holds, [cell] * searches, range(searches), [true] * searches, chunksize=50))
        yield {**row("level", cell, total, searches), "interval holds %": f"{100 * held / searches:.1f}"}


def holds(cell: Cell, seed: int, true: float) -> bool:
    """Check whether the interval of the base model's score holds the true one."""
    jackknife.LEAST_GROUPS = 2
    predictions = Items(cell, np.random.default_rng(seed)).untrained()
    without = jackknife.left_out([predictions], seed)[:, 0]
    interval = jackknife.interval(value(predictions), without, predictions.num_groups)
    return bool(interval.low <= true <= interval.high)


def upper(count: int, searches: int) -> float:
    """Return the upper end of the one-sided 95 % interval of a fraction (Clopper, Pearson 1934)."""
    return float(beta.ppf(0.95, count + 1, searches - count)) if count < searches else 1.0


def row(name: str, cell: Cell, counts: dict[str, int], searches: int) -> dict[str, object]:
    """Return a row of the table."""
    percentages = {f"{rule} %": f"{100 * count / searches:.1f}" for rule, count in counts.items()}
    about = {"": name, "metric": cell.metric, "groups": str(cell.groups), "trials": str(cell.trials)}
    return {**about, **percentages, "ours, at most %": f"{100 * upper(counts['ours'], searches):.1f}"}


def counted(pool: ProcessPoolExecutor, cell: Cell, searches: int, least_groups: int | None = None) -> dict[str, int]:
    """Count, for each rule, the searches in which it claims more than is true, in parallel."""
    parts = [range(start, min(start + 50, searches)) for start in range(0, searches, 50)]
    counts = list(pool.map(claims, [cell] * len(parts), parts, [least_groups] * len(parts)))
    return {rule: sum(part[rule] for part in counts) for rule in RULES}


def main(
    searches: Annotated[int, typer.Option(help="Simulated searches a cell.")] = 4000,
    few: Annotated[bool, typer.Option("--few-groups", help="Few groups, with no least number.")] = False,
    only: Annotated[str, typer.Option(help="Cells whose name or values hold this.")] = "",
) -> None:
    """Measure how often a verdict says "better" of searches without a gain, and of those with one."""
    rows = []
    with ProcessPoolExecutor() as pool:
        chosen = ((name, cell) for name, cell in cells() if only in f"{name} {cell}")
        plain = (row(name, cell, counted(pool, cell, searches), searches) for name, cell in chosen)
        for line in few_groups(pool, searches) if few else plain:
            rows.append(line)
            progress(" ".join(map(str, line.values())))
    report("claims", f'How often a verdict says "better", of {searches:,} searches', rows)


if __name__ == "__main__":
    typer.run(main)
