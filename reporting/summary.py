"""What a search ends with: how good on dev, where the model is, how the time went, what to try next."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from common.jsonable import finite
from reporting import formats, verdict
from reporting.trials import epochs_reached

SHOWN_GROUPS = 8
KEPT = {
    "base": "base model",
    "baseline": "one trained with the baseline settings",
    "best": "search's best",
}


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """The result of one run, plain values only: it is printed, and written to result.json."""

    task: str
    run: str
    """Run folder as the user would type it."""
    metric: str
    """The deciding metric on dev; higher is better."""
    base: float | None
    """The metric of the base model before any training."""
    baseline: float | None
    """The metric of the task's baseline settings; None where their trial did not report."""
    best: float | None
    best_trial: str | None = None
    best_epoch: float | None = None
    """Epochs that the best trial was trained for; fewer than its settings' where the search or the budget ended it."""
    best_steps: int | None = None
    """Optimizer steps after which dev gave `best`."""
    kept_steps: int | None = None
    """Optimizer steps of the state that is exported; 0 for the base model."""
    baseline_epoch: float | None = None
    best_settings: Mapping[str, float] = field(default_factory=dict)
    baseline_settings: Mapping[str, float] = field(default_factory=dict)
    model: str | None = None
    """The best model's folder as the user would type it; None where nothing was trained."""
    states: Mapping[str, int]
    """State -> number of trials."""
    notes: Sequence[str] = ()
    """What a reader has to know beside the figures, a sentence each."""
    error: str | None = None
    """Where nothing was trained: the commonest error of the trials, or what else kept them from it."""
    wall_s: float
    kept: str | None = None
    """Which of base, baseline and best the model is."""
    verdict: Mapping[str, Any] | None = None
    """verdict.json; None where there was nothing to compare."""
    cores: int = 1
    """CPUs, or GPUs where there are any, of one worker group."""
    group_times: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Worker group -> phase -> seconds: starting, training, evaluating, checkpointing, idle; together its life."""

    @property
    def core_seconds(self) -> float:
        """What the worker groups cost: the seconds of their lives times their CPUs, or GPUs."""
        return self.cores * sum(sum(times.values()) for times in self.group_times.values())

    @property
    def training_share(self) -> float | None:
        """Fraction of the worker groups' time in which they were training: 0 to 1; None where there were no groups."""
        total = sum(sum(times.values()) for times in self.group_times.values())
        return sum(times["training"] for times in self.group_times.values()) / total if total else None


def show(result: RunResult, console: Console) -> None:
    """Print all that is told at the end."""
    for table in outcome_tables(result):
        console.print(table)
    console.print("\n".join(outcome_lines(result)), highlight=False, markup=False, soft_wrap=True)


def outcome_tables(result: RunResult) -> Iterable[Table]:
    """Everything that is told at the end in tables."""
    yield outcome_table(result)
    if result.verdict:
        yield from verdict.tables(result.verdict)
    yield time_table(result)


def outcome_table(result: RunResult) -> Table:
    """Base, baseline settings and best on dev; the difference is to the base.

    The column 'epochs' says how many were trained, of how many the settings ask for.
    """
    table = Table(title=f"{result.task}: {result.metric} on dev", title_justify="left", title_style="bold")
    table.add_column("model")
    table.add_column(result.metric, justify="right")
    table.add_column("difference", justify="right")
    table.add_column("epochs", justify="right")
    table.add_column("settings", overflow="fold")  # a value cut off could not be read anywhere on the screen
    best = f"best ({result.best_trial})" if result.best_trial else "best"
    baseline = ("baseline settings", result.baseline, result.baseline_epoch, result.baseline_settings)
    rows = [
        ("base", result.base, None, {}),
        *([baseline] if result.baseline_settings else []),
        (best, result.best, result.best_epoch, result.best_settings),
    ]
    for name, value, epoch, settings in rows:
        reached = "" if epoch is None else epochs_reached(epoch, settings["epochs"])
        others = formats.settings({name: value for name, value in settings.items() if name != "epochs"})
        table.add_row(name, formats.score(value), _difference(value, result.base), reached, others)
    return table


def time_table(result: RunResult) -> Table:
    """Where the worker groups' time went, a line per group and one for all; the groups only where they are few."""
    table = Table(title="where the worker groups' time went", title_justify="left", title_style="bold")
    table.add_column("group")
    phases = list(next(iter(result.group_times.values()), {}))
    for phase in phases:
        table.add_column(phase, justify="right")
    total = {phase: sum(times[phase] for times in result.group_times.values()) for phase in phases}
    shown = dict(result.group_times) if len(result.group_times) <= SHOWN_GROUPS else {}
    for name, times in {**shown, **({} if len(shown) == 1 else {"all": total})}.items():
        share = 1 / (sum(times.values()) or 1.0)
        table.add_row(name, *(f"{formats.duration(times[phase])} ({times[phase] * share:.0%})" for phase in phases))
    return table


def outcome_lines(result: RunResult) -> list[str]:
    """Trials by state, time, where the model is, and the commands to try next; one line each."""
    counts = ", ".join(f"{count} {state}" for state, count in result.states.items()) or "none"
    lines = [f"trials: {counts}", f"wall time: {formats.duration(result.wall_s)}{_share(result)}"]
    if result.model is None:
        return [*lines, f"no model: {result.error}; see {result.run}/trials.jsonl"]
    lines += [f"note: {note}" for note in result.notes]
    if result.verdict:
        lines += verdict.lines(result.verdict)
    elif result.best is not None and result.base is not None and result.best <= result.base:
        lines.append("note: the best trial is no better on dev than the base model")
    searched = result.kept and sum(result.states.values()) > 1
    lines.append(f"model: {result.model}" + (f", the {KEPT[result.kept]}" if result.kept and searched else ""))
    return [*lines, "try next:", *(f"  {command}" for command in next_commands(result))]


def next_commands(result: RunResult) -> list[str]:
    """Three commands that can be pasted: evaluate, look at the curves, load the model. None without a model."""
    if result.model is None:
        return []
    load = (  # double quotes inside: shlex.quote puts single ones around
        "from sentence_transformers import SentenceTransformer; "
        f'print(SentenceTransformer({json.dumps(result.model)}).encode("a text").shape)'
    )
    return [
        f"python -m jobs.evaluate {shlex.quote(result.model)}",
        f"python -m tensorboard.main --logdir {shlex.quote(result.run + '/events')}",
        f"python -c {shlex.quote(load)}",
    ]


def outcome_dict(result: RunResult) -> dict[str, Any]:
    """For --json and result.json: every field, None for what is not finite, and the commands under 'next'."""
    values: dict[str, Any] = finite(
        {**asdict(result), "training_share": result.training_share, "core_seconds": result.core_seconds}
    )
    return {**values, "next": next_commands(result)}


def _difference(value: float | None, start: float | None) -> str:
    return "" if value is None or start is None or value == start else f"{value - start:+.4f}"


def _share(result: RunResult) -> str:
    if result.training_share is None:
        return ""
    return f", the worker groups were training for {result.training_share:.0%} of their time"
