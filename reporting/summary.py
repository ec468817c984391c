"""Print the summary of a run: scores on dev, the model's folder, use of time, commands to try next."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from reporting import formats, verdict
from reporting.refined import NAMES
from reporting.result import RunResult, next_commands
from reporting.trials import epochs_reached

SHOWN_GROUPS = 8
"""Worker groups with a row each; more are shown as one."""
MODEL_NAMES = {
    "baseline": "one trained with the baseline settings",
    "best": "search's best",
    "interpolated": f"search's best, {NAMES['interpolated']}",
    "soup": NAMES["soup"],
}


def show(result: RunResult, console: Console) -> None:
    """Print the summary."""
    for table in outcome_tables(result):
        console.print(table)
    console.print("\n".join(outcome_lines(result)), highlight=False, markup=False, soft_wrap=True)


def outcome_tables(result: RunResult) -> Iterable[Table]:
    """Return the tables of the summary."""
    yield outcome_table(result)
    if result.verdict:
        yield from verdict.tables(result.verdict)
    yield time_table(result)


def outcome_table(result: RunResult) -> Table:
    """Return a table of base, baseline settings and best on dev, with their differences to the base.

    The column 'epochs' has the epochs that were trained, of those in the settings.
    """
    table = Table(title=f"{result.task}: {result.metric} on dev", title_justify="left", title_style="bold")
    table.add_column("model")
    table.add_column(result.metric, justify="right")
    table.add_column("difference", justify="right")
    table.add_column("epochs", justify="right")
    table.add_column("settings", overflow="fold")  # a value that is cut off is nowhere else on the screen
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
    """Return a table of the worker groups' time by phase: a row per group, if they are few, and one for all."""
    table = Table(title="time of the worker groups", title_justify="left", title_style="bold")
    table.add_column("group")
    phases = list(next(iter(result.group_times.values()), {}))
    for phase in phases:
        table.add_column(phase, justify="right")
    total = {phase: sum(times[phase] for times in result.group_times.values()) for phase in phases}
    shown = dict(result.group_times) if len(result.group_times) <= SHOWN_GROUPS else {}
    for name, times in {**shown, **({} if len(shown) == 1 else {"all": total})}.items():
        seconds = sum(times.values()) or 1.0
        table.add_row(name, *(f"{formats.duration(times[phase])} ({times[phase] / seconds:.0%})" for phase in phases))
    return table


def outcome_lines(result: RunResult) -> list[str]:
    """Return a line each for trials by state, time, the model's folder and the commands to try next."""
    counts = ", ".join(f"{count} {state}" for state, count in result.states.items()) or "none"
    lines = [f"trials: {counts}", f"wall time: {formats.duration(result.wall_s)}{_cost(result)}"]
    if result.model is None:
        return [*lines, f"no model: {result.error}; see {result.run}/trials.jsonl"]
    lines += [f"note: {note}" for note in result.notes]
    if result.verdict:
        lines += verdict.lines(result.verdict)
    elif result.best is not None and result.base is not None and result.best <= result.base:
        lines.append("note: the best trial is no better on dev than the base model")
    searched = result.kept and sum(result.states.values()) > 1
    lines.append(f"model: {result.model}" + (f", the {_name(result)}" if searched and result.kept else ""))
    return [*lines, "try next:", *(f"  {command}" for command in next_commands(result))]


def _name(result: RunResult) -> str:
    """Return words for the kept model."""
    whose = result.whose or ""
    name = MODEL_NAMES.get(whose) or formats.base_model(whose)
    return name if result.whose == result.kept else f"{name}; {NAMES[result.kept or '']}"


def _difference(value: float | None, start: float | None) -> str:
    return "" if value is None or start is None or value == start else f"{value - start:+.4f}"


def _cost(result: RunResult) -> str:
    """Return the budget, the core-seconds of the worker groups, and how much of them was training."""
    used = f"; with timing and verdict {formats.duration(result.budget_s)}"
    budget = f"{used} of a budget of {formats.number(result.minutes)} minutes" if result.minutes else ""
    if result.training_share is None:
        return budget
    cost = f"{result.core_seconds:,.0f} core- or GPU-seconds, of which the worker groups trained"
    return f"{budget}; {cost} {result.training_share:.0%}"
