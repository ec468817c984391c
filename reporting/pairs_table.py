"""Show the outcome of preparing pairs as tables."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from reporting import formats


def show(manifest: Mapping[str, Any], console: Console) -> None:
    """Print rows read, dropped and why, then groups, pairs and label counts of each split.

    Args:
        manifest: of a folder of prepared pairs.
        console: that they are printed on.
    """
    table = manifest["table"]
    console.print(_rows_table(manifest))
    console.print(_splits_table(table))
    if why := manifest["declaration"].get("inferred_from"):
        summary = "Loss {loss}, evaluated as {kind} ({metric})".format(**manifest["declaration"])
        console.print(f"{summary}, inferred from {why}.", soft_wrap=True, highlight=False)
    console.print(f"Split {manifest['split_rule']}; seed {manifest['seed']}.", soft_wrap=True, highlight=False)
    for note in table["notes"]:
        console.print(f"Note: {note}.", soft_wrap=True, highlight=False)


def outcome(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome for --json, without the folder."""
    own = {name: manifest[name] for name in ("task", "fingerprint", "seed", "rows", "split_rule")}
    declared = {name: manifest["declaration"].get(name) for name in ("loss", "kind", "inferred_from")}
    return {**own, **declared, **manifest["table"]}


def _rows_table(manifest: Mapping[str, Any]) -> Table:
    shown = Table(title=f"{manifest['task']}: rows", title_justify="left")
    shown.add_column("rows")
    shown.add_column("count", justify="right")
    for source in manifest["sources"]:
        shown.add_row(f"in, for {source['split']}: {source['name']}", f"{source['rows']:,}")
    for reason, count in manifest["table"]["dropped"].items():
        shown.add_row(f"dropped: {reason}", f"{count:,}")
    return shown


def _splits_table(table: Mapping[str, Any]) -> Table:
    shown = Table(title="splits", title_justify="left")
    shown.add_column("split")
    for column in ("groups", "pairs"):
        shown.add_column(column, justify="right")
    shown.add_column("labels")
    for split, pairs in table["pairs"].items():
        labels = ", ".join(f"{label}: {count:,}" for label, count in table["labels"][split].items())
        shown.add_row(split, formats.count(table["groups"].get(split)), f"{pairs:,}", labels or "none")
    return shown
