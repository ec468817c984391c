"""Test what a refit trains, and what decides about its threshold."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evaluation.folds import FoldedPredictions
from evaluation.predictions import PairPredictions
from evaluation.threshold import Threshold, best_f1
from reporting.trials import TrialRecord
from tests.evaluation.cases import pairs
from tests.trainers.cases import BARE_JOB
from tests.workflows.test_finish import verdict_for
from trainers.checkpoint import TrainingState
from workflows import refit
from workflows.outcome import Outcome, SelectedModel
from workflows.refit import Refit

STATE = TrainingState(weights={"layer": np.array([1.0], np.float32)}, optimizer={}, schedule={}, trainer="{}")
T1, T2 = (
    TrialRecord(trial=name, settings=dict(BARE_JOB.settings), metric="score", epochs=1, best_steps=steps)
    for name, steps in (("t1", 2), ("t2", 8))
)
FOUND = Outcome(
    records=[T1, T2], best=T2, metrics={}, state=STATE, baseline=T1, base_metrics={}, wall_s=1.0, group_times={}
)


def asked(what: str = "dev", *splits: str) -> Any:
    options = SimpleNamespace(refit=what, seed=0, threshold=None)
    return SimpleNamespace(
        options=options, base_of=lambda settings: None, pairs=SimpleNamespace(splits=splits or ("train", "dev", "test"))
    )


@pytest.mark.parametrize(
    ("what", "there", "trained"),
    [
        ("dev", ("train", "dev", "test"), ("train", "dev")),
        ("all", ("train", "dev", "test"), ("train", "dev", "test")),
        ("all", ("train", "dev"), ("train", "dev")),
    ],
)
def test_test_is_trained_on_only_where_the_user_asks(
    what: str, there: tuple[str, ...], trained: tuple[str, ...]
) -> None:
    assert refit.splits_of(asked(what, *there)) == trained


@pytest.mark.parametrize(
    ("kept", "trainings"),
    [
        (SelectedModel("best", T2, {}, STATE), {"best": T2}),
        (SelectedModel("baseline", T1, {}, STATE), {"baseline": T1}),
        (SelectedModel("interpolated", T2, {}, STATE, {"best": 0.7, "base": 0.3}), {"best": T2}),
        (SelectedModel("soup", T2, {}, STATE, {"t1": 0.5, "t2": 0.5}), {"t1": T1, "t2": T2}),
    ],
)
def test_each_training_of_the_kept_model_is_repeated(kept: SelectedModel, trainings: dict[str, TrialRecord]) -> None:
    assert refit._trainings(FOUND, kept) == trainings


def test_a_training_ends_at_the_fraction_of_its_best_steps() -> None:
    session: Any = SimpleNamespace(template=replace(BARE_JOB, patience=2))
    assert BARE_JOB.total_steps == 8
    job = refit._job(session, T1, BARE_JOB.data)
    assert (job.until, job.patience) == (0.25, None)
    assert refit._job(session, T2, BARE_JOB.data).until == 1.0


def test_a_mixture_is_mixed_again_in_the_same_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = SelectedModel("interpolated", T2, {}, STATE, {"best": 0.75, "base": 0.25})
    again = replace(STATE, weights={"layer": np.array([3.0], np.float32)})
    monkeypatch.setattr(refit, "base_weights", lambda _: {"layer": np.array([-1.0], np.float32)})
    assert refit._mixed(asked(), kept, {"best": again}).weights["layer"] == pytest.approx(2.0)


def decided(folds: FoldedPredictions | None, test: PairPredictions | None) -> Refit:
    comparison = replace(
        verdict_for("best"), selected={"dev": pairs(40, seed=1), "test": pairs(30, seed=2)}, folds=folds
    )
    done = Refit(splits=("train", "dev"), pairs=90, steps=(5,), state=STATE)
    return refit._decided(asked(), comparison, done, test)


def test_the_threshold_is_from_rows_that_folds_held_out_or_else_from_dev_by_the_judged_model() -> None:
    held = pairs(60, seed=3)
    folds = FoldedPredictions(number=3, predictions={"best": held}, settings=[], rates={})
    for given, source, where in (
        (folds, held, "folds of train and dev"),
        (None, pairs(40, seed=1), "by the judged model"),
    ):
        found = decided(given, None)
        assert isinstance(found.threshold, Threshold)
        assert found.threshold.value == best_f1(source.cosines, source.labels)
        assert where in found.threshold.rule
        assert where in found.decided_on
        assert found.calibration is not None
        assert found.test is None


def test_on_test_it_stands_beside_the_kept_model() -> None:
    found = decided(None, pairs(30, seed=4))
    assert found.test is not None
    assert set(found.test.models) == {"best", "refit"}
    assert found.test.models["best"].value == pytest.approx(pairs(30, seed=2).scores()["cosine_ap"])
    assert 0 < found.test.scores["refit"]["cosine_f1"] < 1
    assert found.to_dict()["test"]["differences"]["refit - best"]["low"] is not None
