"""Measure what early stopping saves and misses, replayed on the curves of finished searches that stopped no trial.

python -m benchmarks.rungs RUN [RUN ...] [--orders 1000]

RUN are folders of `jobs.tune --scheduler fifo`, each with one number of epochs. Every evaluation on dev is tried as the
first rung. Trials are replayed one after another, the baseline first and the others in many orders, since a trial is
stopped by comparison with those before it. 'now' is the rung that a search takes today. The baseline, which is never
stopped, does not count as a trial that is missed. A screen trains all trials to the first rung and the best few to
the end (2307.15422 on arXiv); the order does not matter to it.
"""

import json
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

import typer
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator  # type: ignore[import-untyped]

from benchmarks.measure import report
from tokens.tokenized import TokenizedPairs
from trainers.job import Data, Job
from trainers.search.halving import Halving, first_rung
from trainers.search.shared import Shared

METRIC = "best"
KEPT = (2, 3)
"""Trials that go on from a screen beside the baseline."""


class Curve(NamedTuple):
    """The evaluations of one trial."""

    epochs: list[float]
    """Epochs seen at each evaluation on dev."""
    best: list[float]
    """The best metric until then."""


def curves(run: Path, metric: str) -> list[Curve]:
    """Read the curves of all completed trials, the baseline first.

    Raises:
        ValueError: the trials have different numbers of epochs.
    """
    trials = [json.loads(line) for line in (run / "trials.jsonl").read_text().splitlines()]
    if len(epochs := {trial["epochs"] for trial in trials}) > 1:
        raise ValueError(f"run: {run} has trainings of {sorted(epochs)} epochs; allowed: one number of them")
    completed = []
    for trial in sorted(record["trial"] for record in trials if record["state"] == "completed"):
        events = EventAccumulator(str(run / "events" / trial)).Reload()
        values = [point.value for point in events.Scalars(metric)]
        best = [max(values[: number + 1]) for number in range(len(values))]
        completed.append(Curve([point.value for point in events.Scalars("epoch")], best))
    return completed


def replayed(trials: Sequence[Curve], epochs: float, first: float) -> tuple[float, float]:
    """Replay a search over these trials, and return the epochs trained and the best metric without the baseline."""
    halving = Halving({epochs: first}, baseline={"trial": 0}, shared=Shared(settings={"epochs": epochs}))
    halving.set_search_properties(METRIC, "max")
    controller: Any = None
    trained, bests = 0.0, []
    for number, curve in enumerate(trials):
        trial: Any = SimpleNamespace(trial_id=str(number), config={"trial": number})
        halving.on_trial_add(controller, trial)
        for seen, best in zip(*curve, strict=True):
            last = {"epoch": seen, METRIC: best}
            if halving.on_trial_result(controller, trial, last) == halving.STOP:
                break
        trained += last["epoch"]
        bests.append(last[METRIC])
    return trained, max(bests[1:])


def screened(trials: Sequence[Curve], first: float, kept: int) -> tuple[float, float]:
    """Train all to the first rung, and the best few and the baseline to the end; return the same as `replayed`."""
    at = [max(place for place, seen in enumerate(curve.epochs) if seen <= first) for curve in trials]
    order = sorted(range(1, len(trials)), key=lambda number: trials[number].best[at[number]], reverse=True)
    whole = {0, *order[:kept]}
    trained = sum(curve.epochs[-1 if number in whole else at[number]] for number, curve in enumerate(trials))
    return trained, max(trials[number].best[-1 if number in whole else at[number]] for number in order)


def rung_now(settings: dict[str, Any], epochs: float) -> float:
    """Return the epochs after which a search like this one stops trials first."""
    warmup = settings["space"]["warmup_ratio"]
    own = {"loss": settings["loss"], **settings["baseline"], "epochs": epochs, "global_batch_size": 1}
    named = {name: settings[name] for name in ("kind", "metric", "seed")}
    train = {own["loss"]: TokenizedPairs(num_rows=1_000)}
    job = Job(trial="", settings=own, data=Data(train=train, dev=[]), **named)
    return first_rung(job, warmup.get("high") or max(warmup["values"]))


def rows(run: Path, orders: int) -> list[dict[str, Any]]:
    """Return a row for each first rung."""
    settings = json.loads((run / "settings.json").read_text())
    baseline, *others = curves(run, settings["metric"])
    epochs, whole = baseline.epochs[-1], sum(curve.epochs[-1] for curve in (baseline, *others))
    most = max(curve.best[-1] for curve in others)
    table = []
    for first in baseline.epochs[:-1]:
        draw = random.Random(0)
        replays = [replayed([baseline, *draw.sample(others, len(others))], epochs, first) for _ in range(orders)]
        missed = [most - best for _, best in replays]
        table.append(
            {
                "task": settings["task"],
                "trials": str(1 + len(others)),
                "first rung, epochs": f"{first:g} of {epochs:g}" + (" (now)" * (first == rung_now(settings, epochs))),
                "epochs saved, %": 100 * (1 - statistics.mean(trained for trained, _ in replays) / whole),
                "orders that miss the best, %": 100 * statistics.mean(loss > 0 for loss in missed),
                "missed on average": statistics.mean(missed),
                "missed at most": max(missed),
            }
        )
        for kept in KEPT:
            trained, best = screened([baseline, *others], first, kept)
            table.append(
                {
                    **table[-1],
                    "first rung, epochs": f"{first:g} of {epochs:g}, the best {kept} go on",
                    "epochs saved, %": 100 * (1 - trained / whole),
                    "orders that miss the best, %": 100.0 * (best < most),
                    "missed on average": most - best,
                    "missed at most": most - best,
                }
            )
    return table


def main(runs: Annotated[list[Path], typer.Argument(metavar="RUN")], orders: int = 1_000) -> None:
    """Print a row per search and first rung."""
    table = [row for run in runs for row in rows(run, orders)]
    report("rungs", f"savings and losses of a first rung, {orders} orders of the trials", table)


if __name__ == "__main__":
    typer.run(main)
