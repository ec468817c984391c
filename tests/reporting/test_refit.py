"""Test the sentence about a refit."""

from typing import Any

from reporting.refit import refit_line, refit_row
from reporting.verdict import lines

INTERVAL = {"value": 0.8, "low": 0.7, "high": 0.9}
TEST = {
    "metric": "cosine_ap",
    "models": {"best": INTERVAL, "refit": INTERVAL},
    "differences": {"refit - best": {"value": 0.01, "low": -0.02, "high": 0.04}},
}


def refit(**more: Any) -> dict[str, Any]:
    return {"splits": ["train", "dev"], "pairs": 1234, "steps": [20], "test": TEST, **more}


def test_its_score_on_test_is_told_with_the_difference_to_the_kept_model() -> None:
    assert refit_line(refit(), "best") == (
        "best trained again on all 1,234 pairs of train and dev, 20 steps; on test cosine_ap 0.8000 (0.7000 to "
        "0.9000), refit - best +0.0100 (-0.0200 to +0.0400); nothing is chosen by that"
    )


def test_trained_on_test_it_has_no_score() -> None:
    everything = refit(splits=["train", "dev", "test"], test=None)
    assert refit_line(everything, "best").endswith(
        "pairs of train, dev and test, 20 steps; it has no score: test was trained on"
    )
    assert refit_line(refit(test=None), "best").endswith("it has no score: there is no test to judge it")


def test_a_row_of_the_card_has_a_score_on_test_alone() -> None:
    assert refit_row(refit(), {"dev": {}, "test": {}}) == " | 0.8000 (0.7000 to 0.9000)"
    assert refit_row(refit(test=None), {"dev": {}, "test": {}}) == " | "


def test_a_verdict_tells_of_a_refit_where_there_is_one() -> None:
    dev = {"models": {"base": INTERVAL, "best": INTERVAL}, "metric": "cosine_ap"}
    verdict = {"chosen": "best", "gain": True, "reason": "better", "splits": {"dev": dev}}
    assert not [line for line in lines(verdict) if line.startswith("refit")]
    assert [line for line in lines({**verdict, "refit": refit()}) if line.startswith("refit: best trained again")]
