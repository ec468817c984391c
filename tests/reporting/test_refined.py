"""Test the sentences on what was tried after the search."""

from typing import Any

import pytest

from reporting.refined import refined_lines
from reporting.verdict import lines
from tests.reporting.test_verdict import VERDICT, interval, split

TRIED = {"0.1 base": 0.52, "0.2 base": 0.55}
MODELS = {"base": interval(0.3, 0.2, 0.4), "best": interval(0.5, 0.4, 0.6), "interpolated": interval(0.55, 0.5, 0.6)}
DIFFERENCES = {name: interval(0.1, 0.0, 0.2) for name in ("best - base", "interpolated - base", "interpolated - best")}


def verdict(name: str, of: str = "best", parts: dict[str, float] | None = None, **models: Any) -> dict[str, Any]:
    refined = {"name": name, "of": of, "before": 0.5, "tried": TRIED, "parts": parts or {}}
    both = split(models={**MODELS, **models}, differences=DIFFERENCES)
    return {**VERDICT, "chosen": name, "splits": {"dev": both, "test": both}, "refined": [refined]}


@pytest.mark.parametrize(
    ("refined", "said"),
    [
        (
            verdict("interpolated", parts={"best": 0.8, "base": 0.2}),
            "interpolated: the weights of best mixed with 0.2 of the base model gave the highest macro_f1 on dev "
            "(best 0.5000; 0.1 base 0.5200, 0.2 base 0.5500)",
        ),
        (
            verdict("soup"),
            "tried: no average of the best trials raised macro_f1 on dev "
            "(best 0.5000; 0.1 base 0.5200, 0.2 base 0.5500)",
        ),
        (
            verdict("soup", parts={"trial-01": 0.5, "trial-02": 0.5}, soup=interval(0.6, 0.5, 0.7)),
            "soup: the average of trial-01 and trial-02 gave the highest macro_f1 on dev "
            "(best 0.5000; 0.1 base 0.5200, 0.2 base 0.5500)",
        ),
        (
            verdict("mix", of="baseline", mix=interval(0.6, 0.5, 0.7)),
            "mix: the weights of baseline with category texts mixed with centroids of training texts gave the highest "
            "macro_f1 on dev "
            "(baseline 0.5000; 0.1 base 0.5200, 0.2 base 0.5500)",
        ),
    ],
)
def test_each_way_says_what_it_gave_on_dev(refined: dict[str, Any], said: str) -> None:
    assert list(refined_lines(refined)) == [said]


def test_older_verdicts_and_ways_that_had_no_time_say_nothing() -> None:
    assert list(refined_lines(VERDICT)) == []
    late = verdict("soup")
    late["refined"][0]["tried"] = {}
    assert list(refined_lines(late)) == []


def test_on_test_a_refined_model_is_compared_with_the_one_it_was_made_from() -> None:
    (line,) = [line for line in lines(verdict("interpolated")) if line.startswith("on test")]
    assert "interpolated - best" in line
    assert "best - base" in line
    assert "interpolated - base" not in line


@pytest.mark.parametrize(
    ("chosen", "gain", "said"),
    [
        ("interpolated", True, "kept: interpolated"),
        ("interpolated", False, "kept: interpolated (as requested: no gain on dev)"),
        ("best", False, "kept: best (as requested: no gain on dev)"),
        ("base", False, "kept: base (no gain beyond it on dev)"),
    ],
)
def test_what_is_kept_is_said(chosen: str, gain: bool, said: str) -> None:
    assert said in lines({**verdict("interpolated"), "chosen": chosen, "gain": gain})
