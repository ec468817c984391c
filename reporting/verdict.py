"""Render a verdict as tables and lines, from the plain values of verdict.json."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reporting import formats
from reporting.guard import broken_last, guard_lines, guard_table
from reporting.refined import refined_lines, refined_names
from reporting.refit import refit_line
from reporting.yardsticks import is_beaten, yardsticks_line, yardsticks_table

LARGEST_CONFUSION = 20
"""Categories in a confusion table; a larger one is in verdict.json alone."""


def show(verdict: Mapping[str, Any], console: Console) -> None:
    """Print the tables and lines of a verdict."""
    for table in tables(verdict):
        console.print(table)
    console.print("\n".join(lines(verdict)), highlight=False, markup=False, soft_wrap=True)


def tables(verdict: Mapping[str, Any]) -> Iterable[Table]:
    """Return a table of scores per split, the yardsticks, the guard set, and the confusion of categories on dev."""
    for name, split in verdict["splits"].items():
        yield _scores(name, split)
    if folds := verdict.get("folds"):
        yield _scores("folds of train and dev", folds)
    yield from (table for table in (yardsticks_table(verdict), guard_table(verdict)) if table)
    # On dev: whoever looks at mistakes on test and changes the data has used test up.
    confusion = verdict["splits"]["dev"].get("confusion")
    if confusion and len(confusion["categories"]) <= LARGEST_CONFUSION:
        yield _confusion("dev", verdict["chosen"], confusion)


def lines(verdict: Mapping[str, Any]) -> list[str]:
    """Return lines about leaks, the selection and its reason, differences on test, threshold, and spread over seeds."""
    text = [f"warning: {leak}: scores on new texts will be lower than these" for leak in verdict.get("leaks", [])]
    against = [line] if (line := yardsticks_line(verdict)) else []
    text += [] if is_beaten(verdict) else against
    text.append(f"verdict: {verdict['reason']}")
    text += against if is_beaten(verdict) else []
    text += guard_lines(verdict)
    text += refined_lines(verdict)
    text += [f"on test: {_differences(verdict)}"] if "test" in verdict["splits"] else []
    text.append(f"kept: {verdict['chosen']}{_without_gain(verdict)}")
    text += threshold_lines(verdict.get("threshold"), verdict.get("unmet"))
    if calibration := verdict.get("calibration"):
        text.append(calibration_line(calibration))
    if refit := verdict.get("refit"):
        text.append(f"refit: {refit_line(refit, verdict['chosen'])}")
    for name, values in verdict.get("seeds", {}).items():
        text.append(f"{name} with other seeds, dev: {_spread(values)}")
    return text


def threshold_lines(threshold: Mapping[str, Any] | None = None, unmet: str | None = None) -> list[str]:
    """Return a line about the threshold, or why there is none; no line for kinds without one.

    Args:
        threshold: of verdict.json.
        unmet: why none meets its purpose.
    """
    if unmet:
        return [f"warning: no threshold: {unmet}"]
    if not threshold:
        return []
    splits = ["test"] if threshold.get("test") else ["dev"]
    if threshold.get("purpose", "f1") != "f1" and splits == ["test"]:
        splits = ["dev", "test"]
    shown = "; ".join(_figures(threshold, split) for split in splits)
    return [f"threshold: cosine >= {formats.exact(threshold['value'])} ({threshold['rule']}); {shown}"]


def calibration_line(calibration: Mapping[str, Any]) -> str:
    """Return a line about the probability: how it follows from the cosine, and how good it is."""
    quality = calibration["quality"]
    split = "test" if "test" in quality else "dev"
    begin = f"probability: {calibration['method']} regression on the cosine, fitted on dev"
    if split not in quality:
        return f"{begin}; not checked: too few groups"
    figures = quality[split]
    better = figures["brier"] < figures["constant_brier"] and figures["log_loss"] < figures["constant_log_loss"]
    return (
        f"{begin}; on {'dev, out of fold' if split == 'dev' else 'test'}: "
        f"Brier score {figures['brier']:.4f}, log loss {figures['log_loss']:.4f} "
        f"(the constant share {calibration['prevalence']:.4f}: {figures['constant_brier']:.4f}, "
        f"{figures['constant_log_loss']:.4f}{'' if better else '; it is no better'}), "
        f"calibration error {figures['calibration_error']:.4f}"
    )


def _without_gain(verdict: Mapping[str, Any]) -> str:
    if verdict["gain"]:
        return ""
    refined = refined_names(verdict)
    last = [name for name in verdict["splits"]["dev"]["models"] if name not in refined][-1]
    if broken_last(verdict):
        return " (as requested: it breaks the guard)" if verdict["chosen"] == last else f" ({last} breaks the guard)"
    requested = verdict["chosen"] in {last, *refined}
    return " (as requested: no gain on dev)" if requested else " (no gain beyond it on dev)"


def _scores(name: str, split: Mapping[str, Any]) -> Table:
    title = f"{name}: {split['pairs']:,} evaluated, in {split['groups']:,} groups; 95 % intervals over groups"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("score")
    for model in split["models"]:
        table.add_column(model, justify="right", overflow="fold")
    table.add_row(str(split["metric"]), *map(formats.with_interval, split["models"].values()), style="bold")
    for score in next(iter(split["scores"].values()), {}):
        if score != split["metric"]:
            table.add_row(score, *(formats.score(scores[score]) for scores in split["scores"].values()))
    return table


def _confusion(split: str, model: str, confusion: Mapping[str, Any]) -> Table:
    """Return the confusion table; columns have the numbers of the rows, as names would not fit side by side."""
    names = confusion["categories"]
    table = Table(
        title=f"{split}: true category (row) and predicted (column), {model}", title_justify="left", title_style="bold"
    )
    table.add_column("", overflow="fold")
    for number in range(1, len(names) + 1):
        table.add_column(str(number), justify="right")
    for number, (name, counts) in enumerate(zip(names, confusion["counts"], strict=True), 1):
        table.add_row(escape(f"{number} {name}"), *(formats.count(count) if count else "" for count in counts))
    return table


def _differences(verdict: Mapping[str, Any]) -> str:
    """Return the differences on test; a refined model's is that to the model that it was made from."""
    refined = {each["name"]: each["of"] for each in verdict.get("refined") or []}
    differences = {
        name: difference
        for name, difference in verdict["splits"]["test"]["differences"].items()
        if (models := name.partition(" - "))[2] == refined.get(models[0], models[2])
    }
    return "; ".join(
        f"{name} {difference['value']:+.4f} {_interval(difference)}" for name, difference in differences.items()
    )


def _interval(difference: Mapping[str, Any]) -> str:
    known = difference["low"] is not None and not math.isnan(difference["low"])
    return f"({difference['low']:+.4f} to {difference['high']:+.4f})" if known else "(no interval: too few groups)"


def _figures(threshold: Mapping[str, Any], split: str) -> str:
    scores = {name.removeprefix("cosine_"): formats.with_interval(value) for name, value in threshold[split].items()}
    chosen = ", where it was chosen" if split == "dev" else ""
    return f"on {split}{chosen}: " + ", ".join(f"{name} {value}" for name, value in scores.items())


def _spread(values: list[float]) -> str:
    if not values:
        return "none finished"
    mean = sum(values) / len(values)
    return f"{', '.join(map(formats.score, values))}; mean {formats.score(mean)}, range {max(values) - min(values):.4f}"
