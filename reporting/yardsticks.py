"""Render yardsticks as a table and a sentence, from the plain values of verdict.json; older verdicts have none."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from reporting import formats

TITLE = "yardsticks, fitted on train alone"


def yardsticks_table(verdict: Mapping[str, Any]) -> Table | None:
    """Return a row per yardstick: its score on each split, and the difference of the kept model; None without any."""
    splits, facts = verdict["splits"], verdict.get("yardsticks") or {}
    names = list(splits["dev"].get("yardsticks") or {})
    if not names and not facts.get("unavailable"):
        return None
    chosen = verdict["chosen"]
    title = f"{TITLE}: {splits['dev']['metric']}"
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("yardstick", overflow="fold")
    for split in splits:
        table.add_column(split, justify="right")
        table.add_column(f"{chosen} - it", justify="right")
    table.add_column("seconds", justify="right")
    for name in names:
        cells = [cell for split in splits.values() for cell in _cells(split["yardsticks"][name], chosen)]
        table.add_row(escape(name), *cells, f"{facts['seconds'][name]:.1f}")
    for name, reason in facts.get("unavailable", {}).items():
        table.add_row(escape(name), f"not available: {escape(reason)}")
    return table


def _cells(yardstick: Mapping[str, Any], chosen: str) -> tuple[str, str]:
    difference = formats.with_interval(yardstick["differences"][chosen], signed=True)
    return formats.score(yardstick["value"]["value"]), difference


def yardsticks_line(verdict: Mapping[str, Any]) -> str | None:
    """Return the sentence that says whether the kept model beats the yardsticks; None without any."""
    reason = (verdict.get("yardsticks") or {}).get("reason")
    return f"yardsticks: {reason}" if reason else None


def is_beaten(verdict: Mapping[str, Any]) -> bool:
    """Return whether the kept model is better than every yardstick on dev for sure."""
    return bool((verdict.get("yardsticks") or {}).get("beaten"))


def lexical_table(metric: str, split: str, scores: Mapping[str, float], unavailable: Mapping[str, str]) -> Table:
    """Return the lexical yardsticks' scores on a split, best first.

    Args:
        metric: the deciding score.
        split: dev or test.
        scores: yardstick -> its deciding score there.
        unavailable: yardstick -> why it could not be fitted.
    """
    table = Table(title=TITLE, title_justify="left")
    table.add_column("yardstick", overflow="fold")
    table.add_column(f"{metric} on {split}", justify="right")
    for name, value in sorted(scores.items(), key=lambda item: -item[1]):
        table.add_row(escape(name), formats.score(value))
    for name, reason in unavailable.items():
        table.add_row(escape(name), f"not available: {escape(reason)}")
    return table
