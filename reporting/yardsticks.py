"""Yardsticks as a table and a sentence, from the plain values of verdict.json; older verdicts have none."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from reporting import formats
from reporting.formats import with_interval

TITLE = "yardsticks: fitted on train alone; what a trained model has to beat"


def table(verdict: Mapping[str, Any]) -> Table | None:
    """Return a row per yardstick: its score on each split, and the chosen model's difference to it."""
    splits, facts = verdict["splits"], verdict.get("yardsticks") or {}
    names = list(splits["dev"].get("yardsticks") or {})
    if not names and not facts.get("unavailable"):
        return None
    chosen = verdict["chosen"]
    found = Table(title=TITLE, title_justify="left", title_style="bold")
    found.add_column("yardstick")
    for split in splits:
        found.add_column(f"{splits[split]['metric']} on {split}", justify="right")
        found.add_column(f"{chosen} - it", justify="right")
    found.add_column("takes", justify="right")
    for name in names:
        cells = [cell for split in splits.values() for cell in _cells(split["yardsticks"][name], chosen)]
        found.add_row(escape(name), *cells, formats.duration(facts["seconds"][name]))
    for name, reason in facts.get("unavailable", {}).items():
        found.add_row(escape(name), f"not available: {escape(reason)}", style="dim")
    return found


def _cells(yardstick: Mapping[str, Any], chosen: str) -> tuple[str, str]:
    return with_interval(yardstick["value"]), formats.signed(yardstick["differences"][chosen])


def reason(verdict: Mapping[str, Any]) -> list[str]:
    """Return the sentence that says whether the chosen model beats them, if there is one."""
    said = (verdict.get("yardsticks") or {}).get("reason")
    return [said] if said else []


def beaten(verdict: Mapping[str, Any]) -> bool:
    """Return whether the chosen model beats every yardstick on dev for sure."""
    return bool((verdict.get("yardsticks") or {}).get("beaten"))
