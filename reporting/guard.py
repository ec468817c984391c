"""Render the guard set as a table and sentences, from the plain values of verdict.json; most verdicts have none."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from common.base_names import is_untuned
from reporting import formats


def guard_table(verdict: Mapping[str, Any]) -> Table | None:
    """Return a row per model: its score on the guard set, the difference to the base model, and whether it holds."""
    if not (guard := verdict.get("guard")):
        return None
    title = f"guard: {guard['pairs']:,} pairs of {guard['name']}, in {guard['groups']:,} groups"
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("model")
    table.add_column(guard["metric"], justify="right")
    table.add_column("difference to base", justify="right")
    table.add_column(f"above {formats.number(-guard['limit'])}")
    for name, check in guard["models"].items():
        is_base = is_untuned(name)
        difference = "" if is_base else formats.with_interval(check["difference"], signed=True)
        holds = "" if is_base else "yes" if check["holds"] else "no"
        table.add_row(name, formats.with_interval(check["score"]), difference, holds)
    return table


def guard_lines(verdict: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each trained model, and a warning where the labels seem to be upside down."""
    if not (guard := verdict.get("guard")):
        return []
    (base, own), *others = guard["models"].items()
    lines = [_line(name, check, guard) for name, check in others if not is_untuned(name)]
    if guard["metric"] == "spearman_cosine" and (own["score"]["value"] or 0.0) < 0:
        lines.insert(
            0,
            f"warning: guard: {base} has {formats.score(own['score']['value'])} {guard['metric']} on {guard['name']}: "
            "its labels may be upside down; they have to be higher for closer texts",
        )
    return lines


def _line(name: str, check: Mapping[str, Any], guard: Mapping[str, Any]) -> str:
    difference, limit = check["difference"], formats.number(-guard["limit"])
    said = f"{formats.difference(difference['value'])} {guard['metric']}"
    if difference["low"] is None:
        said += ", no interval"
    else:
        said += f", interval {formats.difference(difference['low'])} to {formats.difference(difference['high'])}"
    outcome = "keeps what the base could do" if check["holds"] else "is not shown to keep what the base could do"
    above = "above" if check["holds"] else "which has to lie above"
    return f"guard: {name} {outcome} on {guard['name']} ({said}, {above} {limit})"


def broken_last(verdict: Mapping[str, Any]) -> bool:
    """Return whether the most trained model breaks the guard."""
    models = list(((verdict.get("guard") or {}).get("models") or {}).values())
    return bool(models) and not models[-1]["holds"]
