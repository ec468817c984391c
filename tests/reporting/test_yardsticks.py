"""Yardsticks in a verdict's tables and lines."""

from typing import Any

from rich.console import Console

from reporting.verdict import lines, tables
from reporting.yardsticks import is_beaten, lexical_table, yardsticks_line, yardsticks_table


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def verdict(beaten: bool) -> dict[str, Any]:
    """A verdict of two models and one yardstick; another one could not be fitted."""
    yardstick = {"value": interval(0.6), "scores": {}, "differences": {"base": interval(-0.2), "best": interval(0.25)}}
    split = {
        "metric": "macro_f1",
        "pairs": 10,
        "groups": 10,
        "models": {"base": interval(0.4), "best": interval(0.85)},
        "scores": {"base": {"macro_f1": 0.4}, "best": {"macro_f1": 0.85}},
        "differences": {"best - base": interval(0.45)},
        "yardsticks": {"TF-IDF [SVM]": yardstick},
        "confusion": {"categories": ["a", "b"], "counts": [[1, 2], [3, 4]]},
    }
    facts = {
        "best": "TF-IDF [SVM]",
        "beaten": beaten,
        "reason": "best and so on",
        "seconds": {"TF-IDF [SVM]": 0.42},
        "unavailable": {"logistic": "train is empty"},
    }
    return {"chosen": "best", "gain": True, "reason": "better", "splits": {"dev": split, "test": split}} | {
        "yardsticks": facts
    }


def drawn(*shown: Any) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(*shown)
    return capture.get()


def test_the_table_has_score_difference_and_seconds_of_each() -> None:
    text = drawn(yardsticks_table(verdict(True)))
    for part in (
        "TF-IDF [SVM]",
        "0.6000",
        "+0.2500 (+0.1500 to +0.3500)",
        "0.4",
        "best - it",
    ):
        assert part in text
    assert "not available: train is empty" in text


def test_the_sentence_stands_first_unless_every_yardstick_is_beaten() -> None:
    for beaten, index in ((False, 0), (True, 1)):
        text = lines(verdict(beaten))
        assert text.index("yardsticks: best and so on") == index
        assert is_beaten(verdict(beaten)) is beaten


def test_a_verdict_of_an_earlier_version_has_none() -> None:
    old = verdict(True)
    del old["yardsticks"], old["splits"]["dev"]["yardsticks"]
    assert yardsticks_table(old) is None
    assert yardsticks_line(old) is None
    assert lines(old)[0] == "verdict: better"
    assert list(tables(old))


def test_confusions_are_those_of_dev_alone() -> None:
    text = drawn(*tables(verdict(True)))
    assert "dev: true " in text
    assert "test: true " not in text


def test_lexical_scores_stand_best_first() -> None:
    text = drawn(lexical_table("macro_f1", "dev", {"low": 0.2, "high": 0.9}, {"svm": "one class"}))
    assert text.index("high") < text.index("low")
    assert "not available: one class" in text
