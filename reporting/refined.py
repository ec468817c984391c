"""Say what was tried after the search to refine its models, from the plain values of verdict.json."""

from collections.abc import Iterator, Mapping
from typing import Any

from reporting import formats

NAMES = {
    "interpolated": "mixed with the base model",
    "soup": "average of the best trials",
    "centroid": "centroids of training texts as categories",
    "mix": "category texts mixed with centroids of training texts",
}
"""Refined model -> what it is. Older verdicts have none."""
WITH = "the weights of {of} with"
WAYS = {
    "interpolated": (
        "no mixture of {of} and the base model",
        "the weights of {of} mixed with {parts} of the base model",
    ),
    "soup": ("no average of the best trials", "the average of {parts}"),
    "centroid": ("no vectors of training texts", f"{WITH} centroids of training texts in place of category texts"),
    "mix": ("no vectors of training texts", f"{WITH} category texts mixed with centroids of training texts"),
}
"""Refined model -> what raised nothing, and what raised the score."""


def refined_names(verdict: Mapping[str, Any]) -> set[str]:
    """Return the names that refined models have in the verdict."""
    return {each["name"] for each in verdict.get("refined") or []}


def refined_lines(verdict: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each way to refine a model: what was tried, and its scores on dev."""
    dev = verdict["splits"]["dev"]
    for each in verdict.get("refined") or []:
        if not each["tried"]:
            continue
        none, what = WAYS[each["name"]]
        scores = ", ".join(f"{name} {formats.score(score)}" for name, score in each["tried"].items())
        judged = each["name"] in dev["models"]
        said = what if judged else none
        parts = f"{each['parts'].get('base', 0):g}" if each["name"] == "interpolated" else " and ".join(each["parts"])
        rose = f"raised {dev['metric']} on dev" if not judged else f"gave the highest {dev['metric']} on dev"
        yield (
            f"{each['name'] if judged else 'tried'}: {said.format(of=each['of'], parts=parts)} {rose} "
            f"({each['of']} {formats.score(each['before'])}; {scores})"
        )
