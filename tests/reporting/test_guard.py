"""Test the table and the sentences about a guard set."""

from typing import Any

from rich.console import Console

from reporting.guard import guard_lines, guard_table
from reporting.verdict import lines
from tests.reporting.test_verdict import VERDICT, interval, split


def check(value: float, difference: tuple[float, float | None, float | None], holds: bool) -> dict[str, Any]:
    return {"score": interval(value, value - 0.02, value + 0.02), "difference": interval(*difference), "holds": holds}


def guarded(base: float = 0.82, **changes: Any) -> dict[str, Any]:
    models = {
        "base": check(base, (0.0, 0.0, 0.0), holds=True),
        "baseline": check(0.819, (-0.001, -0.004, 0.002), holds=True),
        "best": check(0.79, (-0.03, -0.04, -0.02), holds=False),
    }
    guard = {"name": "sts.csv", "metric": "spearman_cosine", "pairs": 1497, "groups": 1400, "limit": 0.01}
    dev = split(models={name: interval(0.6, 0.5, 0.7) for name in models})
    return {**VERDICT, "splits": {"dev": dev}, "guard": {**guard, "models": models}, **changes}


def test_each_trained_model_has_a_sentence_with_its_difference_and_the_limit() -> None:
    assert guard_lines(guarded()) == [
        "guard: baseline keeps what the base could do on sts.csv (-0.0010 spearman_cosine, interval -0.0040 to "
        "+0.0020, above -0.01)",
        "guard: best is not shown to keep what the base could do on sts.csv (-0.0300 spearman_cosine, interval "
        "-0.0400 to -0.0200, which has to lie above -0.01)",
    ]


def test_a_difference_without_an_interval_does_not_hold() -> None:
    verdict = guarded()
    verdict["guard"]["models"]["best"]["difference"] = interval(-0.03, None, None)
    assert "(-0.0300 spearman_cosine, no interval, which has to lie above -0.01)" in guard_lines(verdict)[1]


def test_labels_that_seem_to_be_upside_down_are_warned_of() -> None:
    assert guard_lines(guarded(base=-0.5))[0].startswith("warning: guard: base has -0.5000 spearman_cosine on sts.csv")


def test_the_verdict_says_why_the_best_is_not_kept() -> None:
    assert "kept: baseline (best breaks the guard)" in lines(guarded(gain=False))
    assert "kept: best (as requested: it breaks the guard)" in lines(guarded(gain=False, chosen="best"))


def test_the_table_has_a_row_per_model_and_no_verdict_without_a_guard_has_one() -> None:
    console = Console(width=120, color_system=None)
    with console.capture() as capture:
        console.print(guard_table(guarded()))
    assert "guard: 1,497 pairs of sts.csv, in 1,400 groups" in capture.get()
    (best,) = [line for line in capture.get().splitlines() if "best" in line]
    assert [cell.strip() for cell in best.strip("│").split("│")] == [
        "best",
        "0.7900 (0.7700 to 0.8100)",
        "-0.0300 (-0.0400 to -0.0200)",
        "no",
    ]
    assert guard_table(VERDICT) is None
    assert guard_lines(VERDICT) == []
