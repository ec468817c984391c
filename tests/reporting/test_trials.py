"""Test a trial's record and line."""

import json
from typing import Any

import pytest

from reporting.trials import STATES, TrialRecord, best_of, commonest_error, count_states


def record(trial: str = "trial-01", **values: object) -> TrialRecord:
    given = {"settings": {"learning_rate": 2e-5}, "metric": "cosine_ap", "epochs": 4.0, **values}
    return TrialRecord(trial=trial, **given)  # type: ignore[arg-type]


def test_a_line_is_json_with_what_a_reader_of_trials_needs() -> None:
    line = record(value=float("nan"), steps=12, start_s=0.25, train_s=3.0).to_line()
    assert "\n" not in line
    values = json.loads(line)
    assert {"trial", "settings", "metric", "value", "steps", "start_s", "train_s", "state"} <= set(values)
    assert values["value"] is None
    assert values["settings"] == {"learning_rate": 2e-5}


def test_an_unknown_state_is_refused() -> None:
    with pytest.raises(ValueError, match="state: 'done' is not one of running"):
        record(state="done")


def test_time_left_is_the_pace_so_far_times_what_is_left() -> None:
    assert record(epoch=1.0, train_s=10.0).time_left == pytest.approx(30.0)
    assert record(epoch=0.0, train_s=10.0).time_left is None
    assert record(epoch=1.0, train_s=10.0, state="stopped").time_left is None


def test_the_best_has_the_highest_finite_value() -> None:
    records = [
        record("a", value=None),
        record("b", value=-0.3),
        record("c", value=float("nan")),
        record("d", value=-0.5),
    ]
    best = best_of(records)
    assert best is not None
    assert best.trial == "b"
    assert best_of([*records, record("e", value=-0.3)]) is best  # the first of equals
    assert best_of(records[:1]) is None
    assert best_of([]) is None


def test_a_record_keeps_the_first_of_equal_scores_and_nothing_of_a_failure() -> None:
    latest = record()
    for steps, value in ((2, float("nan")), (4, 0.5), (6, 0.5), (8, 0.4)):
        latest = latest.evaluated(value, steps)
    assert (latest.value, latest.best_steps) == (0.5, 4)
    failed = latest.failed("loss is nan")
    assert (failed.state, failed.error, failed.value, failed.best_steps) == ("failed", "loss is nan", None, None)


def guarded(value: float, steps: int, lowered: float, holds: bool) -> dict[str, Any]:
    difference = {"value": -0.02, "low": -0.03, "high": -0.01}
    times = dict.fromkeys(("epoch", "start_s", "first_step_s", "train_s"), 1.0)
    check = {"score": {}, "difference": difference, "holds": holds}
    return {"cosine_ap": value, "lowered_cosine_ap": lowered, "guard": check, "steps": steps, **times}


def test_under_a_guard_states_and_trials_are_compared_by_the_lowered_value() -> None:
    latest = record("a").reported(guarded(0.5, 2, 0.5, holds=True)).reported(guarded(0.9, 4, -0.2, holds=False))
    assert (latest.value, latest.best_steps, latest.breaks_guard) == (0.5, 2, False)
    broken = record("b").reported(guarded(0.9, 2, -0.2, holds=False))
    assert (broken.value, broken.compared, broken.breaks_guard) == (0.9, -0.2, True)
    assert best_of([broken, latest]) is latest
    assert json.loads(broken.to_line())["guard"]["difference"]["low"] == -0.03
    assert (broken.failed("lost").compared, broken.failed("lost").breaks_guard) == (None, False)


def test_a_line_says_nothing_of_a_guard_where_there_is_none() -> None:
    assert not {"guard", "lowered"} & set(json.loads(record(value=0.5).to_line()))


def test_the_commonest_error_is_returned() -> None:
    failed = [record().failed(error) for error in ("loss is nan", "out of memory", "no bf16", "out of memory")]
    assert commonest_error([record(), *failed]) == "out of memory"
    assert commonest_error(failed[:1]) == "loss is nan"
    assert commonest_error([record()]) is None


def test_states_are_counted_in_a_fixed_order() -> None:
    counts = count_states([record(state="failed"), record(state="completed"), record(state="failed")])
    assert list(counts.items()) == [("completed", 1), ("failed", 2)]
    assert set(counts) <= set(STATES)
