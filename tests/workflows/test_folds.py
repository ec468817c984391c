"""Test when folds are made, of which settings, and that none are made that take too long."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pairs.folds import Folds
from reporting.trials import TrialRecord
from tests.trainers.cases import BARE_JOB
from tokens.tokenized import TokenizedPairs
from workflows import folds as made
from workflows.folds import FEW_ITEMS, FOLDS, MOST_SETTINGS, NoFoldsError, wanted
from workflows.outcome import Outcome

FOLDED = Folds(rows=pa.table({"row": range(100)}), first=np.arange(100) % 5, second=np.arange(100) % 5, number=5)


@pytest.mark.parametrize(
    ("asked", "trials", "items", "number"),
    [
        (None, 16, FEW_ITEMS - 1, FOLDS),
        (None, 16, FEW_ITEMS, 0),
        (None, 1, 10, 0),
        (3, 1, 10_000, 3),
        (0, 16, 10, 0),
    ],
)
def test_folds_are_made_where_dev_is_small_after_a_search_or_the_user_asks(
    asked: int | None, trials: int, items: int, number: int
) -> None:
    options: Any = SimpleNamespace(folds=asked, trials=trials)
    assert wanted(options, items) == number


def record(name: str, value: float | None, epochs: int = 1) -> TrialRecord:
    settings = {**BARE_JOB.settings, "epochs": epochs}
    return TrialRecord(trial=name, settings=settings, metric="score", epochs=epochs, value=value)


def found(*records: TrialRecord, baseline: TrialRecord | None, wall_s: float = 1000.0) -> Outcome:
    best = max((each for each in records if each.value is not None), key=lambda each: each.value or 0.0)
    return Outcome(
        records=records,
        best=best,
        metrics={"train_s": 80.0, "evaluate_s": 10.0, "steps": 8},
        state=None,
        baseline=baseline,
        base_metrics={},
        wall_s=wall_s,
        group_times={},
    )


def test_the_baseline_and_the_best_trials_are_compared() -> None:
    first = record("t1", 0.1)
    outcome = found(first, record("t2", 0.5), record("t3", None), record("t4", 0.9), record("t5", 0.7), baseline=first)
    assert list(made._last_few(outcome)) == ["t1", "t4", "t5"]
    assert list(made._last_few(replace(outcome, baseline=None))) == ["t4", "t5", "t2"]
    assert MOST_SETTINGS == 3


def test_a_baseline_that_won_is_compared_with_the_base_model_alone() -> None:
    first = record("t1", 0.9)
    assert list(made._last_few(found(first, record("t2", 0.5), baseline=first))) == ["t1"]


def in_time(wall_s: float, asked: int | None = None, minutes: float | None = None) -> list[str]:
    """Ask for folds of three settings; each costs 60 % of 80 s and one evaluation of 10 s in each of 5 folds."""
    request: Any = SimpleNamespace(
        options=SimpleNamespace(folds=asked, minutes=minutes), pairs=SimpleNamespace(num_rows=lambda split: 100)
    )
    data = replace(BARE_JOB.data, train={"cosine": TokenizedPairs(num_rows=64)})
    session: Any = SimpleNamespace(template=replace(BARE_JOB, data=data), able=lambda: [1])
    records = [record(f"t{number}", 0.1 * number) for number in range(1, 4)]
    outcome = found(*records, baseline=records[0], wall_s=wall_s)
    return list(made._in_time(request, session, outcome, {each.trial: each for each in records}, FOLDED))


def test_settings_are_left_out_until_the_folds_take_half_of_the_searchs_time() -> None:
    assert in_time(3 * 5 * 58 * 2 + 1) == ["t1", "t2", "t3"]
    assert in_time(3 * 5 * 58 * 2 - 1) == ["t1", "t2"]


def test_with_a_budget_the_folds_take_a_quarter_of_it() -> None:
    assert in_time(0.0, minutes=3 * 5 * 58 / 15 + 1) == ["t1", "t2", "t3"]
    assert in_time(0.0, minutes=3 * 5 * 58 / 15 - 1) == ["t1", "t2"]


def test_folds_that_take_too_long_are_refused_unless_the_user_asks() -> None:
    with pytest.raises(NoFoldsError, match="about 9:40; --folds 5 asks for them"):
        in_time(2 * 5 * 58 * 2 - 1)
    assert in_time(0.0, asked=5) == ["t1", "t2", "t3"]


def test_a_fold_is_chosen_for_by_the_next_one_and_trains_on_neither() -> None:
    parts = list(made._parts(FOLDED))
    assert len(parts) == 5
    for fold, own in enumerate(parts):
        judged = own.judged["row"].to_pylist()
        assert [row % 5 for row in judged] == [(fold + 1) % 5] * 20 + [fold] * 20
        assert set(own.train["row"].to_pylist()) == set(range(100)) - set(judged)
