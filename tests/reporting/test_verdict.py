"""Test the tables and lines of a verdict."""

from typing import Any

from rich.console import Console

from reporting.formats import with_interval
from reporting.verdict import lines, tables


def interval(value: float, low: float | None, high: float | None) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high}


def split(**more: Any) -> dict[str, Any]:
    return {
        "metric": "macro_f1",
        "pairs": 1200,
        "groups": 300,
        "models": {"base": interval(0.3, 0.25, 0.35), "baseline": interval(0.5, 0.44, 0.56)},
        "scores": {"base": {"macro_f1": 0.3, "accuracy": 0.4}, "baseline": {"macro_f1": 0.5, "accuracy": 0.6}},
        "differences": {"baseline - base": interval(0.2, 0.15, 0.25)},
        "confusion": None,
        **more,
    }


VERDICT: dict[str, Any] = {
    "chosen": "baseline",
    "gain": True,
    "reason": "baseline against base: better (...)",
    "splits": {
        "dev": split(),
        "test": split(confusion={"categories": ["Access", "Hardware"], "counts": [[7, 2], [0, 1003]]}),
    },
    "threshold": None,
    "seeds": {"baseline": [0.5, 0.54]},
}


def drawn(verdict: dict[str, Any], width: int = 120) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        for table in tables(verdict):
            console.print(table)
    return capture.get()


def test_both_splits_have_all_scores_and_intervals() -> None:
    text = drawn(VERDICT)
    assert text.count("0.5000 (0.4400 to 0.5600)") == 2
    assert text.count("accuracy") == 2
    assert "test: 1,200 evaluated, in 300 groups" in text


def test_confusions_are_shown_once_of_dev() -> None:
    text = drawn({**VERDICT, "splits": {"dev": VERDICT["splits"]["test"], "test": VERDICT["splits"]["dev"]}})
    assert text.count("true category (row)") == 1
    assert "1,003" in text
    many = {"categories": [str(n) for n in range(30)], "counts": [[0] * 30] * 30}
    assert "true category" not in drawn({**VERDICT, "splits": {"dev": split(confusion=many)}})


def test_the_names_of_categories_are_whole_where_there_is_little_room() -> None:
    names = [f"category {letter * 12}" for letter in "abcdefgh"]
    confusion = {"categories": names, "counts": [[n * 111] * 8 for n in range(8)]}
    text = drawn({**VERDICT, "splits": {"dev": split(confusion=confusion)}}, width=80)
    assert [line for line in text.splitlines() if names[2] in line] == [
        "│ 3 category cccccccccccc │ 222 │ 222 │ 222 │ 222 │ 222 │ 222 │ 222 │ 222 │"
    ]


def test_the_lines_name_the_selected_model_and_the_differences_on_test() -> None:
    assert lines(VERDICT) == [
        "verdict: baseline against base: better (...)",
        "on test: baseline - base +0.2000 (+0.1500 to +0.2500)",
        "kept: baseline",
        "baseline with other seeds, dev: 0.5000, 0.5400; mean 0.5200, range 0.0400",
    ]


def test_a_leak_is_said_first() -> None:
    first = lines({**VERDICT, "leaks": ["98.2% of test has a text of train"]})[0]
    assert first == "warning: 98.2% of test has a text of train: scores on new texts will be lower than these"


def test_no_gain_is_said_in_these_words() -> None:
    assert "kept: base (no gain beyond it on dev)" in lines({**VERDICT, "chosen": "base", "gain": False})
    assert "kept: baseline (as requested: no gain on dev)" in lines({**VERDICT, "gain": False})


def test_a_threshold_is_shown_with_its_scores_on_test() -> None:
    figures = {"cosine_precision": interval(0.9, 0.8, 0.95), "cosine_f1": interval(0.8, None, None)}
    threshold = {"value": 0.71234, "rule": "highest F1", "dev": {}, "test": figures}
    text = next(line for line in lines({**VERDICT, "threshold": threshold}) if line.startswith("threshold"))
    assert text == "threshold: cosine >= 0.71234 (highest F1); on test: precision 0.9000 (0.8000 to 0.9500), f1 0.8000"


def test_an_interval_that_is_not_known_is_left_out() -> None:
    assert with_interval(interval(0.5, None, None)) == with_interval(interval(0.5, float("nan"), 1.0)) == "0.5000"


FIGURES = {"cosine_precision": interval(0.99, 0.98, 0.995)}


def test_a_threshold_for_a_purpose_shows_what_chose_it_and_what_it_does_on_test() -> None:
    threshold = {"value": 0.75, "rule": "a rule", "purpose": "precision=0.9", "dev": FIGURES, "test": FIGURES}
    shown = "precision 0.9900 (0.9800 to 0.9950)"
    begin = "threshold: cosine >= 0.7500 (a rule); on dev, where it was chosen:"
    assert f"{begin} {shown}; on test: {shown}" in lines({**VERDICT, "threshold": threshold})
    assert f"{begin} {shown}" in lines({**VERDICT, "threshold": {**threshold, "test": None}})


def test_an_unmet_purpose_is_a_warning() -> None:
    assert "warning: no threshold: none is sure" in lines({**VERDICT, "unmet": "none is sure"})


QUALITY = {
    "share": 0.25,
    "brier": 0.1,
    "log_loss": 0.3,
    "constant_brier": 0.1875,
    "constant_log_loss": 0.5623,
    "calibration_error": 0.02,
}


def probability(**quality: Any) -> str:
    calibration = {"method": "logistic", "prevalence": 0.25, "quality": quality}
    (text,) = [line for line in lines({**VERDICT, "calibration": calibration}) if line.startswith("probability: ")]
    return text


def test_a_probability_is_shown_with_its_quality_on_test_or_else_out_of_fold() -> None:
    figures = (
        "Brier score 0.1000, log loss 0.3000 (the constant share 0.2500: 0.1875, 0.5623), calibration error 0.0200"
    )
    assert probability(dev=QUALITY, test=QUALITY).endswith(f"fitted on dev; on test: {figures}")
    assert probability(dev=QUALITY).endswith(f"fitted on dev; on dev, out of fold: {figures}")
    assert probability().endswith("not checked: too few groups")
    assert "0.5623; it is no better)" in probability(dev={**QUALITY, "log_loss": 0.6})
