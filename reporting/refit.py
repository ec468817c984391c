"""Say what a refit is and how it does, from the plain values of verdict.json; most verdicts have none."""

from collections.abc import Mapping
from typing import Any

from reporting import formats

MODEL = "refit"
"""Name of the refit in its comparison on test."""


def refit_line(refit: Mapping[str, Any], kept: str) -> str:
    """Return a sentence: what was trained again on what, and its score on test or why it has none.

    Args:
        refit: of verdict.json.
        kept: the model that was trained again.
    """
    steps = " and ".join(f"{count:,}" for count in refit["steps"])
    said = f"{kept} trained again on all {refit['pairs']:,} pairs of {_joined(refit['splits'])}, {steps} steps"
    if (test := refit["test"]) is None:
        left = "test was trained on" if "test" in refit["splits"] else "there is no test to judge it"
        return f"{said}; it has no score: {left}"
    value = formats.with_interval(test["models"][MODEL])
    difference = formats.with_interval(test["differences"][f"{MODEL} - {kept}"], signed=True)
    return f"{said}; on test {test['metric']} {value}, {MODEL} - {kept} {difference}; nothing is chosen by that"


def refit_row(refit: Mapping[str, Any], splits: Mapping[str, Any]) -> str:
    """Return the cells of a Markdown row with the refit's score on test, for a column per split."""
    scores = {"test": refit["test"]["models"][MODEL]} if refit["test"] else {}
    return " | ".join(formats.with_interval(scores[split]) if split in scores else "" for split in splits)


def _joined(splits: list[str]) -> str:
    return f"{', '.join(splits[:-1])} and {splits[-1]}"
